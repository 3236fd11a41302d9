"""Comparisons within groups as tables."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from azaanalysis.disclosure import smallest_count_of
from azaanalysis.display.basis import TESTS
from azaanalysis.display.numbers import HIDDEN, spell_interval, spell_level, spell_value
from azaanalysis.display.source import Source
from azaanalysis.display.subgroup_rows import NOT_COMPARED, TEST_OF, SubgroupRows, name_trait
from azaanalysis.display.summaries import masked_footnotes, spell_marked
from azaanalysis.display.table import Column, Table
from azaanalysis.result import Estimate
from azaanalysis.vocab import in_words, sentence_case


def tabulate_subgroups(estimate: Estimate, *, digits: int = 1, caption: str = "") -> Table:
    """Tabulate comparisons within groups, small counts suppressed first.

    Parameters
    ----------
    estimate
        The result of ``estimate_subgroups``.
    digits
        Decimals of percentages.
    caption
        Words above the table, in place of the usual ones.

    Raises
    ------
    EstimationError
        If the estimate has no subgroups.
    """
    ready = SubgroupRows.of(estimate)
    interval = sentence_case(spell_level(estimate.about))
    columns = (
        *(Column("Group", is_number=False), Column("Events / patients")),
        *(Column("Points", group="Difference"), Column(interval, group="Difference")),
        *(Column("Ratio", group="Ratio"), Column(interval, group="Ratio")),
        *(
            Column("Differences", group="p, levels alike"),
            Column("Ratios", group="p, levels alike"),
        ),
    )
    rows, headings = [], []
    for arm in ready.arms:
        seen: set[str] = set()
        for name, trait, level in ready.groups:
            tests = ["", ""] if trait in seen else _p_values(ready, trait, arm)
            seen.add(trait)
            label = ": ".join(filter(None, (name_trait(trait), in_words(level))))
            rows.append((label, *_cells(ready, name, arm, digits), *tests))
            headings.append(f"{sentence_case(arm)} v {in_words(ready.reference)}")
    day = f" by day {estimate.about['at_day']:,.0f}"
    usual = f"{estimate.about.get('endpoint_label', 'Risk')!s}{day}, compared within groups"
    notes = tuple(_footnotes(ready))
    sources = _sources(ready)
    return Table(caption or usual, columns, tuple(rows), tuple(headings), notes, sources=sources)


def _sources(ready: SubgroupRows) -> tuple[Source, ...]:
    """Return what stands behind differences, ratios and p values, row by row."""
    keys = [(name, arm) for arm in ready.arms for name, *_ in ready.groups]
    traits = [trait for _, trait, _ in ready.groups]
    # A p value stands beside the first level of its trait only.
    first = [trait if trait not in traits[:i] else "" for i, trait in enumerate(traits)]
    tested = [(trait, arm) for arm in ready.arms for trait in first]
    return tuple(
        Source(ready.shown, ready.places(of_rows, quantity), columns)
        for of_rows, quantity, columns in (
            (keys, "risk_difference", (2, 3)),
            (keys, "risk_ratio", (4, 5)),
            (tested, "difference_interaction_p", (6,)),
            (tested, "ratio_interaction_p", (7,)),
        )
    )


def _p_values(ready: SubgroupRows, trait: str, arm: str) -> list[str]:
    return [ready.p(trait, arm, quantity) for quantity in TEST_OF.values()]


def _cells(ready: SubgroupRows, name: str, arm: str, digits: int) -> tuple[str, ...]:
    gap, ratio = (ready.row(name, arm, quantity) for quantity in TEST_OF)
    if gap is None:
        return ("", NOT_COMPARED, "", NOT_COMPARED, "")
    k = smallest_count_of(ready.estimate)
    counts = " / ".join(
        (
            spell_marked(gap.events, gap.events_mark, k),
            spell_marked(gap.patients, gap.patients_mark, k),
        )
    )
    cells = [counts]
    for row in (gap, ratio):
        if pd.isna(row.value):
            cells += [HIDDEN if row.was_known else NOT_COMPARED, ""]
        else:
            value = spell_value(row, digits=digits).rstrip("%")
            cells += [value, spell_interval(row, digits=digits)]
    return tuple(cells)


def _footnotes(ready: SubgroupRows) -> Iterator[str]:
    about = ready.estimate.about
    yield (
        f"{sentence_case(str(about['method']))}; intervals contain: {about.get('interval', '')}. "
        "p: of the test that the comparison is alike in all levels; levels that were not recorded "
        "take no part."
    )
    reasons: dict[str, list[str]] = {}
    for name, arm, reason in about["refused"]:
        group = ": ".join(in_words(part.removeprefix("has_")) for part in name.split(": "))
        reasons.setdefault(reason.rstrip("."), []).append(
            f"{group} ({in_words(arm)})" if arm else group
        )
    for reason, names in reasons.items():
        yield f"Not compared, because {reason[:1].lower()}{reason[1:]}: {'; '.join(names)}."
    marks = ready.rows
    k = smallest_count_of(ready.estimate)
    yield from masked_footnotes(marks["patients_mark"], marks["events_mark"], smallest_count=k)
    yield from about.get("notes", ())


_CONTRASTS = {"difference_of_differences": (1, 2), "ratio_of_ratios": (3, 4)}
_TESTS = {"difference_interaction_p": (5,), "difference_interaction_p_holm": (6,)}


def tabulate_interactions(estimate: Estimate, *, digits: int = 1, caption: str = "") -> Table:
    """Tabulate by how much groups differ, with the tests and what their number does to them.

    Parameters
    ----------
    estimate, digits, caption
        As in ``tabulate_subgroups``.
    """
    ready = SubgroupRows.of(estimate)
    interval = sentence_case(spell_level(estimate.about))
    columns = (
        Column("Groups", is_number=False),
        *(Column("Points", group="Difference of differences"),),
        *(Column(interval, group="Difference of differences"),),
        *(Column("Ratio", group="Ratio of ratios"), Column(interval, group="Ratio of ratios")),
        *(Column("p"), Column("p after Holm")),
    )
    contrasts = ready.rows[ready.rows["quantity"] == "difference_of_differences"]
    rows, headings, seen = [], [], set()
    tested: list[tuple[str, str]] = []
    for row in contrasts.itertuples():
        trait, levels = str(row.endpoint).split(": ", 1)
        arm, place = str(row.arm), (trait, str(row.arm))
        ratio = ready.row(str(row.endpoint), arm, "ratio_of_ratios")
        tests = ["", ""]
        if place not in seen:
            tests = [ready.p(trait, arm, word) for word in _TESTS]
        tested.append(("", "") if place in seen else place)
        seen.add(place)
        cells = [
            spell_value(row, digits=digits).rstrip("%"),
            spell_interval(row, digits=digits),
            *(("", "") if ratio is None else (spell_value(ratio), spell_interval(ratio))),
        ]
        rows.append((f"{name_trait(trait)}: {in_words(levels)}", *cells, *tests))
        headings.append(f"{sentence_case(arm)} v {in_words(ready.reference)}")
    order = sorted(range(len(rows)), key=lambda i: ready.arms.index(contrasts["arm"].iloc[i]))
    keys = [(contrasts["endpoint"].iloc[i], contrasts["arm"].iloc[i]) for i in order]
    return Table(
        caption or "By how much the groups differ",
        columns,
        tuple(rows[i] for i in order),
        tuple(headings[i] for i in order),
        _how_many(ready),
        sources=tuple(_behind_contrasts(ready, keys, [tested[i] for i in order])),
        basis=TESTS,
    )


def _behind_contrasts(
    ready: SubgroupRows, keys: list[tuple[str, str]], tested: list[tuple[str, str]]
) -> Iterator[Source]:
    """Yield what stands behind contrasts, and behind the tests, which stand once for a trait."""
    for asked, columns_of in ((keys, _CONTRASTS), (tested, _TESTS)):
        for quantity, columns in columns_of.items():
            if asked:
                yield Source(ready.shown, ready.places(asked, quantity), columns)


def _how_many(ready: SubgroupRows) -> tuple[str, ...]:
    n = int((ready.rows["quantity"] == "difference_interaction_p").sum())
    if not n:
        return ("No trait has two levels that could be compared, so nothing was tested.",)
    made = "1 test was made" if n == 1 else f"{n} tests were made"
    return (
        f"{made}. If no group differed, {n / 20:.1f} of them would be expected to "
        "have p below 0.05 by chance. p: on the scale of differences; Holm's adjustment keeps the "
        "chance of any false alarm among them at the level.",
    )
