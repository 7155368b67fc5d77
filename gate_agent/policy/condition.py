"""The condition of a rule: a CEL expression, restricted until it can be checked completely at load.

CEL itself is dynamically typed: ``outcome == 'fialed'`` is false, silently and for ever. A condition here
may use only literals, comparisons, logic, ``in``, ``size`` and ``has`` over declared facts:

    checks.<id>.outcome            one of the four outcomes
    checks.<id>.reasons            list of reason codes
    checks.<id>.measured.<name>    typed, possibly absent: ask has(...) first

Without loops, indexing or arithmetic, a condition depends only on how each fact lies relative to the
literals beside it. So it is *tried on every combination* of such values at load, and refused when it
can fail, when it never or always fires, or when a fact it reads cannot change its result.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from gate_agent.errors import BadInput
from gate_agent.evidence import Outcome
from gate_agent.policy import engine
from gate_agent.policy.facts import CheckTable, ScalarType
from gate_agent.toml_source import closest

MAX_LENGTH = 1000
MAX_COMBINATIONS = 10_000

Path: TypeAlias = tuple[str, str, str]
"""(check, "outcome" | "reasons" | "measured", name or "")."""


class ConditionError(BadInput):
    """The expression is not a condition over this station's facts. `field` is the offending part."""


class EvaluationError(BadInput):
    """The condition could not be evaluated on this evidence."""


