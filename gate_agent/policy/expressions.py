"""The compiler of the Common Expression Language, without the command line that its package brings along.

``import cel`` also imports the package's own command line (typer, rich, prompt_toolkit, pygments), which
takes longer than everything else that a station imports for its policy. The extension inside is all that
rules need; it is loaded under its own name, so that a later ``import cel`` finds the same module.
"""

from __future__ import annotations

import importlib.util
import sys
from importlib.machinery import PathFinder
from types import ModuleType
from typing import TYPE_CHECKING

__all__ = ["cel"]


def _extension(name: str) -> ModuleType:
    package = importlib.util.find_spec("cel")
    spec = PathFinder.find_spec(name, package.submodule_search_locations) if package is not None else None
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"no module named {name!r}: install common-expression-language", name=name)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


if TYPE_CHECKING:
    import cel
else:
    cel = sys.modules.get("cel.cel") or _extension("cel.cel")
