"""How much of a risk has come early: its share that was met by a day."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.errors import EstimationError
from azaanalysis.estimate.cells import Array
from azaanalysis.estimate.compare import (
    Plan,
    Question,
    Reading,
    answer,
    errors_of_influence,
    observed_until,
    on_days,
)
from azaanalysis.estimate.curve_limits import NOTHING
from azaanalysis.estimate.grid import Grid
from azaanalysis.estimate.limits import Numbers
from azaanalysis.estimate.readings import Arms
from azaanalysis.estimate.refusals import refuse_level, sound_days
from azaanalysis.estimate.resample import USUAL, Resampling
from azaanalysis.estimate.tally import RiskTable, tally
from azaanalysis.estimate.variance import Chosen, Variance
from azaanalysis.result import Estimate
from azaanalysis.vocab import in_words, sentence_case


def estimate_early_share(
    follow_up: FollowUp | RiskTable,
    *,
    by_days: Sequence[float],
    until_day: float | None = None,
    level: float = 0.95,
    variance: Variance = "auto",
    resampling: Resampling = USUAL,
) -> Estimate:
    """Estimate which share of the risk of each cause has come by a day.

    The cumulative incidence by that day over the one at the end: near one for a harm that comes
    in the first weeks or never, and the share of the time gone by for one that comes any day.

    Parameters
    ----------
    follow_up
        One row per patient, or its risk table.
    by_days
        Days since time zero.
    until_day
        The end: the last day on which all arms are observed if None.
    level, variance, resampling
        As in ``estimate_risk_difference``.

    Returns
    -------
    Estimate
        For each own cause, arm and day one row ``early_share``, between 0 and 1; ``unit`` names
        the end. ``events`` are those by the day, ``patients`` all of the arm. An arm without an
        event by the end has no share, and a note says so.

    Raises
    ------
    EstimationError
        If a day lies beyond the end, or the end beyond what all arms were observed for; if
        ``level`` is not a proportion, or the variance cannot be had.

    Notes
    -----
    The interval is symmetric on the logit scale; the errors of both incidences, which come from the
    same patients, are taken together through their influence functions. Where all events of
    an arm came by the day, or none did, one limit is exact for their (effective) number (Clopper
    and Pearson, 1934, Biometrika 26:404-413). A share says when a harm comes, not how often.
    """
    refuse_level(level)
    sound_days(by_days)
    table = tally(follow_up)
    end = _sound_end(table, by_days, until_day)
    days = on_days([*by_days, end])
    readings = [Reading(cause, by_days, days) for cause in range(1, table.n_own + 1)]
    names = ["early_share"] * len(readings)
    question = Question(readings, _logits, names, is_contrast=False, back=expit)
    made = answer(follow_up, table, [question], Plan(level, variance, resampling=resampling))
    frame = pd.DataFrame([_at_the_edge(row, table, end, level) for _, row in made.frame.iterrows()])
    empty = frame.loc[frame["value"].isna(), ["cause", "arm"]].drop_duplicates()
    notes = [
        f"{sentence_case(arm)} had no {in_words(cause)} by day {end:,.0f}, and no share of it."
        for cause, arm in empty.itertuples(index=False, name=None)
    ]
    # What may be shown depends on what may be shown of the end.
    words = {"method": f"Aalen-Johansen risk by the day over that by day {end:,.0f}"}
    made = made.with_about(**words, until_day=end, notes=(*made.about["notes"], *notes))
    return Estimate(frame.assign(unit=f"of that by day {end:,.0f}"), made.about)


def _sound_end(table: RiskTable, by_days: Sequence[float], until_day: float | None) -> float:
    """Return the day that ends the risk; refuse one that some arm or some day does not reach."""
    observed = min(float(Grid.of(table, arm).days[-1]) for arm in table.arms)
    end = observed if until_day is None else until_day
    if end > observed:
        raise EstimationError(
            f"until_day is {end:g}, but not all arms were observed for longer than {observed:g} "
            "days. Choose an earlier end."
        )
    if max(by_days) > end:
        raise EstimationError(
            f"Day {max(by_days):g} lies beyond the end of the risk, day {end:g}. Choose days "
            "before it, or a later until_day."
        )
    return end


def _logits(arms: Arms, reading: Reading, chosen: Chosen) -> Numbers:
    """Return the logits of the shares, shape (arms, days); missing where a share is 0 or 1."""
    read = arms.read(reading.cause, reading.factors)
    risk = np.where(read.value > NOTHING, read.value, np.nan)
    share: Array = risk[:, :-1] / risk[:, -1:]
    inside = np.where(share < 1 - NOTHING, share, np.nan)
    relative = read.influence / risk[:, None, :]
    # d logit(p) = d log(p) / (1 - p)
    influence = (relative[..., :-1] - relative[..., -1:]) / (1 - inside)[:, None, :]
    return Numbers(logit(inside), errors_of_influence(arms.table, influence, chosen))


def _at_the_edge(row: pd.Series, table: RiskTable, end: float, level: float) -> pd.Series:
    """Give a share of none or of all its exact limits."""
    cause, arms = table.causes.index(row["cause"]) + 1, [row["arm"]]
    early = observed_until(table, arms, cause, row["at_days"])["events"]
    total = observed_until(table, arms, cause, end)["events"]
    if not total or 0 < early < total:
        return row
    # Of n events all came early: the smallest share p that agrees has p^n = alpha / 2.
    reach = ((1 - level) / 2) ** (1 / _effective_events(table, row["arm"], cause, end))
    is_all = early == total
    limits = (reach, 1.0) if is_all else (0.0, 1 - reach)
    edge = {"value": float(is_all), "lower": limits[0], "upper": limits[1], "std_error": np.nan}
    return pd.Series({**row, **edge})


def _effective_events(table: RiskTable, arm: str, cause: int, end: float) -> float:
    """Return the number of events of equal weight that would be as precise."""
    keys, counts = table.keys, table.counts
    here = keys.of_arms([arm])
    here = here & (keys.status == cause) & (keys.exit_days <= end)
    return float(counts.weight[here].sum() ** 2 / counts.weight_squared[here].sum())
