"""Every key of a TOML file has its line, however the file is written."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate_agent.toml_source import Loc, Problems, TomlSource, dotted, key_lines

# ---------------------------------------------------------------- examples

EXAMPLE = '''\
# a comment with [brackets] and = signs
title = "a # no comment" # a comment

[owner]
name = "x" # [owner.no]
"quoted key".'lit.eral' = 1
multi = """
[not.a.table]
key = "no key"
"" still inside"""
literal = \'\'\'
[[nor.this]] = '
\'\'\'

[[fruit]]
name = "apple"
[fruit.size] # belongs to the newest fruit
cm = 7
[[fruit.kind]]
id = 1
[[fruit.kind]]
id = 2

[[fruit]]
name = "plum"
kind = [
  { id = 3 }, # first
  { id = 4, tags = [
      "a]", 'b}',
      "c"
  ] },
]

[a.b.c]
d.e = 2026-01-01T00:00:00Z
f = [[1, 2],
     [3]]
'''

EXPECTED: dict[Loc, int] = {
    ("title",): 2,
    ("owner",): 4,
    ("owner", "name"): 5,
    ("owner", "quoted key"): 6,
    ("owner", "quoted key", "lit.eral"): 6,
    ("owner", "multi"): 7,
    ("owner", "literal"): 11,
    ("fruit",): 15,
    ("fruit", 0): 15,
    ("fruit", 0, "name"): 16,
    ("fruit", 0, "size"): 17,
    ("fruit", 0, "size", "cm"): 18,
    ("fruit", 0, "kind"): 19,
    ("fruit", 0, "kind", 0): 19,
    ("fruit", 0, "kind", 0, "id"): 20,
    ("fruit", 0, "kind", 1): 21,
    ("fruit", 0, "kind", 1, "id"): 22,
    ("fruit", 1): 24,
    ("fruit", 1, "name"): 25,
    ("fruit", 1, "kind"): 26,
    ("fruit", 1, "kind", 0): 27,
    ("fruit", 1, "kind", 0, "id"): 27,
    ("fruit", 1, "kind", 1): 28,
    ("fruit", 1, "kind", 1, "id"): 28,
    ("fruit", 1, "kind", 1, "tags"): 28,
    ("fruit", 1, "kind", 1, "tags", 0): 29,
    ("fruit", 1, "kind", 1, "tags", 1): 29,
    ("fruit", 1, "kind", 1, "tags", 2): 30,
    ("a",): 34,
    ("a", "b"): 34,
    ("a", "b", "c"): 34,
    ("a", "b", "c", "d"): 35,
    ("a", "b", "c", "d", "e"): 35,
    ("a", "b", "c", "f"): 36,
    ("a", "b", "c", "f", 0): 36,
    ("a", "b", "c", "f", 0, 0): 36,
    ("a", "b", "c", "f", 0, 1): 36,
    ("a", "b", "c", "f", 1): 37,
    ("a", "b", "c", "f", 1, 0): 37,
}


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_each_key_and_element_has_its_line(newline: str) -> None:
    assert key_lines(EXAMPLE.replace("\n", newline)) == EXPECTED


# ---------------------------------------------------------------- properties

keys = st.text("abz019_-", min_size=1, max_size=4) | st.text(max_size=4).filter(lambda k: "\x00" not in k)
texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=12) | st.sampled_from(
    ['"""', "'''", "[x]", "a = 1", "# no", "}]", "\\", '"', "\n[t]\n"]
)
scalars = texts | st.integers(-9, 9999) | st.booleans() | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)
tables = st.dictionaries(
    keys, values | st.lists(st.dictionaries(keys, values, max_size=3), min_size=1, max_size=3), max_size=4
)


