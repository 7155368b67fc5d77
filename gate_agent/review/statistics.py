"""What each officer did: decisions on cases, and answers in training. One SQLite file, bounded.

It knows officer ids and nothing else of a person, and no picture. Training and work are two tables that no
query joins; nothing here is evidence.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Final

from gate_agent.errors import GateError
from gate_agent.review.views import OperatorFigures

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS review (
  n INTEGER PRIMARY KEY, officer TEXT NOT NULL, at TEXT NOT NULL, step TEXT NOT NULL,
  seconds REAL NOT NULL, overrules TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS training (
  n INTEGER PRIMARY KEY, officer TEXT NOT NULL, at TEXT NOT NULL, outcome TEXT NOT NULL,
  threat TEXT NOT NULL, background REAL NOT NULL, seconds REAL NOT NULL
);
"""


class StatisticsError(GateError):
    """The file of statistics cannot be used."""


class Statistics:
    """Threads may share it."""

    def __init__(self, path: Path, most: int) -> None:
        """Open or make the file. Raises StatisticsError."""
        self._most = most
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.executescript(_SCHEMA)
        except (sqlite3.Error, OSError) as error:
            raise StatisticsError(
                f"cannot be opened: {error}",
                field=str(path),
                advice="move the file away; a new one is made at the next start",
            ) from error

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def reviewed(self, officer: str, at: str, step: str, seconds: float, overrules: str = "") -> None:
        """An order of an officer was carried out, `seconds` after the case came to the queue."""
        self._add("review", "officer, at, step, seconds, overrules", (officer, at, step, seconds, overrules))

    def trained(
        self, officer: str, at: str, outcome: str, threat: str, background: float, seconds: float
    ) -> None:
        """An officer answered a training scan."""
        self._add(
            "training",
            "officer, at, outcome, threat, background, seconds",
            (officer, at, outcome, threat, background, seconds),
        )

    def _add(self, table: str, columns: str, values: tuple[str | float, ...]) -> None:
        marks = ", ".join("?" * len(values))
        with self._lock:
            try:
                self._db.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", values)
                self._db.execute(
                    f"DELETE FROM {table} WHERE n <= (SELECT max(n) FROM {table}) - ?", (self._most,)
                )
            except sqlite3.Error as error:
                raise StatisticsError(f"cannot be written: {error}", field=table) from error

    def figures(self) -> Sequence[OperatorFigures]:
        """Per officer, by id."""
        try:
            with self._lock:
                reviews = self._db.execute("SELECT officer, step, seconds, overrules FROM review").fetchall()
                training = self._db.execute("SELECT officer, outcome, seconds FROM training").fetchall()
        except sqlite3.Error as error:
            raise StatisticsError(f"cannot be read: {error}", field="statistics") from error
        officers = sorted({row[0] for row in (*reviews, *training)} | {row[3] for row in reviews if row[3]})
        return [_figures(officer, reviews, training) for officer in officers]


def _figures(
    officer: str, reviews: list[tuple[str, str, float, str]], training: list[tuple[str, str, float]]
) -> OperatorFigures:
    steps = [step for who, step, _, _ in reviews if who == officer]
    outcomes = [outcome for who, outcome, _ in training if who == officer]
    times = [seconds for who, _, seconds, _ in reviews if who == officer]
    answers = [seconds for who, _, seconds in training if who == officer]
    return OperatorFigures(
        officer=officer,
        released=steps.count("release") + steps.count("confirm"),
        inspected=steps.count("inspect"),
        proposed=steps.count("propose"),
        confirmed=steps.count("confirm"),
        overruled=sum(row[3] == officer for row in reviews),
        decision_median_s=median(times) if times else None,
        hits=outcomes.count("hit"),
        misses=outcomes.count("miss"),
        false_alarms=outcomes.count("false_alarm"),
        correct_rejections=outcomes.count("correct_rejection"),
        training_median_s=median(answers) if answers else None,
    )
