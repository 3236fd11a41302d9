"""Ratios of the rates of repeated events: Andersen-Gill, LWYY, Prentice-Williams-Peterson."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.estimate.cox import estimate_cox
from azaanalysis.estimate.event_history import check_event_rows
from azaanalysis.estimate.partial_likelihood import Ties
from azaanalysis.estimate.refusals import refuse_word
from azaanalysis.estimate.variance import Variance
from azaanalysis.result import Estimate
from azaanalysis.vocab import in_words

RecurrentModel = Literal["lwyy", "andersen_gill", "pwp_total", "pwp_gap"]
_METHOD = {
    "lwyy": "proportional rates of repeated events (LWYY)",
    "andersen_gill": "proportional intensities of repeated events (Andersen-Gill)",
    "pwp_total": "hazards of each next event, time since time zero (Prentice-Williams-Peterson)",
    "pwp_gap": "hazards of each next event, time since the last (Prentice-Williams-Peterson)",
}
NUMBER = "event_number"


def estimate_recurrent_ratio(  # noqa: PLR0913 - the model, beside what Cox regression asks for
    follow_up: FollowUp,
    *,
    model: RecurrentModel = "lwyy",
    covariates: Sequence[str] = (),
    strata: Sequence[str] = (),
    ties: Ties = "efron",
    level: float = 0.95,
    variance: Variance = "auto",
) -> Estimate:
    """Estimate how many times as often repeated events happen in each arm as in the reference.

    Parameters
    ----------
    follow_up
        One row for each interval at risk, as in ``estimate_mean_count``.
    model
        ``lwyy``: all events alike, errors by patient, whatever ties them together.
        ``andersen_gill``: the same ratio with the errors of a model in which past events tell
        nothing about those to come. ``pwp_total``, ``pwp_gap``: each next event has a baseline
        hazard of its own, by time since time zero or since the last event; errors by patient.
    covariates, strata, ties
        As in ``estimate_cox``.
    level
        Coverage of the interval, between 0 and 1.
    variance
        As in ``estimate_cox``, but never that of the model: except for ``andersen_gill``, rows of
        a patient are taken together. ``andersen_gill`` with weights has robust errors too.

    Returns
    -------
    Estimate
        Rows as of ``estimate_cox``: ``rate_ratio`` (``hazard_ratio`` for the two last models) for
        each arm and covariate, then ``proportional_hazards_p``. ``std_error`` is that of the
        log ratio.

    Raises
    ------
    EstimationError
        If there is no such model, or as in ``estimate_cox``.
    DesignError
        If rows are no intervals at risk, or as in ``estimate_cox``.

    Notes
    -----
    Source: Andersen and Gill (1982), Ann Stat 10:1100-1120; Lin, Wei, Yang and Ying (2000), J R
    Stat Soc B 62:711-730; Prentice, Williams and Peterson (1981), Biometrika 68:373-379. Death
    ends the time at risk, so that the ratio is one of rates among the living; the mean counts by a
    day say what patients can expect. The two last models compare only those who have had as
    many events before: after the first, the arms are no longer alike, and their ratio is no
    effect of treatment.
    """
    refuse_word("model", model, _METHOD)
    check_event_rows(follow_up)
    rows, by = follow_up, list(strata)
    if model == "andersen_gill" and variance == "auto" and not follow_up.is_weighted:
        rows = _each_alone(follow_up)
    elif variance == "auto" and (follow_up.weighting is None or follow_up.weighting.score is None):
        variance = "robust"
    if model.startswith("pwp"):
        rows, by = _by_event_number(follow_up, is_gap=model == "pwp_gap"), [*strata, NUMBER]
    made = estimate_cox(
        rows,
        covariates=covariates,
        strata=by,
        ties=ties,
        level=level,
        variance=variance,
    )
    frame = made.frame.assign(patients=follow_up.frame["patient_id"].nunique())
    if not model.startswith("pwp"):
        frame = frame.replace({"quantity": {"hazard_ratio": "rate_ratio"}})
    about = {**made.about, "method": f"{_METHOD[model]}, {ties.capitalize()} ties"}
    notes = (*about.get("notes", ()), *_on_the_end(follow_up))
    return Estimate(frame, {**about, "notes": notes})


def _each_alone(follow_up: FollowUp) -> FollowUp:
    """Take every interval as if it were of another patient, as Andersen and Gill do."""
    alone = follow_up.frame.assign(patient_id=np.arange(len(follow_up.frame)).astype(str))
    return replace(follow_up, frame=alone, weighting=None)


def _on_the_end(follow_up: FollowUp) -> list[str]:
    """Say what the ratio does with those who died."""
    ended = int((follow_up.frame["status"] > follow_up.n_own).sum())
    if not ended:
        return []
    ends = " or ".join(in_words(cause) for cause in follow_up.causes[follow_up.n_own :])
    return [f"The time at risk of {ended:,} ended with {ends}: the ratio is of rates until then."]


def _by_event_number(follow_up: FollowUp, *, is_gap: bool) -> FollowUp:
    """Give each interval the number of its event; for gap time count days from the last one."""
    frame = follow_up.frame
    order = np.lexsort([frame["exit_days"], frame["entry_days"], frame["patient_id"]])
    rows = frame.iloc[order]
    patient = rows["patient_id"]
    is_event = rows["status"].between(1, follow_up.n_own).astype("int64")
    before = is_event.groupby(patient).cumsum() - is_event
    rows = rows.assign(**{NUMBER: before + 1})
    if is_gap:
        since = rows.groupby([patient, NUMBER])["entry_days"].transform("min")
        rows = rows.assign(
            entry_days=rows["entry_days"] - since, exit_days=rows["exit_days"] - since
        )
    return replace(follow_up, frame=rows.loc[frame.index])
