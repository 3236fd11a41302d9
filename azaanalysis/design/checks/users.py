"""Who the new users are: washout, supplies, refills, lines of treatment, sizes of the arms."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from azaanalysis.design.checks.finding import Finding, percent
from azaanalysis.design.checks.scene import Scene
from azaanalysis.design.days import NEVER, days_of
from azaanalysis.vocab import in_words

# A look-back of a year is usual; use within it is recent use.
_YEAR = 365
_FEW_PREVALENT, _PILE_UP, _ALL = 0.02, 0.2, 0.95
_SMALL_ARM = 10
_OTHER_LINE, _NO_SHARED_LINE = 0.5, 0.9
_MOST_LOST = 0.8


def check_users(scene: Scene) -> Iterator[Finding]:
    """Find faults in who counts as a new user of what."""
    yield from _prevalent_users(scene)
    yield from _pile_up(scene)
    yield from _washout(scene)
    yield from _refills(scene)
    yield from _lines(scene)
    yield from _sizes(scene)
    yield from _lost_at_one_step(scene)


def _prevalent_users(scene: Scene) -> Iterator[Finding]:
    """Starters who used the class shortly before: what they could not bear is behind them."""
    washout = scene.study.comparison.washout_days
    since = scene.entrants.index_day - scene.entrants.starts["last_use"].to_numpy()
    recent = since <= _YEAR
    if washout >= _YEAR or recent.mean() < _FEW_PREVALENT:
        return
    yield Finding(
        "prevalent_users",
        "error" if washout < 90 else "warning",
        f"washout_days: {washout}",
        f"{percent(recent.mean())} of the starters had used the same class in the year before.",
        "ask for a longer washout (365 days is usual), so that nobody enters who has already "
        "shown to bear the drug.",
    )


def _pile_up(scene: Scene) -> Iterator[Finding]:
    """Find starts heaped on the first days of observation: treatments that went on."""
    begin = days_of(scene.entrants.patients["observed_from"])
    early = scene.entrants.index_day - begin <= 30
    if scene.study.comparison.washout_days > 30 or not _PILE_UP < early.mean() < _ALL:
        return
    yield Finding(
        "prevalent_users",
        "error",
        f"washout_days: {scene.study.comparison.washout_days}",
        f"{percent(early.mean())} of the starts fall into the first 30 days of observation, so "
        "many of them began before they could be seen.",
        "ask for a washout, so that a start is preceded by observed time without the drug.",
    )


def _washout(scene: Scene) -> Iterator[Finding]:
    """Find supplies begun before observation that may last beyond the washout."""
    washout, courses = scene.study.comparison.washout_days, scene.courses
    if not scene.are_dispensings:
        return
    length = (courses["stop"] - courses["start"] + 1)[courses["stop"] < NEVER]
    longest = float(np.quantile(length, 0.95)) if len(length) else 0.0
    if longest > washout:
        yield Finding(
            "washout_shorter_than_supply",
            "error",
            f"washout_days: {washout}",
            f"one supply in twenty lasts {longest:.0f} days or more, so that a user may be "
            "taken for a new one at the next refill.",
            f"ask for a washout of at least {longest:.0f} days.",
        )


def _refills(scene: Scene) -> Iterator[Finding]:
    """Find a gap that ordinary refills exceed, so that it ends treatments that went on."""
    permitted = scene.study.comparison.permissible_gap_days
    gaps = scene.gaps[(scene.gaps > 0) & (scene.gaps <= 180)]
    if not scene.are_dispensings or len(gaps) < 20:
        return
    usual = float(np.quantile(gaps, 0.75))
    # Only if it concerns many refills: gaps are rare where patients refill before they run out.
    concerned = np.mean(scene.gaps[scene.gaps >= 0] > permitted)
    if usual > permitted and concerned >= 0.1:
        yield Finding(
            "gap_shorter_than_refill",
            "warning",
            f"permissible_gap_days: {permitted}",
            f"{percent(float(concerned))} of the refills come later than that; a quarter of the "
            f"gaps are longer than {usual:.0f} days. Treatments that go on are taken for stopped.",
            f"permit gaps of at least {usual:.0f} days, and show how results change with the gap.",
        )


def _lines(scene: Scene) -> Iterator[Finding]:
    """Arms of another line of treatment are other patients."""
    earlier = scene.earlier_biologics
    if not len(scene.big) > 1 or np.isnan(earlier).mean() > 0.5:
        return
    shares = scene.share(earlier >= 1)[scene.big]
    low, high = (scene.big[int(pick(shares))] for pick in (np.argmin, np.argmax))
    apart = float(shares.max() - shares.min())
    is_adjusted = "prior_biologics" in scene.study.covariates
    if apart < (_NO_SHARED_LINE if is_adjusted else _OTHER_LINE):
        return
    yield Finding(
        "comparator_of_another_line",
        "error" if apart >= _NO_SHARED_LINE else "warning",
        f"{in_words(scene.arms[high])} and {in_words(scene.arms[low])}",
        f"{percent(shares.max())} of the one and {percent(shares.min())} of the other had a "
        "biologic or a JAK inhibitor before. Those who failed earlier drugs are other patients.",
        "restrict the population to one line (population: prior_biologics), or adjust for it.",
    )


def _sizes(scene: Scene) -> Iterator[Finding]:
    for arm, size in zip(scene.arms, scene.sizes, strict=True):
        if size == 0:
            yield Finding(
                "empty_arm",
                "error",
                in_words(arm),
                "nobody entered this arm.",
                "look in the attrition table where its patients left, or take the arm out.",
            )
        elif size < _SMALL_ARM:
            yield Finding(
                "small_arm",
                "warning",
                in_words(arm),
                f"fewer than {_SMALL_ARM} patients entered this arm.",
                "expect intervals that say nothing; put arms together, or take this one out.",
            )


def _lost_at_one_step(scene: Scene) -> Iterator[Finding]:
    """Find a criterion that removes nearly everybody: it is seldom meant."""
    steps = scene.entrants.attrition.to_frame(smallest_count=1)
    everybody = steps[steps["arm"] == ""]
    before = (everybody["patients"] + everybody["left"]).astype("float64")
    lost = everybody["left"].astype("float64") / before.where(before > 0, 1.0)
    for step, share, n in zip(everybody["step"], lost, before, strict=True):
        if share > _MOST_LOST and n >= 50 and step != "Started a study drug":
            yield Finding(
                "lost_at_one_step",
                "warning",
                f"step '{step}'",
                f"{percent(share)} of those who came so far left at this step.",
                "make sure that the criterion is meant, and that its column is filled.",
            )