class Writer:
    """Writes TOML in a drawn style and keeps the line of everything it writes."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.text = ""
        self.lines: dict[Loc, int] = {}

    def put(self, text: str) -> None:
        self.text += text

    def note(self, loc: Loc) -> None:
        self.lines[loc] = self.text.count("\n") + 1

    def choose(self, *options: str) -> str:
        return self.draw(st.sampled_from(options))

    def string(self, text: str) -> str:
        escaped = "".join(c if c.isprintable() and c not in '"\\' else f"\\U{ord(c):08X}" for c in text)
        raw_lines = text.isprintable() and "'" not in text
        return self.choose(f'"{escaped}"', f'"""{escaped}"""', f"'{text}'" if raw_lines else f'"{escaped}"')

    def key(self, key: str) -> str:
        bare = key and all(c in "abz019_-" for c in key)
        return self.choose(key if bare else self.string_key(key), self.string_key(key))

    def string_key(self, key: str) -> str:
        return '"' + "".join(c if c.isalnum() and c.isascii() else f"\\U{ord(c):08X}" for c in key) + '"'

    def value(self, loc: Loc, value: Any) -> None:
        if isinstance(value, dict):
            self.put("{ ")
            for index, (key, inner) in enumerate(value.items()):
                self.put(", " if index else "")
                self.pair((*loc, key), key, inner)
            self.put(" }")
        elif isinstance(value, list):
            self.put("[" + self.choose("", "\n", " # ] first\n\n "))
            for index, inner in enumerate(value):
                self.note((*loc, index))
                self.value((*loc, index), inner)
                self.put("," + self.choose(" ", "\n", "\n  # 'next\n"))
            self.put("]")
        elif isinstance(value, str):
            self.put(self.string(value))
        else:
            self.put(str(value).lower() if isinstance(value, bool) else repr(value))

    def pair(self, loc: Loc, key: str, value: Any) -> None:
        self.note(loc)
        self.put(self.key(key) + self.choose("=", " = "))
        self.value(loc, value)

    def document(self, data: dict[str, Any]) -> None:
        def tabular(value: Any) -> bool:
            return isinstance(value, dict) or (
                isinstance(value, list) and bool(value) and all(isinstance(v, dict) for v in value)
            )

        for key, value in data.items():
            if not tabular(value):
                self.pair((key,), key, value)
                self.put(self.choose("\n", " # end\n", "\n\n"))
        for key, value in data.items():
            if tabular(value):
                self.note((key,))
                for index, table in enumerate(value if isinstance(value, list) else [value]):
                    loc: Loc = (key, index) if isinstance(value, list) else (key,)
                    self.note(loc)
                    open_, close = ("[[", "]]") if isinstance(value, list) else ("[", "]")
                    self.put(f"{open_}{self.key(key)}{close}" + self.choose("\n", " # [x]\n"))
                    for name, inner in table.items():
                        self.pair((*loc, name), name, inner)
                        self.put(self.choose("\n", "\n\n# c\n"))


@settings(deadline=None)
@given(st.data(), tables)
def test_the_lines_are_those_on_which_the_writer_wrote(draw: Any, data: dict[str, Any]) -> None:
    writer = Writer(draw.draw)
    writer.document(data)
    assert tomllib.loads(writer.text) == data
    assert key_lines(writer.text) == writer.lines


# ---------------------------------------------------------------- files that are none


def refused(tmp_path: Path, raw: bytes | None) -> tuple[int, str]:
    file = tmp_path / "x.toml"
    if raw is not None:
        file.write_bytes(raw)
    with pytest.raises(Problems) as caught:
        TomlSource.read(file, max_bytes=100_000)
    [problem] = caught.value.problems
    assert problem.file == str(file)
    return problem.line, problem.message


@pytest.mark.parametrize(
    ("raw", "line", "message"),
    [
        (None, 0, "cannot be read"),
        (b"a = 1\nb = \n", 2, "TOML syntax"),
        (b"a = 1\na = 2\n", 2, "TOML syntax"),
        (b"a = 1\nb = [1,\n", 3, "at the end of the file"),
        (b'a = "\xff"\n', 1, "not UTF-8"),
        (b"a = 1\n" * 50_000, 0, "larger than"),
        (b"a = " + b"[" * 40_000, 0, "nested too deeply"),
    ],
    ids=["missing", "value", "twice", "unfinished", "latin-1", "huge", "deep"],
)
def test_a_file_that_is_no_toml_says_where(
    tmp_path: Path, raw: bytes | None, line: int, message: str
) -> None:
    where, what = refused(tmp_path, raw)
    assert where == line
    assert message in what


@settings(deadline=None)
@given(st.binary(max_size=80) | st.text(" \n[]{}=\"'#.,a1\\", max_size=40).map(str.encode))
def test_any_bytes_are_toml_or_a_typed_error(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    file = tmp_path_factory.mktemp("t") / "x.toml"
    file.write_bytes(raw)
    try:
        source = TomlSource.read(file)
    except Problems as error:
        assert error.problems
    else:
        assert all(source.line((key,)) >= 1 for key in source.data)


def test_paths_are_written_as_people_write_them() -> None:
    assert dotted(("rule", 2, "when")) == "rule[2].when"
    assert dotted(("devices", "lane", "port")) == "devices.lane.port"
