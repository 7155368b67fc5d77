"""The bearer token that an officer's browser must show to order anything or to see a picture.

It lives in a file of its own so that systemd can hand it in as a credential
(``LoadCredential=console.token``) and so that it never stands in a configuration or a log.
"""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from gate_agent.console.settings import ConsoleError

_SHORTEST, _LONGEST = 22, 256
"""Characters: 22 of base64url are 128 bits."""


def load_token(path: Path) -> str:
    """The token in `path`; a missing file is made with a new one, readable by its owner only.

    Raises ConsoleError when the file cannot be used or others can read it.
    """
    try:
        return _read(path)
    except FileNotFoundError:
        return _create(path)
    except OSError as error:
        raise ConsoleError(
            f"the token file {path} cannot be read: {error.strerror}",
            field="console.token_file",
            advice="give the agent's user read access",
        ) from error


def _read(path: Path) -> str:
    with path.open("rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        raw = file.read(_LONGEST + 2)
    if mode & (stat.S_IRWXO | stat.S_IWGRP):
        raise ConsoleError(
            f"the token file {path} can be read by others or written by its group",
            field="console.token_file",
            advice=f"chmod 600 {path}",
        )
    try:
        token = raw.decode("ascii").strip()
    except UnicodeDecodeError:
        token = ""
    if not _SHORTEST <= len(token) <= _LONGEST or not token.isprintable() or " " in token:
        raise ConsoleError(
            f"the token in {path} is not {_SHORTEST} to {_LONGEST} visible ASCII characters",
            field="console.token_file",
            advice="delete the file and restart: the agent makes a new one",
        )
    return token


def _create(path: Path) -> str:
    token = secrets.token_urlsafe(32)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(token + "\n")
    except FileExistsError:  # another start of the agent was quicker
        return _read(path)
    except OSError as error:
        raise ConsoleError(
            f"the token file {path} cannot be made: {error.strerror}",
            field="console.token_file",
            advice="give the agent's user a writable directory, or put a token there yourself",
        ) from error
    return token
