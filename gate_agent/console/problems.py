"""How the console says no: problem details for HTTP APIs (RFC 9457), with the field and the advice."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

from fastapi.responses import JSONResponse
from pydantic import BaseModel

from gate_agent.errors import GateError


class ProblemDetails(BaseModel):
    """RFC 9457 §3; `type` is about:blank, so `title` is the status phrase. `code` is the objection's, where
    the words have one."""

    title: str
    status: int
    detail: str
    code: str = ""
    field: str = ""
    advice: str = ""


class Problem(GateError):
    """A request that is answered with an error status: in plain words, or by the `code` of an objection,
    which is told in the language of whoever asked."""

    def __init__(
        self,
        status: int,
        what: str = "",
        *,
        code: str = "",
        fills: Mapping[str, str] = MappingProxyType({}),
        field: str = "",
        advice: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(what or code, field=field, advice=advice)
        self.status = status
        self.code = code
        self.fills = fills
        self.headers = dict(headers or {})

    def response(self) -> JSONResponse:
        details = ProblemDetails(
            title=HTTPStatus(self.status).phrase,
            status=self.status,
            detail=self.what,
            code=self.code,
            field=self.field,
            advice=self.advice,
        )
        return JSONResponse(
            details.model_dump(),
            self.status,
            headers=self.headers,
            media_type="application/problem+json",
        )
