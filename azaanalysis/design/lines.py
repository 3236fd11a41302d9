"""Lines of treatment: what each patient took, one line after the other, by stated rules."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from azaanalysis.cohort import Cohort
from azaanalysis.design.days import NEVER, days_of, in_order, starts_group
from azaanalysis.design.entrants import Entrants, find_entrants
from azaanalysis.design.spells import end_at_switch, find_spells, number_parts
from azaanalysis.design.starts import components_of
from azaanalysis.design.treatment import OVERLAP_DAYS
from azaanalysis.errors import DesignError
from azaanalysis.settings import ENDED_NOT_STOPPED, Comparison
from azaanalysis.study import Study
from azaanalysis.vocab import COMPANION_CLASSES

Array = np.ndarray
# A supply that hardly began says more of the prescription than of the treatment.
SHORTEST_DAYS = 14
OTHER_COMBINATION = "another_combination"


@dataclass(frozen=True, eq=False)
class Lines:
    """The lines of treatment of the patients who entered a comparison.

    Parameters
    ----------
    frame
        One row per line, in order of patient and time: ``rank`` (place among the entrants),
        ``line`` (1 is the first), ``regimen`` (categorical), ``begin_days`` and ``end_days`` since
        time zero (first and last day; infinite if it went on).
    last_days
        For each entrant the last day since time zero on which something could be seen.
    is_dead
        For each entrant whether that day is the day of death.
    patient_id
        Names of the entrants, as in the follow-up.
    """

    frame: pd.DataFrame
    last_days: Array
    is_dead: Array
    patient_id: pd.Series

    def nth(self, line: int) -> pd.DataFrame:
        """Return the rows of one line, by rank."""
        return self.frame[self.frame["line"] == line].set_index("rank")


def find_lines(cohort: Cohort, study: Study, *, shortest_days: int = SHORTEST_DAYS) -> Lines:
    """Find the lines of treatment of everybody who enters the comparison.

    Parameters
    ----------
    cohort, study
        As in ``follow``.
    shortest_days
        A later line of fewer days is passed over; the first line always counts.

    Returns
    -------
    Lines
        ``describe_lines`` says the rules in words.

    Raises
    ------
    DesignError
        If a patient enters more than once, or ``shortest_days`` is below 1.
    """
    if shortest_days < 1:
        raise DesignError(f"shortest_days is 1 (every line counts) or more; got {shortest_days}.")
    entrants = find_entrants(cohort, study)
    if not entrants.starts["position"].is_unique:
        raise DesignError(
            "Lines of treatment are counted from the first start of each patient, and here some "
            "enter more than once. Follow with entry: first."
        )
    part_of, names = _parts(entrants)
    pieces = _pieces(_spells_since_start(entrants, part_of))
    lines = _joined(_long_enough(pieces, shortest_days), study.comparison.permissible_gap_days)
    regimens, codes = _regimens(lines["in_use"].to_numpy(), names, study.comparison)
    zero = entrants.index_day[lines["rank"]]
    last, is_open = _seen_until(entrants, lines)
    end = np.where(is_open, np.inf, lines["until"] - 1.0 - zero)
    frame = pd.DataFrame(
        {
            "rank": lines["rank"],
            "line": lines.groupby("rank").cumcount() + 1,
            "regimen": pd.Categorical.from_codes(codes, categories=pd.Index(regimens)),
            "begin_days": (lines["begin"] - zero).astype("float64"),
            "end_days": end,
        }
    )
    since = (last - entrants.index_day).astype("float64")
    return Lines(frame, since, entrants.death_day <= last, entrants.patients["patient_id"])


def describe_lines(study: Study, *, shortest_days: int = SHORTEST_DAYS) -> tuple[str, ...]:
    """Say the rules by which lines of treatment are read, one sentence each."""
    gap = study.comparison.permissible_gap_days
    return (
        "Drugs of one class are one treatment, so that changing between them is no new line.",
        f"Supplies no more than {gap} days apart belong together, and the same treatment after a "
        "longer gap is a new line.",
        f"Treatments that overlap by {OVERLAP_DAYS} days or more are a combination; a shorter "
        "overlap is a switch.",
        "A line ends when a treatment is added to it, taken from it, or stopped.",
        f"A later line of fewer than {shortest_days} days is passed over.",
        "A treatment that ended as planned, for administrative reasons or because the patient was "
        "lost was not given up: nobody is followed beyond such an end.",
        "What was in use before the first line and is no study drug is not counted, and neither is "
        "a drug that only changes how another is broken down, such as allopurinol.",
    )


def _parts(entrants: Entrants) -> tuple[dict[str, int], list[str]]:
    """Return the number of each drug's part and the parts' names, those of the arms first.

    Drugs that no arm names go by their class; those that only change how another drug is broken
    down are no part.
    """
    part_of, names = number_parts(entrants), list(components_of(entrants.comparison))
    classes = entrants.cohort.drug_classes
    for drug in [drug for drug, part in part_of.items() if part < 0]:
        name = classes.get(drug, drug)
        if name in COMPANION_CLASSES:
            continue
        if name not in names:
            names.append(name)
        part_of[drug] = names.index(name)
    return part_of, names


def _spells_since_start(entrants: Entrants, part_of: dict[str, int]) -> pd.DataFrame:
    """Return spells from time zero on: ``rank part begin until`` (the first day after it)."""
    spells = find_spells(entrants, part_of, is_cut=True)
    ended = end_at_switch(spells)
    is_switch = ended["end"].to_numpy() < spells["end"].to_numpy()
    return ended.assign(until=ended["end"] + np.where(is_switch, 0, 1))


def _pieces(spells: pd.DataFrame) -> pd.DataFrame:
    """Return the stretches with the same treatments: ``rank begin until in_use``."""
    bit = 2 ** spells["part"].to_numpy()
    rank = np.concatenate([spells["rank"], spells["rank"]])
    day = np.concatenate([spells["begin"], spells["until"]])
    order = in_order(rank, day)
    rank, day = rank[order], day[order]
    in_use = np.cumsum(np.concatenate([bit, -bit])[order])
    # Of several changes on one day the last holds.
    is_last = np.append((rank[1:] != rank[:-1]) | (day[1:] != day[:-1]), True)
    rank, day, in_use = rank[is_last], day[is_last], in_use[is_last]
    until = np.append(day[1:], NEVER)
    pieces = pd.DataFrame({"rank": rank, "begin": day, "until": until, "in_use": in_use})
    # After the last change of a patient, which takes everything away, nothing is in use.
    return pieces[pieces["in_use"] > 0]


def _long_enough(pieces: pd.DataFrame, shortest_days: int) -> pd.DataFrame:
    is_first = starts_group(pieces["rank"].to_numpy())
    return pieces[is_first | (pieces["until"] - pieces["begin"] >= shortest_days)]


def _joined(pieces: pd.DataFrame, gap_days: int) -> pd.DataFrame:
    """Join stretches of one regimen that were parted by something too short to be a line."""
    rank, in_use = pieces["rank"].to_numpy(), pieces["in_use"].to_numpy()
    gap = pieces["begin"].to_numpy() - np.append(0, pieces["until"].to_numpy()[:-1])[: len(rank)]
    is_same = ~starts_group(rank) & (in_use == np.append(-1, in_use[:-1])[: len(rank)])
    number = np.cumsum(~(is_same & (gap <= gap_days)))
    kept = {"rank": "first", "begin": "min", "until": "max", "in_use": "first"}
    return pieces.groupby(number).agg(kept).reset_index(drop=True)


def _seen_until(entrants: Entrants, lines: pd.DataFrame) -> tuple[Array, Array]:
    """Return the last day on which each start can be followed, and which lines went on then.

    A last line that ended without having been given up goes on for all that is known.
    """
    last = np.minimum(entrants.observed_to, entrants.death_day)
    is_open = lines["until"].to_numpy() > NEVER
    courses = entrants.cohort.courses
    if "stop_reason" in courses:
        rank, rows = entrants.rows("courses")
        planned = courses["stop_reason"].isin(ENDED_NOT_STOPPED).to_numpy()[rows]
        planned_end = days_of(courses["stop_date"])[rows[planned]]
        ends = pd.Index(rank[planned] * (4 * NEVER) + planned_end)
        is_last = np.append(starts_group(lines["rank"].to_numpy())[1:], True)
        at = lines["rank"].to_numpy() * (4 * NEVER) + lines["until"].to_numpy() - 1
        is_planned = is_last & ~is_open & np.isin(at, ends)
        place = lines["rank"].to_numpy()[is_planned]
        last[place] = np.minimum(last[place], lines["until"].to_numpy()[is_planned] - 1)
        is_open = is_open | is_planned
    return last, is_open


def _regimens(in_use: Array, parts: list[str], comparison: Comparison) -> tuple[list[str], Array]:
    """Name what is in use: an arm, a single treatment, or another combination of several."""
    named = {sum(2 ** parts.index(p) for p in own): arm for arm, own in comparison.arms.items()}
    for number, part in enumerate(parts):
        named.setdefault(2**number, part)
    order = [*dict.fromkeys(named.values()), OTHER_COMBINATION]
    values, inverse = np.unique(in_use, return_inverse=True)
    of_value = [order.index(named.get(int(value), OTHER_COMBINATION)) for value in values]
    return order, np.array(of_value, dtype=np.int64)[inverse]
