"""What the agent knows, decides and remembers.

This package imports no driver and no simulator: devices arrive through the entry point
group ``gate_agent.drivers`` (see ``docs/drivers.md``).
"""

__version__: str
"""The version of the installed distribution, which is made of the repository's tag."""


def __getattr__(name: str) -> str:
    """Look the version up when somebody asks: few commands do, and reading metadata takes a while."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

    try:
        return version("gate-agent")
    except PackageNotFoundError:  # run from its sources, without an installation
        return "0+unknown"
