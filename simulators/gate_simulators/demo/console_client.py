"""The officer's way in: what a station's console shows, and what it can be asked to do."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx


class ConsoleClient:
    """One station's console on this machine. Its token is the one that the agent wrote to `token_file`."""

    def __init__(self, port: int, token_file: Path) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._token_file = token_file

    @property
    def token(self) -> str:
        return self._token_file.read_text().strip()

    def snapshot(self) -> dict[str, Any]:
        """What the console shows; empty while it cannot be reached."""
        try:
            answer = httpx.get(f"{self.url}/api/snapshot", timeout=2.0, headers=self._authorization())
            return dict(answer.raise_for_status().json())
        except httpx.HTTPError:
            return {}

    def order(self, action: str, officer: str, reason: str, transaction: str | None = None) -> str:
        """Order something as an officer; empty when it was done, else why not."""
        order = {"action": action, "officer": officer, "reason": reason}
        if transaction is not None:
            order["transaction"] = transaction
        try:
            headers = self._authorization()
            answer = httpx.post(f"{self.url}/api/actions", json=order, headers=headers, timeout=5.0)
        except httpx.HTTPError as error:
            return f"the console does not answer: {type(error).__name__}"
        return "" if answer.is_success else answer.text

    def _authorization(self) -> dict[str, str]:
        """Without the token the console shows less; it lies there once the agent has started."""
        try:
            return {"authorization": f"Bearer {self.token}"}
        except OSError:
            return {}


def seen(snapshot: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the station sees of the world, by name; only what it knows now."""
    things: Mapping[str, Mapping[str, Any]] = snapshot.get("seen", {})
    return {name: thing["value"] for name, thing in things.items() if thing["known"]}
