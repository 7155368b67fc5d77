"""Which language an answer is in: the one asked for, else what the browser prefers, else English."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from starlette.requests import Request

from gate_agent.words import ENGLISH, Words

_MOST_RANGES = 20


class Languages:
    """The languages of one station. `words`: language tag -> its words; English is among them."""

    def __init__(self, words: Mapping[str, Words]) -> None:
        self._words = words

    def of(self, request: Request) -> Words:
        """The words for whoever asks."""
        asked = request.query_params.get("language") or request.query_params.get("lang")
        accepted = request.headers.get("accept-language", "")
        for wanted in (asked or "", *_preferred(accepted)):
            if found := self._spoken(wanted.lower()):
                return found
        return self._words[ENGLISH]

    def _spoken(self, wanted: str) -> Words | None:
        """RFC 4647 §3.4, lookup: the tag, and then the tag without its last parts."""
        known = {language.lower(): words for language, words in self._words.items()}
        while wanted and wanted not in known:
            wanted = wanted.rpartition("-")[0]
        return known.get(wanted)

    def names(self) -> dict[str, str]:
        """Every language in its own name."""
        return {language: words.name for language, words in self._words.items()}


def _preferred(header: str) -> Iterator[str]:
    """The language ranges of an ``Accept-Language`` header, the dearest first (RFC 9110 §12.5.4)."""
    ranges: list[tuple[float, str]] = []
    for part in header.split(",")[:_MOST_RANGES]:
        language, _, weight = part.partition(";")
        try:
            quality = float(weight.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if quality > 0:
            ranges.append((-quality, language.strip()))
    return (language for _, language in sorted(ranges, key=lambda each: each[0]))
