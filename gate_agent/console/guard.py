"""What every request must pass and every response carries, whoever answers it.

* Host and Origin must be loopback names: a page from elsewhere that makes its name resolve to 127.0.0.1
  (DNS rebinding) is turned away, and so are cross-origin requests (Fetch standard, ``Origin``).
* Security headers: Content Security Policy Level 3 with nothing from outside, no inline script or style.
* Bearer tokens (RFC 6750) are compared in constant time.
"""

from __future__ import annotations

import hmac
import time
from collections import deque
from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gate_agent.console.problems import Problem

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "connect-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)

SECURITY_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


def is_loopback_authority(authority: str) -> bool:
    """Whether ``host[:port]`` names this machine itself (RFC 3986 §3.2)."""
    try:
        parts = urlsplit(f"//{authority}")
        _ = parts.port  # raises ValueError when it is no port
    except ValueError:
        return False
    return parts.netloc == authority and "@" not in authority and parts.hostname in _LOOPBACK_NAMES


class Guard:
    """ASGI middleware: refuses foreign hosts and origins, adds the security headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":  # no websockets here; refuse by not answering
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(SECURITY_HEADERS)
                if "cache-control" not in headers:
                    headers["cache-control"] = "no-store"
            await send(message)

        problem = self._objection(Headers(scope=scope))
        if problem is None:
            await self._app(scope, receive, send_guarded)
        else:
            await problem.response()(scope, receive, send_guarded)

    @staticmethod
    def _objection(headers: Headers) -> Problem | None:
        if not is_loopback_authority(headers.get("host", "")):
            # RFC 9110 §15.5.20: not a host that this server answers for.
            return Problem(421, "the console answers to loopback names only", field="Host")
        origin = headers.get("origin")
        if origin is not None:
            scheme, _, authority = origin.partition("://")
            if scheme not in ("http", "https") or not is_loopback_authority(authority):
                return Problem(403, "requests from other origins are refused", field="Origin")
        return None


class RateLimit:
    """At most `limit` events in any `window_s` seconds."""

    def __init__(
        self, limit: int, window_s: float = 60.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = limit
        self._window_s = window_s
        self._clock = clock
        self._taken: deque[float] = deque()

    def take(self) -> float:
        """Take one; 0.0 when it was free, or the seconds until the next one is (nothing is taken)."""
        now = self._clock()
        while self._taken and self._taken[0] <= now - self._window_s:
            self._taken.popleft()
        if len(self._taken) >= self._limit:
            return self._taken[0] + self._window_s - now
        self._taken.append(now)
        return 0.0


class BearerToken:
    """Checks ``Authorization: Bearer`` (RFC 6750 §2.1) against the console's one token.

    Wrong tokens are rate limited; the right one always passes, so that nobody can lock officers out by
    guessing.
    """

    def __init__(self, token: str, *, wrong_per_minute: int = 10) -> None:
        self._token = token.encode()
        self._wrong = RateLimit(wrong_per_minute)

    def require(self, authorization: str | None) -> None:
        """Raises Problem 401 (none or wrong) or 429 (too many wrong ones)."""
        scheme, _, given = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not given:
            raise Problem(
                401,
                code="TOKEN_NEEDED",
                field="Authorization",
                advice="Authorization: Bearer <token>",
                headers={"www-authenticate": 'Bearer realm="gate-agent console"'},
            )
        if hmac.compare_digest(given.strip().encode(), self._token):
            return
        wait_s = self._wrong.take()
        if wait_s:
            raise Problem(
                429,
                code="TOKENS_WRONG",
                field="Authorization",
                advice="console.token_file",
                headers={"retry-after": str(int(wait_s) + 1)},
            )
        raise Problem(
            401,
            code="TOKEN_WRONG",
            field="Authorization",
            advice="console.token_file",
            headers={"www-authenticate": 'Bearer realm="gate-agent console", error="invalid_token"'},
        )