_TOKEN = re.compile(
    r"(?P<space>\s+|//[^\n]*)"
    r"|(?P<string>'[^'\\\n]*'|\"[^\"\\\n]*\")"
    r"|(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.])"
    r"|(?P<path>[A-Za-z_]\w*(?:\s*\.\s*[A-Za-z_]\w*)*)(?!\w*['\"])"
    r"|(?P<symbol>&&|\|\||==|!=|<=|>=|[<>!()\[\],-])"
)
_OPERATORS = frozenset(
    ("!_", "-_", "@in", "_&&_", "_||_", "_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "size")
)
_WORDS = frozenset(("true", "false", "in", "has", "size"))
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that was found sound for one table of checks."""

    source: str
    program: engine.Program

    @classmethod
    def compile(cls, source: str, table: CheckTable) -> Condition:
        """Compile and prove. Raises ConditionError."""
        if len(source) > MAX_LENGTH:
            raise ConditionError(f"is longer than {MAX_LENGTH} characters", advice="split the rule")
        tokens = tuple(_tokens(source))
        paths = tuple(dict.fromkeys(p for kind, text in tokens if (p := _path(kind, text, table))))
        try:
            program = engine.compile(source)
        except ValueError as error:
            raise ConditionError(_syntax(str(error))) from error
        unknown = set(program.functions()) - _OPERATORS
        if unknown:
            raise ConditionError(
                f"uses {', '.join(sorted(unknown))}",
                advice="only comparisons, && || !, in, size() and has(); measure the rest in a check",
            )
        condition = cls(source, program)
        condition._prove(paths, _Literals.of(tokens), table)
        return condition

    def holds(self, context: engine.Context) -> bool:
        """Whether the condition is true. Raises EvaluationError."""
        try:
            answer = self.program.execute(context)
        except (RuntimeError, TypeError, KeyError, ValueError) as error:
            raise EvaluationError(_first_line(str(error)) or type(error).__name__) from error
        if not isinstance(answer, bool):
            raise EvaluationError(f"gives {type(answer).__name__}, not true or false")
        return answer

    def _prove(self, paths: Sequence[Path], literals: _Literals, table: CheckTable) -> None:
        domains = [literals.domain(path, table) for path in paths]
        count = 1
        for domain in domains:
            count *= len(domain)
        if count > MAX_COMBINATIONS:
            raise ConditionError(f"weighs {count} combinations of facts", advice="split the rule")
        answers = {index: self._try(paths, domains, index) for index in _indices(domains)}
        if not any(answers.values()):
            raise ConditionError("can never be true", advice="compare with values that the facts can have")
        if all(answers.values()) and self.source.strip() != "true":
            raise ConditionError("is always true", advice="write true if that is meant")
        for place, path in enumerate(paths):
            if not _matters(place, answers):
                raise ConditionError(
                    "cannot change the result", field=_text(path), advice="remove it or mend the comparison"
                )

    def _try(self, paths: Sequence[Path], domains: Sequence[Sequence[Any]], index: tuple[int, ...]) -> bool:
        values = {path: domains[i][index[i]] for i, path in enumerate(paths)}
        try:
            return self.holds(_witness(values))
        except EvaluationError as error:
            if isinstance(error.__cause__, KeyError):
                absent = next(_text(p) for p, v in values.items() if v is _ABSENT)
                raise ConditionError(
                    "may be absent", field=absent, advice=f"write has({absent}) && ..."
                ) from error
            raise ConditionError(error.what) from error


def _indices(domains: Sequence[Sequence[Any]]) -> Iterator[tuple[int, ...]]:
    return itertools.product(*(range(len(domain)) for domain in domains))


def _matters(place: int, answers: Mapping[tuple[int, ...], bool]) -> bool:
    """Whether two combinations that differ only in the fact at `place` give different answers."""
    seen: dict[tuple[int, ...], bool] = {}
    return any(
        seen.setdefault(index[:place] + index[place + 1 :], answer) is not answer
        for index, answer in answers.items()
    )


def _witness(values: Mapping[Path, Any]) -> engine.Context:
    checks: dict[str, dict[str, Any]] = {}
    for (check, part, name), value in values.items():
        fact = checks.setdefault(check, {"measured": {}})
        if part != "measured":
            fact[part] = value
        elif value is not _ABSENT:
            fact["measured"][name] = value
    return engine.Context(variables={"checks": checks})


def _tokens(source: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(source):
        found = _TOKEN.match(source, at)
        if found is None or found.lastgroup is None:
            raise ConditionError(
                f"has {source[at : at + 12]!r} at column {at + 1}",
                advice="a condition has plain strings, numbers, paths, comparisons and logic",
            )
        at = found.end()
        if found.lastgroup != "space":
            yield found.lastgroup, found.group()


def _path(kind: str, text: str, table: CheckTable) -> Path | None:
    """The fact that a token names, if it names one. Raises ConditionError for anything undeclared."""
    if kind == "string" and text[1:-1] not in (known := _vocabulary(table)):
        raise ConditionError(
            "is neither an outcome nor a reason code", field=text, advice=closest(text[1:-1], known)
        )
    if kind != "path" or text in _WORDS:
        return None
    parts = re.split(r"\s*\.\s*", text)
    if parts[0] != "checks" or len(parts) < 2:
        raise ConditionError("is not a fact", field=text, advice="facts are written checks.<id>.outcome")
    if parts[1] not in table.checks:
        raise ConditionError(
            "is not a check of this station", field=text, advice=closest(parts[1], table.checks)
        )
    declared = table.checks[parts[1]].measured
    if parts[2:] in (["outcome"], ["reasons"]):
        return (parts[1], parts[2], "")
    if len(parts) == 4 and parts[2] == "measured" and parts[3] in declared:
        return (parts[1], "measured", parts[3])
    if len(parts) == 4 and parts[2] == "measured":
        raise ConditionError("is not measured by this check", field=text, advice=closest(parts[3], declared))
    raise ConditionError(
        "is not a fact",
        field=text,
        advice=closest(".".join(parts[2:]), ["outcome", "reasons", "measured.<name>"]),
    )


def _vocabulary(table: CheckTable) -> set[str]:
    """Every text that a fact can have: a literal outside it is a spelling mistake."""
    measured = (kind for check in table.checks.values() for kind in check.measured.values())
    texts = {text for kind in measured if isinstance(kind, tuple) for text in kind}
    return texts | {o.value for o in Outcome} | table.reasons


def _text(path: Path) -> str:
    return ".".join(("checks", *(part for part in path if part)))


@dataclass(frozen=True, slots=True)
class _Literals:
    """The literals of a condition: a fact matters only by how it lies relative to these."""

    strings: tuple[str, ...]
    numbers: tuple[float, ...]

    @classmethod
    def of(cls, tokens: Iterable[tuple[str, str]]) -> _Literals:
        tokens = tuple(tokens)
        numbers = {float(text) for kind, text in tokens if kind == "number"}
        return cls(
            tuple(dict.fromkeys(text[1:-1] for kind, text in tokens if kind == "string")),
            tuple(sorted(numbers | {-n for n in numbers if ("symbol", "-") in tokens})),
        )

    def domain(self, path: Path, table: CheckTable) -> list[Any]:
        check, part, name = path
        if part == "outcome":
            return [outcome.value for outcome in Outcome]
        if part == "reasons":
            codes = [s for s in self.strings if s in table.reasons]
            sizes = range(1, 1 + int(min(8, max(self.numbers, default=0) + 1)))
            return [[], *([c] for c in codes), codes, *(["OTHER"] * n for n in sizes)]
        return [_ABSENT, *self._values(table.checks[check].measured[name])]

    def _values(self, kind: ScalarType) -> list[Any]:
        if kind is bool:
            return [False, True]
        if isinstance(kind, tuple):
            return [*kind, "other"]
        around = {0.0, 1.0} | {n + d for n in self.numbers for d in (-1, 0, 1)}
        if kind is float:
            pairs = itertools.pairwise(sorted(around))
            around |= {(low + high) / 2 for low, high in pairs}
        return [kind(value) for value in sorted(around)]


def _syntax(message: str) -> str:
    found = re.search(r"ERROR: <input>:(\d+):(\d+): (.+)", message)
    return f"{found.group(3)[:120]} at column {found.group(2)}" if found else _first_line(message)


def _first_line(message: str) -> str:
    return message.strip().split("\n", 1)[0][:160]
