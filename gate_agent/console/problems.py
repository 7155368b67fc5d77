"""How the console says no: problem details for HTTP APIs (RFC 9457), with the field and the advice."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from fastapi.responses import JSONResponse
from pydantic import BaseModel

from gate_agent.errors import GateError


class ProblemDetails(BaseModel):
    """RFC 9457 §3; `type` is about:blank, so `title` is the status phrase."""

    title: str
    status: int
    detail: str
    field: str = ""
    advice: str = ""


class Problem(GateError):
    """A request that is answered with an error status."""

    def __init__(
        self,
        status: int,
        what: str,
        *,
        field: str = "",
        advice: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(what, field=field, advice=advice)
        self.status = status
        self.headers = dict(headers or {})

    def response(self) -> JSONResponse:
        details = ProblemDetails(
            title=HTTPStatus(self.status).phrase,
            status=self.status,
            detail=self.what,
            field=self.field,
            advice=self.advice,
        )
        return JSONResponse(
            details.model_dump(),
            self.status,
            headers=self.headers,
            media_type="application/problem+json",
        )
