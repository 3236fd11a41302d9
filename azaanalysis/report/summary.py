"""The summary: for each question the answer, its interval, absolute numbers and warnings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import pandas as pd

from azaanalysis.display.numbers import (
    NOT_KNOWN,
    name_quantity,
    spell_count,
    spell_interval,
    spell_level,
    spell_p,
    spell_value,
)
from azaanalysis.display.source import Source
from azaanalysis.display.table import Column, Table
from azaanalysis.handling import listed
from azaanalysis.report.record import as_estimates
from azaanalysis.result import Estimate
from azaanalysis.settings import DiscontinuationEndpoint, Endpoint
from azaanalysis.study import Study
from azaanalysis.vocab import QUANTITIES, in_words, sentence_case

# Quantities that answer a question by themselves, and those that compare two arms.
_ANSWERS = ("risk", "rate", "survival")
_CONTRASTS = ("risk_difference", "rate_ratio", "hazard_ratio")
_SMALL_P = 0.05
# So many warnings are read; the others stand beneath the tables that they are about.
_MOST_WARNINGS = 5


def summarise(record: Mapping[str, Any], study: Study, *, notebook: str) -> dict[str, Any]:
    """Return the answer of one notebook as a table, and what a reader must mind.

    The answer is the first estimate of the notebook that measures risk, persistence or rate in the
    arms of the study, at the last day that it shows: under the study as it stands before any
    changed one, and weighted before as observed. Beside it stands the first comparison made in
    the same way.
    """
    own = sorted((e for book, _, e in as_estimates(record) if book == notebook), key=_rank)
    found = next((e for e in own if _answer_of(e, study) is not None), None)
    if found is None:
        return {"table": None, "warnings": [], "gate": ""}
    answer = _answer_of(found, study)
    assert answer is not None
    warnings = _few(list(dict.fromkeys(_warnings(own, answer, study))))
    gate = say_gate(found, is_randomised=study.is_randomised)
    # A step that is held back hides its arm here; the notebook's own table says more.
    if answer["value"].isna().any():
        return {"table": None, "warnings": warnings, "gate": gate}
    alike = [e for e in own if _rank(e) == _rank(found)]
    table = _tabulate(found, answer, _contrasts(alike, answer))
    return {"table": table, "warnings": warnings, "gate": gate}


def _rank(estimate: Estimate) -> tuple[bool, bool]:
    """Put sensitivity analyses last, and what is adjusted before what is not."""
    about = estimate.about
    is_changed = about.get("study") != about.get("base_study", about.get("study"))
    return is_changed, about.get("weighting", "none") == "none"


def _answer_of(estimate: Estimate, study: Study) -> pd.DataFrame | None:
    """Return one row for each arm, or nothing if the estimate answers no question by itself."""
    frame = estimate.frame[estimate.frame["quantity"].isin(_ANSWERS)]
    if frame.empty or frame["endpoint"].iloc[0] not in study.endpoints:
        return None
    # What is split by anything but the arms of the study answers another question.
    if not {*frame["arm"]} & {*study.comparison.arms}:
        return None
    endpoint, there = study.endpoint(frame["endpoint"].iloc[0]), set(frame["quantity"])
    wanted = next(quantity for quantity in _order(endpoint) if quantity in there)
    causes = estimate.about.get("causes") or frame["cause"].unique()
    cause = "" if wanted == "survival" else causes[0]
    rows = frame[(frame["quantity"] == wanted) & (frame["cause"] == cause)]
    days = [day for day in study.show.at_days if day <= rows["at_days"].max()]
    sizes = rows.groupby("arm")["patients"].first()
    if days:
        rows = Estimate(rows, estimate.about).at([max(days)]).frame
    return None if rows.empty else rows.assign(patients=rows["arm"].map(sizes))


def _order(endpoint: Endpoint) -> tuple[str, ...]:
    """Return the quantities by how well they answer: of stopping, persistence first."""
    is_stopping = isinstance(endpoint, DiscontinuationEndpoint)
    return ("survival", "risk", "rate") if is_stopping else ("risk", "rate", "survival")


def _contrasts(estimates: Sequence[Estimate], answer: pd.DataFrame) -> Estimate:
    """Return the first comparison of the same endpoint, cause and day, one row for each arm."""
    first = answer.iloc[0]
    for estimate in estimates:
        frame = estimate.frame
        rows = frame[
            frame["quantity"].isin(_CONTRASTS)
            & (frame["endpoint"] == first["endpoint"])
            & (frame["cause"] == first["cause"])
            & (frame["at_days"].isna() | (frame["at_days"] == first["at_days"]))
        ]
        if len(rows):
            first_kind = rows[rows["quantity"] == rows["quantity"].iloc[0]]
            return Estimate(first_kind.drop_duplicates("arm"), estimate.about)
    return Estimate(answer.iloc[:0])


def _tabulate(estimate: Estimate, answer: pd.DataFrame, contrasts: Estimate) -> Table:
    first = answer.iloc[0]
    day = "" if pd.isna(first["at_days"]) else f" by day {first['at_days']:,.0f}"
    level = spell_level(estimate.about)
    columns = [Column("Arm", is_number=False), Column(f"Events{day} / patients")]
    columns += [Column(f"Answer ({level})")]
    if len(contrasts):
        versus = contrasts.frame.iloc[0]
        label = f"{QUANTITIES[versus['quantity']].label} against {in_words(versus['versus'])}"
        columns += [Column(f"{label} ({level})")]
    rows = tuple(_row(row, contrasts.frame) for row in answer.itertuples())
    caption = name_quantity(estimate, first["quantity"], first["endpoint"]) + day
    unit = f", {first['unit']}" if first["unit"] else ""
    note = f"The interval contains: {estimate.about.get('interval', 'not stated')}."
    sources = tuple(_sources(estimate, answer, contrasts))
    return Table(caption + unit, tuple(columns), rows, footnotes=(note,), sources=sources)


def _sources(estimate: Estimate, answer: pd.DataFrame, contrasts: Estimate) -> Iterator[Source]:
    """Yield what stands behind the columns of the answer, and behind that of the comparison."""
    about = {**estimate.about, "counted": "at the start"}
    yield Source(Estimate(answer, about), tuple(range(len(answer))), (2, 1))
    if len(contrasts):
        compared = {arm: row for row, arm in enumerate(contrasts.frame["arm"])}
        yield Source(contrasts, tuple(compared.get(arm, -1) for arm in answer["arm"]), (3,))


def _row(row: Any, contrasts: pd.DataFrame) -> tuple[str, ...]:
    counts = f"{spell_count(row.events)} / {spell_count(row.patients)}"
    cells = [sentence_case(row.arm), counts, _with_interval(row)]
    if len(contrasts):
        compared = next(contrasts[contrasts["arm"] == row.arm].itertuples(), None)
        cells += ["reference" if compared is None else _with_interval(compared)]
    return tuple(cells)


def _with_interval(row: Any) -> str:
    interval = spell_interval(row)
    return spell_value(row) if interval == NOT_KNOWN else f"{spell_value(row)} ({interval})"


def _warnings(estimates: Sequence[Estimate], answer: pd.DataFrame, study: Study) -> Iterator[str]:
    if {e.about.get("weighting", "none") for e in estimates} == {"none"}:
        came = "randomised" if study.is_randomised else "observed"
        yield f"The arms are compared as {came}; nothing is adjusted for."
    masked = sum(int(e.about.get("masked", 0)) for e in estimates)
    if masked:
        yield f"Small counts are hidden, in {masked:,} rows of the results."
    yield from islice(_unsteady(estimates, answer.iloc[0]), 1)
    yield from (str(note) for e in estimates for note in e.about.get("notes", ()))


def _few(warnings: list[str]) -> list[str]:
    """Return the first warnings, and say where the others stand."""
    if len(warnings) <= _MOST_WARNINGS + 1:
        return warnings
    return [*warnings[:_MOST_WARNINGS], "More notes stand beneath the tables of the page."]


def say_gate(estimate: Estimate, *, is_randomised: bool = False) -> str:
    """Say in one sentence whether the comparisons behind an estimate passed the design gate."""
    marks = estimate.about.get("gate", ())
    if not marks and is_randomised:
        return "Not asked: chance assigned the arms."
    if not marks:
        return "Not asked: the study file does not weigh the arms."
    pairs = dict.fromkeys((arm, versus) for arm, versus, *_ in marks)
    failed = dict.fromkeys((arm, versus) for arm, versus, *_, passes in marks if not passes)
    largest = max(found for _, _, mark, found, *_ in marks if mark == "largest_smd")
    found = f"the largest standardised difference after weighting is {largest:.2f}"
    n = len(pairs)
    if not failed:
        passed = "The comparison passes" if n == 1 else f"All {n} comparisons pass"
        return f"{passed}; {found}."
    named = listed([f"{in_words(a)} v {in_words(v)}" for a, v in failed], last="and")
    blocked = {frozenset(pair[:2]) for pair in estimate.about.get("blocked", ())}
    done = "blocked" if blocked else "shown all the same, for the reason in the study file"
    return f"{len(failed)} of {n} comparisons fail and are {done}: {named}; {found}."


def _unsteady(estimates: Sequence[Estimate], first: pd.Series) -> Iterator[str]:
    """Say of which arms the hazards are not proportional, for each estimate that tested it."""
    for estimate in estimates:
        frame = estimate.frame
        tests = frame[
            (frame["quantity"] == "proportional_hazards_p")
            & (frame["endpoint"] == first["endpoint"])
            & (frame["cause"] == first["cause"])
        ]
        small = tests[tests["value"] < _SMALL_P]
        if len(small):
            arms = ", ".join(f"{in_words(r.arm)} (p {_p(r.value)})" for r in small.itertuples())
            yield (
                f"The hazards are not proportional for {arms}: the hazard ratio is an average "
                "over follow-up, and the curves say more."
            )


def _p(value: float) -> str:
    text = spell_p(value)
    return text if text[0] in "<>" else f"= {text}"
