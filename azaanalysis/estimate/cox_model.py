"""A Cox model of the rows of a follow-up, and its fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self, get_args

import numpy as np

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.errors import EstimationError
from azaanalysis.estimate.arm_hazards import ChosenHere
from azaanalysis.estimate.cells import Array
from azaanalysis.estimate.grid import ratio
from azaanalysis.estimate.limits import Numbers
from azaanalysis.estimate.partial_likelihood import RUN_AWAY, Hazards, Moment, Ties, maximise
from azaanalysis.estimate.proportional import Test, TimeScale, proportion_tests, time_scale
from azaanalysis.estimate.refusals import refuse_word
from azaanalysis.estimate.resample import Resample
from azaanalysis.estimate.risk_sets import RiskSets
from azaanalysis.estimate.row_scores import RowScores
from azaanalysis.estimate.sandwich import choose_for_rows, sandwich, warn_of_small_arms
from azaanalysis.estimate.terms import Coefficient, Terms, complete_rows, make_terms, model_columns
from azaanalysis.estimate.variance import Variance
from azaanalysis.vocab import DAYS_PER_YEAR

# Above this many rows a part of them tells where to begin.
_MANY_ROWS = 200_000
_ONE_IN = 16


@dataclass(frozen=True, eq=False)
class CoxModel:
    """The rows of a follow-up that have all values, first those with an event.

    Parameters
    ----------
    follow_up
        Where the rows come from.
    rows
        Positions of the rows.
    terms
        The model matrix, in the order of ``rows``.
    stratum
        Code of the stratum of each row; None if there are no strata.
    ties, variance
        How ties are taken; and how uncertainty is computed.
    notes
        What was left out.
    """

    follow_up: FollowUp
    rows: Array
    terms: Terms
    stratum: Array | None
    ties: Ties
    variance: ChosenHere
    notes: tuple[str, ...]

    @classmethod
    def of(
        cls,
        follow_up: FollowUp,
        covariates: Sequence[str],
        strata: Sequence[str],
        *,
        ties: Ties = "efron",
        variance: Variance = "auto",
    ) -> Self:
        """Make the model matrix; for what is refused see ``estimate_cox``."""
        refuse_word("ties", ties, get_args(Ties))
        columns = model_columns(follow_up, covariates, strata)
        complete, notes = complete_rows(follow_up, [*columns, *strata])
        status = follow_up.frame["status"].to_numpy()
        kept = complete & (follow_up.frame["weight"].to_numpy() > 0)
        # Events first, cause by cause, so that what belongs to them is one piece of memory and
        # need not be copied.
        order = (*range(1, len(follow_up.causes) + 1), 0)
        rows = np.concatenate([np.flatnonzero(kept & (status == k)) for k in order])
        if len(rows) == 0:
            raise EstimationError(
                "No row has a value in every covariate and a weight, so nothing can be estimated."
            )
        codes = _stratum_codes(follow_up, rows, strata)
        return cls(
            follow_up,
            rows,
            make_terms(follow_up, columns, rows),
            codes,
            ties,
            choose_for_rows(follow_up, variance),
            (*notes, *warn_of_small_arms(follow_up)),
        )

    def column(self, name: str) -> Array:
        """Return a column of numbers in the order of the rows."""
        values: Array = self.follow_up.frame[name].to_numpy()[self.rows]
        return values

    def weights(self, resample: Resample | None) -> tuple[Array, Array | None]:
        """Return the weight of each row, and how often a resample has drawn it."""
        if resample is None:
            return self.column("weight"), None
        copies = resample.copies[self.rows]
        return copies * resample.weight[self.rows], copies

    def fit(self, number: int, *, resample: Resample | None = None) -> CoxFit:
        """Fit the hazard of the k-th cause, in everybody or in a resample."""
        entry, leave = self.column("entry_days"), self.column("exit_days")
        weight, copies = self.weights(resample)
        # An event on the day of entry has nobody to be compared with.
        is_event = (self.column("status") == number) & ((entry < leave) | (entry == 0))
        is_event &= weight > 0
        sets = RiskSets.of(entry, leave, is_event, self.stratum)
        hazards = Hazards(self.terms.design, weight, is_event, sets, copies, self.ties)
        start = _start(hazards, entry, leave, self.stratum)
        return CoxFit(self, maximise(hazards, start=start), copies)

    def observed(self, number: int) -> dict[str, Any]:
        """Return patients, events and patient-years of the model, before weighting."""
        ids = self.follow_up.frame["patient_id"]
        patients = len(self.rows)
        if self.follow_up.clusters is not None:
            patients = ids.iloc[self.rows].nunique()
        days = self.column("exit_days") - self.column("entry_days")
        events = int((self.column("status") == number).sum())
        return {
            "patients": patients,
            "events": events,
            "patient_years": float(days.sum()) / DAYS_PER_YEAR,
        }


@dataclass(frozen=True, eq=False)
class CoxFit:
    """The hazard of one cause at the maximum of its partial likelihood.

    Parameters
    ----------
    model
        What was fitted.
    moment
        The partial likelihood at its maximum.
    copies
        How often a resample has drawn each row; None if it is no resample.
    row_scores
        What one unit of weight of each row gives to the score, where that is more than
        the partial likelihood says.
    """

    model: CoxModel
    moment: Moment
    copies: Array | None = None
    row_scores: Array | None = None

    @cached_property
    def log_ratios(self) -> Array:
        """Coefficients on the scale of the covariates; missing where they ran away."""
        log_ratios: Array = self.moment.coefficients / self.model.terms.spread
        return np.where(self._ran_away, np.nan, log_ratios)

    @cached_property
    def _ran_away(self) -> Array:
        is_number = np.array([bool(c.unit) for c in self.model.terms.coefficients])
        steps = np.where(is_number, 1.0, self.model.terms.spread)
        ran_away: Array = np.abs(self.moment.coefficients / steps) > RUN_AWAY
        if len(self.moment.rise) == 0:
            return np.ones_like(ran_away)
        without_end: Array = ran_away | ~self.moment.says_something
        return without_end

    @property
    def run_away(self) -> list[Coefficient]:
        """The coefficients that have no finite value."""
        listed = zip(self.model.terms.coefficients, self._ran_away, strict=True)
        return [coefficient for coefficient, ran_away in listed if ran_away]

    @cached_property
    def covariance(self) -> Array:
        """Covariance of the log ratios, on the scale of the covariates."""
        inverse = np.linalg.pinv(self.moment.information(), hermitian=True)
        if self.model.variance != "model":
            scores = RowScores.of(self.moment) if self.row_scores is None else self.row_scores
            inverse = inverse @ self._covariance_of_score(scores) @ inverse
        spread = self.model.terms.spread
        covariance: Array = inverse / np.outer(spread, spread)
        return covariance

    def _covariance_of_score(self, scores: Array | RowScores) -> Array:
        """Return the covariance of a score from what one unit of weight of each row gives to it.

        In a resample weights are taken as known, and a row that was drawn k times has the root
        of k times the weight of one copy: k copies add up in the variance.
        """
        model, weight = self.model, self.moment.hazards.weight
        if self.copies is not None:
            weight = ratio(weight, np.sqrt(self.copies))
        clusters, weighting = model.follow_up.clusters, model.follow_up.weighting
        are_known = model.variance == "robust" or self.copies is not None
        if are_known or weighting is None or weighting.score is None:
            of_rows = None if clusters is None else clusters[model.rows]
            return sandwich(scores, weight, score=None, clusters=of_rows)
        # Rows that are not in the model have moved the weights of those that are.
        n = len(model.follow_up.frame)
        everybody, all_weights = np.zeros((len(model.terms.design), n)), np.zeros(n)
        everybody[:, model.rows], all_weights[model.rows] = np.asarray(scores), weight
        return sandwich(everybody, all_weights, score=weighting.score, clusters=clusters)

    @property
    def numbers(self) -> Numbers:
        """Log ratios and their standard errors."""
        variances = np.where(self._ran_away, np.nan, np.diag(self.covariance))
        return Numbers(self.log_ratios, np.sqrt(variances))

    def proportional(self, transform: TimeScale) -> dict[str, Test]:
        """Test whether hazards stay in proportion: term by term, and all of them."""
        sets, model = self.moment.hazards.sets, self.model
        if len(sets.days) == 0:
            return {}
        is_event, leave = self.moment.hazards.is_event, model.column("exit_days")
        if model.stratum is not None:
            sets = RiskSets.of(model.column("entry_days"), leave, is_event)
        scale = time_scale(transform, sets, is_event, leave)
        of_slot = scale[np.searchsorted(sets.days, self.moment.hazards.sets.days)]
        finite = np.flatnonzero(~self._ran_away)
        terms = {
            term: lines
            for term, lines in model.terms.positions().items()
            if np.isin(lines, finite).all()
        }
        terms["all terms"] = finite
        robust = None if model.variance == "model" else self._covariance_of_score
        tests = proportion_tests(self.moment, of_slot, list(terms.values()), covariance=robust)
        return dict(zip(terms, tests, strict=True))


def _stratum_codes(follow_up: FollowUp, rows: Array, strata: Sequence[str]) -> Array | None:
    """Return the code of the combination of strata of each row, None if there are none."""
    if not strata:
        return None
    listed = follow_up.frame[list(strata)].iloc[rows]
    codes: Array = listed.groupby(list(strata), observed=True).ngroup().to_numpy()
    return codes


def _start(hazards: Hazards, entry: Array, leave: Array, stratum: Array | None) -> Array | None:
    """Return where to begin: the maximum of a part of the rows, if there are many."""
    if hazards.design.shape[1] < _MANY_ROWS:
        return None
    part = slice(None, None, _ONE_IN)
    is_event = hazards.is_event[part]
    strata = None if stratum is None else stratum[part]
    sets = RiskSets.of(entry[part], leave[part], is_event, strata)
    few = Hazards(
        np.ascontiguousarray(hazards.design[:, part]),
        hazards.weight[part],
        is_event,
        sets,
        ties=hazards.ties,
    )
    return maximise(few).coefficients
