"""The HTTP interface of the scanner station's desk. Everything here needs the token.

| path | |
|---|---|
| ``/api/scans``, ``/api/scans/{scan}`` | inspections on the shelf; one of them |
| ``/api/scans/{scan}/planes/{number}`` | its pixels: raw, little-endian, row by row |
| ``/api/scans/{scan}/annotations``, ``/reports/{number}`` | an officer's marks; their OPERATOR TDR |
| ``/api/queue``, ``/api/queue/{case}/claim``, ``/filed`` | cases that wait for an officer |
| ``/api/training``, ``/api/training/{training}/…`` | TIP: training scans have paths, and ids, of their own |
| ``/api/operators`` | figures per officer |

The desk may read files, so its synchronous methods run in worker threads.
"""

# Route functions are used by their decorators.
# pyright: reportUnusedFunction=false

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, ParamSpec, TypeVar

from fastapi import APIRouter, Depends, Query, Request
from fastapi import Path as InPath
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

from gate_agent.console.body import json_schema, read_json
from gate_agent.console.guard import BearerToken
from gate_agent.console.messages import OfficerId
from gate_agent.console.problems import Problem
from gate_agent.errors import BadInput, GateError
from gate_agent.review.errors import NotAllowed, NotThere
from gate_agent.review.record import AssessmentFlag, Mark, Region, ThreatCategory
from gate_agent.review.views import (
    MOST_MARKS,
    MarksKept,
    OperatorFigures,
    Plane,
    QueueEntry,
    ScanCard,
    ScanDesk,
    ScanView,
    TrainingResult,
    TrainingView,
)

_P = ParamSpec("_P")
_T = TypeVar("_T")

_SCAN = TypeAdapter(ScanView)
_MARKS_BODY_BYTES = 64 * 1024
_STATUS: tuple[tuple[type[GateError], int], ...] = ((NotThere, 404), (NotAllowed, 409), (BadInput, 422))

ScanId = Annotated[str, InPath(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
Number = Annotated[int, InPath(ge=0, le=999)]
Most = Annotated[int, Query(ge=64, le=65536, description="longest side of the plane, in pixels")]
Note = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"),
]
_PLANE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {}}, "description": "pixels; Scan-* headers tell how"}
}
_DICOM: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/dicom": {}}, "description": "a DICOS TDR"}
}


