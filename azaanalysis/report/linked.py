"""Small counts that follow from two parts of a report, or from two reports.

One follow-up shows nothing that differs by a few (``design/release.py``). Two follow-ups may: all
infections and the serious ones, everybody and those who were asked a question. Whoever subtracts
one from the other counts those in between. Here every pair is subtracted once the estimates are
written; of the later of the two nothing is shown then, and the notebooks are executed again.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

from azaanalysis.display.table import Table
from azaanalysis.errors import ReportError
from azaanalysis.result import ASKED
from azaanalysis.small_counts import WITHHELD_VARIABLE
from azaanalysis.vocab import as_code, in_words

_COUNT = re.compile(r"^([\d,]+)(?: \(|$)")
_HEADING = re.compile(r"^(.+?)\s\(n\s=\s.+\)$")
_WHOLE = float("inf")
# Kind of an endpoint that the study file does not name: one with another gap, for instance.
_DERIVED = "*"


@dataclass
class Shown:
    """What a report shows of one arm of one follow-up.

    Parameters
    ----------
    endpoint, study, arm
        Endpoint, hash of the study it was followed under, and arm.
    kind
        Kind of the endpoint; two of one kind may hold one another.
    sizes
        Numbers of patients that are shown of the whole arm.
    counts
        For each thing that is counted (events of a cause, those at risk): count by day.
    """

    endpoint: str
    study: str
    arm: str
    kind: str
    sizes: set[int] = field(default_factory=set)
    counts: dict[tuple[str, str], dict[float, int]] = field(default_factory=dict)

    def is_about_the_same(self, other: Shown) -> bool:
        """Tell whether the counts of another follow-up may be part of these."""
        return self.arm == other.arm and (
            self.endpoint == other.endpoint or self.kind == other.kind
        )


@dataclass(frozen=True)
class Link:
    """An arm of which nothing may be shown, and what would give a small count away."""

    endpoint: str
    study: str
    arm: str
    beside: str

    @property
    def place(self) -> tuple[str, str, str]:
        """Endpoint, study and arm."""
        return self.endpoint, self.study, self.arm

    def in_words(self, k: int) -> str:
        """Say in a sentence what is not shown, and why."""
        return (
            f"Nothing is shown of {in_words(self.arm)} for the endpoint {in_words(self.endpoint)}: "
            f"from the difference to {in_words(self.beside)} a count below {k} could be worked out."
        )


def list_shown(record: Mapping[str, Any]) -> list[Shown]:
    """Return what the results of a report show of each arm of each follow-up, in their order."""
    found: dict[tuple[str, str, str], Shown] = {}
    kinds = {name: e.get("kind", "") for name, e in record["settings"].get("endpoints", {}).items()}
    columns = list(record["columns"])
    for entry in record["estimates"]:
        study = str(entry["about"].get("study", ""))
        asked = entry["about"].get(ASKED)
        for cells in entry["rows"]:
            row = dict(zip(columns, cells, strict=True))
            if row["versus"] or not row["arm"] or row["quantity"].endswith("_in_window"):
                continue
            endpoint, arm = str(row["endpoint"]), str(row["arm"])
            kind = str(kinds.get(asked or endpoint, _DERIVED))
            of_arm = found.setdefault((endpoint, study, arm), Shown(endpoint, study, arm, kind))
            _take(of_arm, row, own=asked or endpoint)
    return list(found.values())


def _take(shown: Shown, row: Mapping[str, Any], *, own: str) -> None:
    day = _WHOLE if row["at_days"] is None else float(row["at_days"])
    is_ending = row["quantity"] in ("ended", "followed")
    is_whole = day == _WHOLE or row["quantity"].startswith("restricted_mean") or day == 0
    if row["patients"] is not None and is_whole:
        shown.sizes.add(int(row["patients"]))
    elif row["patients"] is not None:
        shown.counts.setdefault(("at risk", ""), {})[day] = int(row["patients"])
    if row["events"] is not None:
        # An endpoint's own cause has its name, so that one can be set beside another.
        cause = "own" if row["cause"] == own else str(row["cause"])
        what = "ended" if is_ending else "events"
        shown.counts.setdefault((what, cause), {})[day] = int(row["events"])


def find_links(record: Mapping[str, Any], tables: Mapping[str, Sequence[Table]]) -> list[Link]:
    """Find the arms of which nothing may be shown because of another part of the same report.

    Parameters
    ----------
    record
        The results of the report.
    tables
        The tables of each notebook; levels of characteristics are compared between them.

    Returns
    -------
    list
        One entry for each arm of a follow-up, the later of the two that were compared.
    """
    k = threshold_in(record)
    if k == 1:
        return []
    links = {}
    for first, second in combinations(list_shown(record), 2):
        if first.arm == second.arm and _tells(first, second, k):
            link = Link(second.endpoint, second.study, second.arm, first.endpoint)
            links[link.place] = link
    for link in _find_in_tables(record, tables, k):
        links.setdefault(link.place, link)
    return list(links.values())


def threshold_in(record: Mapping[str, Any]) -> int:
    """Return the smallest count that a report may show."""
    source = record["settings"].get("source", {})
    if source.get("synthetic"):
        return 1
    return max(int(record["smallest_count"]), int(source.get("smallest_count", 1)))


def _tells(first: Shown, second: Shown, k: int) -> bool:
    """Tell whether the numbers of two follow-ups differ by a small count."""
    sizes = [abs(a - b) for a in first.sizes for b in second.sizes]
    if any(0 < gap < k for gap in sizes):
        return True
    if not first.is_about_the_same(second):
        return False
    for what in first.counts.keys() & second.counts.keys():
        ours, theirs = first.counts[what], second.counts[what]
        for day in ours.keys() | theirs.keys():
            one, other = _known_on(ours, day), _known_on(theirs, day)
            if one is not None and other is not None and 0 < abs(one - other) < k:
                return True
    return False


def _known_on(counts: Mapping[float, int], day: float) -> int | None:
    """Return the count on a day: shown, or the same on the days before and after it."""
    if day in counts:
        return counts[day]
    days = sorted(counts)
    place = bisect_left(days, day)
    if 0 < place < len(days) and counts[days[place - 1]] == counts[days[place]]:
        return counts[days[place]]
    return None


def _find_in_tables(
    record: Mapping[str, Any], tables: Mapping[str, Sequence[Table]], k: int
) -> Iterator[Link]:
    """Compare the levels of characteristics in the tables of every two notebooks."""
    levels = {name: dict(_levels(found)) for name, found in tables.items()}
    for (one, ours), (other, theirs) in combinations(levels.items(), 2):
        for place in ours.keys() & theirs.keys():
            if 0 < abs(ours[place] - theirs[place]) < k:
                for endpoint, study in _asked_in(record, other):
                    beside = next((e for e, _ in _asked_in(record, one)), one)
                    yield Link(endpoint, study, place[-1], beside)


def _levels(tables: Sequence[Table]) -> Iterator[tuple[tuple[str, str, str], int]]:
    for table in tables:
        for place, column in enumerate(table.columns):
            heading = _HEADING.match(column.header)
            if heading is None or column.group.lower().startswith("after"):
                continue
            for i, row in enumerate(table.rows):
                group = table.groups[i] if table.groups else ""
                if found := _COUNT.match(row[place]):
                    number = int(found[1].replace(",", ""))
                    yield (group, row[0], as_code(heading[1])), number


def _asked_in(record: Mapping[str, Any], notebook: str) -> list[tuple[str, str]]:
    pairs = [
        (str(row[list(record["columns"]).index("endpoint")]), str(entry["about"].get("study", "")))
        for entry in record["estimates"]
        if entry["notebook"] == notebook
        for row in entry["rows"][:1]
    ]
    return list(dict.fromkeys(pairs))


@contextmanager
def withholding(links: Iterable[Link]) -> Iterator[None]:
    """Let nothing be shown of the arms of some links, here and in the kernels that are started."""
    listed = [(link.endpoint, link.study, link.arm) for link in links]
    before = os.environ.pop(WITHHELD_VARIABLE, None)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "withheld.json"
        path.write_text(json.dumps(listed), encoding="utf-8")
        os.environ[WITHHELD_VARIABLE] = str(path)
        try:
            yield
        finally:
            del os.environ[WITHHELD_VARIABLE]
            if before is not None:
                os.environ[WITHHELD_VARIABLE] = before


@contextmanager
def set_aside(folder: Path, *, is_real: bool) -> Iterator[Path]:
    """Give a place to make a report of real patients in; bring it to its folder at the end.

    An earlier report stays as it is until then, and if the new one must not be published.
    """
    if not is_real:
        yield folder
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".making_") as place:
        yield Path(place)
        shutil.copytree(place, folder, dirs_exist_ok=True)


def refuse_beside(record: Mapping[str, Any], previous: Mapping[str, Any], *, name: str) -> None:
    """Refuse a report that, beside an earlier one, would give small counts away.

    Every count of an arm is set beside every count of the same thing in the earlier report, on any
    day, because a curve may have been shown on other days.

    Raises
    ------
    ReportError
        If any two differ by a small count. It names endpoints and arms, and what can be done.
    """
    k = max(threshold_in(record), threshold_in(previous))
    if k == 1 or record["cohort_fingerprint"] == previous["cohort_fingerprint"]:
        return
    found = dict.fromkeys(
        (new.endpoint, new.arm)
        for new in list_shown(record)
        for old in list_shown(previous)
        if (old.endpoint, old.arm) == (new.endpoint, new.arm) and _differs(old, new, k)
    )
    if found:
        named = "; ".join(f"{in_words(endpoint)}: {in_words(arm)}" for endpoint, arm in found)
        raise ReportError(
            f"Beside the earlier report in {name} this one would give away counts below {k}: the "
            f"two differ by fewer than {k} patients or events somewhere ({named}). Nothing was "
            "published. Wait until more patients have come; or, if nobody has seen the earlier "
            "report and nobody will, take it away and make this one again."
        )


def _differs(old: Shown, new: Shown, k: int) -> bool:
    pairs = [(old.sizes, new.sizes)]
    pairs += [
        (set(old.counts[what].values()), set(new.counts[what].values()))
        for what in old.counts.keys() & new.counts.keys()
    ]
    return any(0 < abs(a - b) < k for ours, theirs in pairs for a in ours for b in theirs)
