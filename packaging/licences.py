"""The licence of each pinned package, as its own metadata state it: the table of ``docs/licences.md``.

    .venv/bin/python packaging/licences.py        # writes the table anew, after `make lock`

A package that is not installed here (another platform's, an extra) keeps the row that it has.
"""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/licences.md"
LOCKS = {
    "requirements.lock": "set-up",
    "requirements-pcsc.lock": "extra `pcsc`",
    "requirements-jpeg-lossless.lock": "extra `jpeg-lossless`",
    "requirements-dev.lock": "development",
}
BEGIN, END = "<!-- packages: packaging/licences.py -->", "<!-- end of packages -->"

# Words for a licence before SPDX expressions were agreed on (PEP 639).
_SPDX = {
    "MIT license": "MIT",
    "MIT License": "MIT",
    "BSD": "BSD (not further named)",
    "BSD License": "BSD (not further named)",
    "BSD 2-Clause License": "BSD-2-Clause",
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "Boost Software License": "BSL-1.0",
    "ISC License": "ISC",
    "ISC License (ISCL)": "ISC",
    "GPL V3.0": "GPL-3.0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.1-or-later",
    "GNU Lesser General Public License v2 (LGPLv2)": "LGPL-2.0",
}
_SHORT = 60


def pinned() -> dict[str, str]:
    """Each pinned package and the first environment that has it, by name."""
    found: dict[str, str] = {}
    for lock, part in LOCKS.items():
        for name in re.findall(r"^([A-Za-z0-9_.-]+)==", (ROOT / lock).read_text(), re.MULTILINE):
            found.setdefault(name, part)
    return dict(sorted(found.items()))


def licence(package: str) -> str:
    """What the installed package says of itself; "" when it is not installed."""
    try:
        said = metadata(package)
    except PackageNotFoundError:
        return ""
    if expression := said.get_all("License-Expression"):
        return str(expression[0])
    classifiers = [str(c) for c in said.get_all("Classifier") or ()]
    named = [c.rpartition(" :: ")[2] for c in classifiers if c.startswith("License ::")]
    text = str((said.get_all("License") or [""])[0]).strip()
    if text and "\n" not in text and len(text) < _SHORT:
        return _SPDX.get(text, text)
    return " OR ".join(_SPDX.get(name, name) for name in named) or "not stated"


def stated(page: str) -> dict[str, str]:
    """The licences that the page states, by package."""
    table = page.partition(BEGIN)[2].partition(END)[0]
    return dict(re.findall(r"^\| `([^`]+)` \| [^|]+ \| ([^|]+) \|$", table, re.MULTILINE))


def table(page: str) -> str:
    before = stated(page)
    rows = [
        f"| `{package}` | {part} | {licence(package) or before.get(package, 'not installed here')} |"
        for package, part in pinned().items()
    ]
    return "\n".join([BEGIN, "| package | in | licence |", "|---|---|---|", *rows, END])


def main() -> None:
    page = PAGE.read_text()
    head, tail = page.partition(BEGIN)[0], page.partition(END)[2]
    PAGE.write_text(head + table(page) + tail)


if __name__ == "__main__":
    main()
