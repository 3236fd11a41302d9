"""Time: immortal, of the calendar, to the horizon, and after treatment."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from azaanalysis.design.checks.finding import Finding, percent
from azaanalysis.design.checks.scene import Scene
from azaanalysis.design.days import NEVER, days_of
from azaanalysis.settings import ENDED_NOT_STOPPED, EventEndpoint, RecordedEndpoint
from azaanalysis.vocab import in_words

Array = np.ndarray

# A combination that is complete within a week is one decision.
_ONE_DECISION = 7
_SOME = 0.05
_NO_OVERLAP, _LITTLE_OVERLAP = 0.05, 0.3


def check_time(scene: Scene) -> Iterator[Finding]:
    """Find time that nobody could have the event in, and time that nobody could be seen in."""
    yield from _late_combinations(scene)
    yield from _recorded_before(scene)
    yield from _nobody_at_risk(scene)
    yield from _calendar(scene)
    yield from _horizons(scene)
    yield from _observation_ends_with_treatment(scene)
    yield from _before_diagnosis(scene)


def _late_combinations(scene: Scene) -> Iterator[Finding]:
    """Whose second drug comes later is known by it not to have stopped or died before."""
    comparison = scene.study.comparison
    if comparison.together_within_days <= _ONE_DECISION:
        return
    for code, (arm, parts) in enumerate(comparison.arms.items()):
        members = scene.arm == code
        if len(parts) < 2 or not members.any():
            continue
        late = float((_waited(scene, members) > _ONE_DECISION).mean())
        if late >= _SOME:
            yield Finding(
                "immortal_time",
                "error" if comparison.together_within_days > 30 else "warning",
                f"arm {in_words(arm)}, together_within_days: {comparison.together_within_days}",
                f"{percent(late)} took the first drug for more than a week before the second. "
                "Who stopped, died or had the event in between is counted in another arm, so "
                "the arms are told apart by what happened after the first supply.",
                "set together_within_days to 0, or compare strategies with a grace period by "
                "clone_censor_weight.",
            )


def _waited(scene: Scene, members: Array) -> Array:
    """Return the days from the first drug of a combination to its completion."""
    starts = scene.entrants.starts[members].assign(row=np.arange(int(members.sum())))
    begun = scene.courses.merge(starts, on="position")
    wait = begun["index_day"] - begun["start"]
    within = wait.between(0, scene.study.comparison.together_within_days)
    longest = wait[within].groupby(begun["row"][within]).max()
    return longest.reindex(starts["row"], fill_value=0).to_numpy()


def _recorded_before(scene: Scene) -> Iterator[Finding]:
    """Find recorded times that begin before the treatment, when nobody was treated."""
    times = scene.cohort.tables.get("times")
    for name, settings in scene.study.endpoints.items():
        if times is None or not isinstance(settings, RecordedEndpoint):
            continue
        rank, rows = scene.entrants.rows("times")
        wanted = (times["endpoint"] == settings.parameter).to_numpy()[rows]
        begun = days_of(times["start_date"])[rows[wanted]]
        wait = scene.entrants.index_day[rank[wanted]] - begun
        if (wait > 0).any():
            yield Finding(
                "immortal_time",
                "error",
                f"endpoint {in_words(name)}",
                f"{percent(float((wait > 0).mean()))} of the recorded times begin before the "
                f"first supply, by {np.median(wait[wait > 0]):.0f} days in the middle. Until "
                "then nobody could have the event as a user of the drug.",
                "count the times from the first supply, or treat the drug as time-varying.",
            )


def _nobody_at_risk(scene: Scene) -> Iterator[Finding]:
    """Find arms in which nothing happens at first, while in the others it does."""
    for name, settings in scene.study.endpoints.items():
        is_dated = isinstance(settings, EventEndpoint | RecordedEndpoint)
        if not is_dated or name not in scene.follow_ups:
            continue
        frame = scene.follow_ups[name].frame
        arm, days = frame["arm"].cat.codes.to_numpy(), frame["exit_days"].to_numpy()
        has_event = (frame["status"] > 0).to_numpy()
        is_own = frame["status"].between(1, scene.follow_ups[name].n_own)
        found = find_empty_beginning(arm, days, has_event, len(scene.arms))
        for code, day, expected in found:
            if not is_own[arm == code].any():
                continue  # the endpoint belongs to the other drugs: pancreatitis is one of these
            yield Finding(
                "immortal_time",
                "error",
                f"endpoint {in_words(name)}, arm {in_words(scene.arms[code])}",
                f"in the first {day:.0f} days nothing happened, where {expected:.0f} events "
                "would be expected from the other arms. Who had one was left out beforehand.",
                "find the rule by which patients came into the data (for example 'treated for at "
                "least three months'), and count from that day, or keep everybody.",
            )


def find_empty_beginning(
    arm: Array, days: Array, has_event: Array, n_arms: int
) -> Iterator[tuple[int, float, float]]:
    """Return arms with no event before their first, where others make eight or more expected.

    If eight are expected by chance, none is seen in one of 3,000 studies.
    """
    for code in range(n_arms):
        own, other = arm == code, arm != code
        if not (own & has_event).any() or not other.any():
            continue
        first = days[own & has_event].min()
        early = np.mean(has_event[other] & (days[other] < first))
        expected = float(early * own.sum())
        if first >= 14 and expected >= 8:
            yield code, float(first), expected


def _calendar(scene: Scene) -> Iterator[Finding]:
    """Arms started in other years were treated in another time."""
    reference = scene.arms.index(scene.study.comparison.reference)
    day = scene.entrants.index_day
    for code in (c for c in scene.big if c != reference and reference in scene.big):
        overlap = min(
            _inside(day[scene.arm == code], day[scene.arm == reference]),
            _inside(day[scene.arm == reference], day[scene.arm == code]),
        )
        if overlap < _LITTLE_OVERLAP:
            never = overlap < _NO_OVERLAP
            yield Finding(
                "no_calendar_overlap",
                "error" if never else "warning",
                f"{in_words(scene.arms[code])} and {in_words(scene.arms[reference])}",
                "the arms were hardly ever started in the same years"
                if never
                else f"only {percent(overlap)} were started in years in which both arms were.",
                "restrict the calendar (population: started) to years in which both were "
                "available, or adjust for index_year.",
            )


def _inside(days: Array, others: Array) -> float:
    """Return the share of days that lie where others do (but for one in a hundred each side)."""
    low, high = np.quantile(others, [0.01, 0.99])
    return float(np.mean((days >= low) & (days <= high)))


def _horizons(scene: Scene) -> Iterator[Finding]:
    """Nothing can be said about days on which nobody was observed."""
    for name in scene.study.endpoints:
        horizon = scene.study.horizon_of(name)
        reach = scene.potential_days >= horizon
        if not reach.any():
            found = f"nobody was observed for longer than {scene.potential_days.max():,} days."
        elif scene.big and (shares := scene.share(reach)[scene.big]).min() < _SOME:
            arm = in_words(scene.arms[scene.big[int(np.argmin(shares))]])
            found = f"only {percent(shares.min())} of {arm} could be observed so long."
        else:
            continue
        yield Finding(
            "horizon_beyond_data",
            "warning",
            f"endpoint {in_words(name)}, horizon_days: {horizon}",
            found,
            "choose a horizon that a fair share of every arm could reach, or show only days that "
            "they could.",
        )
    days = scene.study.show.at_days
    if days and min(days) > max(map(scene.study.horizon_of, scene.study.endpoints)):
        yield Finding(
            "days_beyond_horizon",
            "error",
            "show: at_days",
            "all days to be shown lie beyond the horizon.",
            "show days within the horizon.",
        )


def _observation_ends_with_treatment(scene: Scene) -> Iterator[Finding]:
    """Where observation ends with the drug, nothing that follows can be seen."""
    study = scene.study
    needs_more = [
        name
        for name, settings in study.endpoints.items()
        if not isinstance(settings, RecordedEndpoint)
        and (study.strategy_of(name) == "as_started" or settings.lag_days)
    ]
    treatment, observed_to = scene.entrants.treatment, scene.entrants.observed_to
    ended = treatment.stop_day < NEVER
    ended &= ~np.isin(treatment.reason, (*ENDED_NOT_STOPPED, "death"))
    if not needs_more or ended.sum() < 20:
        return
    share = float(np.mean(np.abs(observed_to - treatment.stop_day)[ended] <= 1))
    if share >= 0.5:
        yield Finding(
            "observation_ends_with_treatment",
            "warning",
            f"endpoint {in_words(needs_more[0])}",
            f"for {percent(share)} of those who stopped, observation ends on that day, so that "
            "nothing after stopping can be seen.",
            "make observed_to the last day on which an event would be known, whatever the drug; "
            "or ask for events on treatment only.",
        )


def _before_diagnosis(scene: Scene) -> Iterator[Finding]:
    if "diagnosis_date" not in scene.cohort.patients or scene.study.population.is_diagnosed:
        return
    diagnosed = days_of(scene.entrants.patients["diagnosis_date"])
    early = (diagnosed < NEVER) & (diagnosed > scene.entrants.index_day)
    if early.mean() >= 0.02:
        yield Finding(
            "treated_before_diagnosis",
            "warning",
            "diagnosis_date",
            f"{percent(float(early.mean()))} were diagnosed after time zero: who belongs to the "
            "disease is decided by what came later.",
            "set population: is_diagnosed, or correct the dates.",
        )
