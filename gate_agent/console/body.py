"""Request bodies: bounded in size and time before anything parses them, and parsed by a model."""

from __future__ import annotations

import asyncio
from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from gate_agent.console.problems import Problem

SMALL_BODY_BYTES = 2048
_BODY_TIME_S = 5.0
_Model = TypeVar("_Model", bound=BaseModel)


async def read_json(request: Request, model: type[_Model], most: int = SMALL_BODY_BYTES) -> _Model:
    """The body as `model`. Raises Problem 415, 413, 408 or 422."""
    body = await _bounded(request, most)
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise invalid_input(
            error.errors(include_url=False, include_input=False, include_context=False)
        ) from None


async def _bounded(request: Request, most: int) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Problem(415, "the body must be application/json", field="Content-Type")
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_TIME_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > most:
                    raise Problem(413, f"the body is longer than {most} bytes", field="body")
    except TimeoutError:
        raise Problem(408, "the body did not arrive in time", field="body") from None
    return bytes(body)


def invalid_input(errors: Any) -> Problem:
    """RFC 4918 §11.2 (422): what is wrong with the first bad field; the input is never echoed."""
    first = errors[0]
    field = ".".join(str(part) for part in first["loc"] if part not in ("body", "query", "path")) or "body"
    return Problem(422, str(first["msg"]), field=field)


def json_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The body for OpenAPI, which FastAPI cannot see when a route reads it by itself."""
    schema = model.model_json_schema()
    return {"requestBody": {"content": {"application/json": {"schema": schema}}, "required": True}}
