"""What random reports hold beside the follow-ups of one event: four further kinds of results.

Repeated events, treatment lines, groups of patients and one question asked in several ways. Each
is made by the package's own functions from the patients of the study.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd

from azaanalysis import (
    draw_lines,
    draw_mean_count,
    draw_specifications,
    draw_subgroups,
    estimate_mean_count,
    estimate_mean_count_difference,
    estimate_rate_ratio,
    estimate_rates,
    estimate_subgroups,
    estimate_ways,
    tabulate_estimate,
    tabulate_interactions,
    tabulate_lines,
    tabulate_specifications,
    tabulate_subgroups,
)
from azaanalysis.design import FollowUp, Subgroup, Way
from azaanalysis.estimate import ways as ways_module
from azaanalysis.study import Study

KINDS = ("repeated", "lines", "groups", "ways")
AT_DAY = 365.0
SHOWN_DAYS = (90.0, 180.0, 365.0)
GAPS = ("60", "30", "90", "180")
_TREATMENTS = ["azathioprine", "anti_tnf", "jak_inhibitor"]
_ENDS = ["still_on_it", "no_further_treatment", "died", "follow-up_ended"]


@dataclass
class Extra:
    """One further kind of results, with the patients behind it.

    ``followed`` are follow-ups by name: of repeated events, of each group, of each way; ``lines``
    the steps from treatment to treatment.
    """

    kind: str
    followed: dict[str, FollowUp] = field(default_factory=dict)
    lines: pd.DataFrame | None = None

    @property
    def notebook(self) -> str:
        """Name of its notebook."""
        return f"03_{'flare' if self.kind == 'repeated' else self.kind}"


def draw_extra(kind: str, base: FollowUp, rng: np.random.Generator) -> Extra:
    """Draw what a further kind of results needs, from the patients of a follow-up."""
    if kind == "repeated":
        return Extra(kind, {"flare": _repeat(base, rng)})
    if kind == "lines":
        return Extra(kind, lines=_draw_lines(base, rng))
    if kind == "groups":
        levels = base.frame["sex"].to_numpy(), base.frame["smoking"].fillna("not recorded")
        groups = {"Everybody": base}
        for trait, level in zip(("sex", "smoking"), levels, strict=True):
            named = np.asarray(level, dtype=object)
            groups |= {f"{trait}: {one}": _part(base, named == one) for one in sorted(set(named))}
        return Extra(kind, groups)
    return Extra(kind, {f"Gap (days) {gap}": _other_gap(base, gap, rng) for gap in GAPS})


def _about(base: FollowUp, frame: pd.DataFrame, **more: Any) -> FollowUp:
    return replace(base, frame=frame.reset_index(drop=True), **more)


def _part(base: FollowUp, rows: np.ndarray) -> FollowUp:
    return _about(base, base.frame[rows])


def _other_gap(base: FollowUp, gap: str, rng: np.random.Generator) -> FollowUp:
    """Change the end of a few, and leave a few out: what another gap or washout does."""
    frame = base.frame.copy()
    if gap == "60":
        return _about(base, frame)
    share = float(rng.choice([0.005, 0.02, 0.1]))
    moved = rng.random(len(frame)) < share
    frame.loc[moved, ["status", "n_events"]] = 0
    return _about(base, frame[rng.random(len(frame)) >= share])


def _repeat(base: FollowUp, rng: np.random.Generator) -> FollowUp:
    """Give patients flares of which they have several; the first cause but one ends follow-up."""
    rows = []
    mean = rng.uniform(0.1, 1.5)
    for place, (end, status) in enumerate(base.frame[["exit_days", "status"]].to_numpy()):
        days = np.unique(np.ceil(rng.uniform(0, end, rng.poisson(mean * end / 365))))
        days = days[(days > 0) & (days < end)]
        begins = np.append(0.0, days)
        last = 2 if status == 2 else 0
        rows += [(place, b, d, 1) for b, d in zip(begins[:-1], days, strict=True)]
        rows.append((place, begins[-1], end, last))
    cut = pd.DataFrame(rows, columns=["place", "entry_days", "exit_days", "status"])
    is_last = ~cut["place"].duplicated(keep="last").to_numpy()
    frame = base.frame.iloc[cut["place"]].reset_index(drop=True)
    frame[["entry_days", "exit_days"]] = cut[["entry_days", "exit_days"]]
    frame["status"] = cut["status"].astype("int64")
    frame["n_events"] = (cut["status"] == 1).astype("int64")
    frame["end_reason"] = pd.Categorical(np.where(is_last, "", "goes on in the next row"))
    frame["last_absent_days"] = frame["entry_days"]
    return _about(base, frame, endpoint="flare", causes=("flare", "death"))


def _draw_lines(base: FollowUp, rng: np.random.Generator) -> pd.DataFrame:
    """Draw what came after the first and the second treatment of each patient."""
    source, parts = base.frame["arm"].astype(str).to_numpy(), []
    for line in (1, 2):
        chances = rng.dirichlet(np.full(len(_TREATMENTS) + len(_ENDS), 0.5))
        target = rng.choice(_TREATMENTS + _ENDS, len(source), p=chances)
        target = np.where(target == source, "still_on_it", target)
        moved = pd.DataFrame({"source": source, "target": target})
        parts.append(moved.value_counts().rename("patients").reset_index().assign(line=line))
        source = target[np.isin(target, _TREATMENTS)]
    steps = pd.concat(parts, ignore_index=True)
    for column in ("source", "target"):
        steps[column] = pd.Categorical(steps[column], categories=_TREATMENTS + _ENDS)
    steps = steps.sort_values(["line", "source", "target"]).reset_index(drop=True)
    steps = steps[["line", "source", "target", "patients"]]
    steps.attrs = {"smallest_count": base.about["smallest_count"], "rules": (), "horizon_days": 365}
    return steps


def show_extra(extra: Extra, study: Study, cohort: str, kept: dict[str, Any]) -> Iterator[Any]:
    """Yield the tables and figures of a further kind; put its estimates into ``kept``."""
    about = {"study": study.hash, "cohort": cohort}
    followed = {n: replace(f, about={**f.about, **about}) for n, f in extra.followed.items()}
    if extra.kind == "repeated":
        yield from _show_repeated(followed["flare"], kept)
    elif extra.kind == "lines":
        yield tabulate_lines(extra.lines)
        yield draw_lines(extra.lines)
    elif extra.kind == "groups":
        within = estimate_subgroups(_as_groups(followed), at_day=AT_DAY)
        kept["within"] = within
        yield tabulate_subgroups(within)
        yield draw_subgroups(within)
        yield tabulate_interactions(within)
    else:
        asked = [Way("", n, study, choices=(("Gap (days)", n[11:]),)) for n in followed]
        with mock.patch.object(ways_module._Made, "_weigh", lambda _, way: followed[way.name]):
            curve = estimate_ways(None, asked, endpoint="infection", at_days=[AT_DAY])  # type: ignore[arg-type]
        kept["curve"] = curve
        yield tabulate_specifications(curve)
        yield draw_specifications(curve)


def _show_repeated(flares: FollowUp, kept: dict[str, Any]) -> Iterator[Any]:
    mean, rates = estimate_mean_count(flares), estimate_rates(flares)
    gaps = estimate_mean_count_difference(flares, at_days=SHOWN_DAYS)
    kept |= {"mean": mean, "rates": rates, "gaps": gaps, "ratio": estimate_rate_ratio(flares)}
    yield tabulate_estimate(mean.at(SHOWN_DAYS))
    yield tabulate_estimate(mean.at([60, 91, 200, 300]))
    yield tabulate_estimate(gaps)
    yield tabulate_estimate(rates)
    yield tabulate_estimate(kept["ratio"])
    yield draw_mean_count(mean)


def _as_groups(followed: dict[str, FollowUp]) -> list[Subgroup]:
    made = []
    for name, one in followed.items():
        trait, _, level = name.partition(": ")
        first = one.frame["arm"].value_counts()
        counts = tuple(int(first.get(arm, 0)) for arm in one.arms)
        k = int(one.about["smallest_count"])
        is_tested = level != "not recorded"
        made.append(
            Subgroup(trait, level, one, is_tested=is_tested, counts=counts, smallest_count=k)
        )
    return made