class _Edge(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class RegionRequest(_Edge):
    """A rectangle of pixels."""

    column: int = Field(ge=0, le=1_000_000)
    row: int = Field(ge=0, le=1_000_000)
    width: int = Field(ge=1, le=1_000_000)
    height: int = Field(ge=1, le=1_000_000)

    def region(self) -> Region:
        return Region(self.column, self.row, self.width, self.height)


class MarkRequest(_Edge):
    """A marked place (words of NEMA IIC 1 v03)."""

    region: RegionRequest
    category: ThreatCategory
    flag: AssessmentFlag
    note: Note = ""


class AnnotationRequest(_Edge):
    """An officer's marks on a scan; none at all says that nothing was found."""

    officer: OfficerId
    marks: list[MarkRequest] = Field(max_length=MOST_MARKS)


class OfficerRequest(_Edge):
    """Who it is."""

    officer: OfficerId


class AnswerRequest(_Edge):
    """Where the threat is; no region says that there is none."""

    officer: OfficerId
    regions: list[RegionRequest] = Field(max_length=16)


class Done(BaseModel):
    """The desk has done it."""

    done: Literal[True] = True


def desk_routes(desk: ScanDesk, bearer: BearerToken) -> APIRouter:
    """All routes of the desk."""

    def token(request: Request) -> None:
        bearer.require(request.headers.get("authorization"))

    router = APIRouter(prefix="/api", dependencies=[Depends(token)])
    router.include_router(_scans(desk))
    router.include_router(_queue(desk))
    router.include_router(_training(desk))
    return router


def _scans(desk: ScanDesk) -> APIRouter:
    router = APIRouter(prefix="/scans", tags=["scans"])

    @router.get("")
    async def scans(
        container: Annotated[str, Query(max_length=64)] = "", last: Annotated[int, Query(ge=1, le=500)] = 50
    ) -> list[ScanCard]:
        """The newest inspections, of one container or of all."""
        return list(await _ask(desk.scans, container, last))

    @router.get("/{scan}", response_model=ScanView)
    async def scan(scan: ScanId) -> Response:
        """One inspection."""
        # Evidence holds read-only mappings, which pydantic does not know: `fallback` makes them plain.
        view = _SCAN.dump_json(await _ask(desk.scan, scan), fallback=dict, warnings="none")
        return Response(view, media_type="application/json")

    @router.get("/{scan}/planes/{number}", responses=_PLANE)
    async def plane(scan: ScanId, number: Number, most: Most = 65536) -> Response:
        """One plane of pixels."""
        return _pixels(await _ask(desk.plane, scan, number, most))

    @router.post("/{scan}/annotations", openapi_extra=json_schema(AnnotationRequest))
    async def annotate(scan: ScanId, request: Request) -> MarksKept:
        """An officer's marks become an OPERATOR TDR."""
        wanted = await read_json(request, AnnotationRequest, _MARKS_BODY_BYTES)
        marks = [Mark(m.region.region(), m.category, m.flag, m.note) for m in wanted.marks]
        return await _ask(desk.annotate, scan, wanted.officer, marks)

    @router.get("/{scan}/reports/{number}", responses=_DICOM)
    async def report(scan: ScanId, number: Number) -> Response:
        """An OPERATOR TDR as a DICOS file; the first is number 1."""
        data = await _ask(desk.report, scan, number)
        name = f'attachment; filename="{scan}-operator-{number}.dcs"'
        return Response(data, media_type="application/dicom", headers={"content-disposition": name})

    return router


def _queue(desk: ScanDesk) -> APIRouter:
    router = APIRouter(tags=["queue"])

    @router.get("/queue")
    async def queue() -> list[QueueEntry]:
        """Cases that wait for an officer: decisions first."""
        return list(await _ask(desk.queue))

    @router.put("/queue/{case}/claim", openapi_extra=json_schema(OfficerRequest))
    async def claim(case: ScanId, request: Request) -> Done:
        """An officer takes a case."""
        wanted = await read_json(request, OfficerRequest)
        await _ask(desk.claim, case, wanted.officer)
        return Done()

    @router.delete("/queue/{case}/claim", openapi_extra=json_schema(OfficerRequest))
    async def hand_back(case: ScanId, request: Request) -> Done:
        """An officer hands a case back."""
        wanted = await read_json(request, OfficerRequest)
        await _ask(desk.hand_back, case, wanted.officer)
        return Done()

    @router.put("/queue/{case}/filed", openapi_extra=json_schema(OfficerRequest))
    async def filed(case: ScanId, request: Request) -> Done:
        """The documentation of a case is done."""
        wanted = await read_json(request, OfficerRequest)
        await _ask(desk.file_away, case, wanted.officer)
        return Done()

    @router.get("/operators")
    async def operators() -> list[OperatorFigures]:
        """Figures per officer."""
        return list(await _ask(desk.statistics))

    return router


def _training(desk: ScanDesk) -> APIRouter:
    router = APIRouter(prefix="/training", tags=["training"])

    @router.post("", openapi_extra=json_schema(OfficerRequest))
    async def start(request: Request) -> TrainingView:
        """A training scan, perhaps with a projected threat."""
        wanted = await read_json(request, OfficerRequest)
        return await _ask(desk.start_training, wanted.officer)

    @router.get("/{training}/planes/{number}", responses=_PLANE)
    async def plane(training: ScanId, number: Number, most: Most = 65536) -> Response:
        """One plane of a training scan."""
        return _pixels(await _ask(desk.training_plane, training, number, most), "TRAINING")

    @router.post("/{training}/answer", openapi_extra=json_schema(AnswerRequest))
    async def answer(training: ScanId, request: Request) -> TrainingResult:
        """The officer's answer, and the truth."""
        wanted = await read_json(request, AnswerRequest)
        regions = [region.region() for region in wanted.regions]
        return await _ask(desk.answer_training, training, wanted.officer, regions)

    return router


def _pixels(plane: Plane, tag: str = "EVIDENCE") -> Response:
    headers = {
        "scan-rows": str(plane.rows),
        "scan-columns": str(plane.columns),
        "scan-bits": str(plane.bits),
        "scan-binning": str(plane.binning),
        "scan-kind": tag,
    }
    return Response(plane.data, media_type="application/octet-stream", headers=headers)


async def _ask(method: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Run a method of the desk in a worker thread; its errors leave as problem details."""
    try:
        return await run_in_threadpool(method, *args, **kwargs)
    except GateError as error:
        status = next((status for kind, status in _STATUS if isinstance(error, kind)), 503)
        problem = Problem(status, error.what, field=error.field, advice=error.advice)
        if isinstance(error, NotAllowed):
            problem.code, problem.fills = error.code, error.fills
        raise problem from error
