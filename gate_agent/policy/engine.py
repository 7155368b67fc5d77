"""The engine of the CEL expressions (:mod:`cel`), without the command line that its package imports with it.

That brings prompt_toolkit and the like: a tenth of the agent's start and 10 MiB, for nothing that is used.
"""

from __future__ import annotations

import sys
from types import ModuleType

_COMMAND_LINE = "cel.cli"
_left_out = "cel" not in sys.modules
if _left_out:
    sys.modules[_COMMAND_LINE] = ModuleType(_COMMAND_LINE)
try:
    from cel import Context, Program, compile
finally:
    if _left_out:  # whoever wants it gets the real one
        del sys.modules[_COMMAND_LINE]

__all__ = ["Context", "Program", "compile"]
