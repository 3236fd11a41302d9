"""Our side of the speed benchmark, and what each task reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from azaanalysis.design import FollowUp
from benchmarks.speed_data import COVARIATES, N_CAUSES, Columns
from benchmarks.speed_peers import Prepare, Work

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
_DAYS = ("exit_days", "status")


@dataclass(frozen=True)
class Task:
    """Something to be timed.

    Parameters
    ----------
    title
        What is done, in words.
    reads
        The columns that the task needs: its input.
    ours
        Prepares our own work.
    sizes
        Numbers of persons.
    is_split
        Whether each person has three rows.
    """

    title: str
    reads: tuple[str, ...]
    ours: Prepare
    sizes: tuple[int, ...] = SIZES
    is_split: bool = False


def _follow_up(columns: Columns, *, n_causes: int = N_CAUSES, covariates: bool = False) -> FollowUp:
    """Put columns as they are into a follow-up: days of 16 bits stay days of 16 bits."""
    n = len(next(iter(columns.values())))
    status = columns.get("status", np.zeros(n, dtype=np.int8))
    arms = columns.get("arm", np.zeros(n, dtype=np.int8))
    names = [f"arm_{number}" for number in range(1 + int(arms.max()))]
    made: dict[str, Any] = {
        "patient_id": columns.get("person", np.arange(n, dtype=np.int32)),
        "arm": pd.Categorical.from_codes(arms, categories=names),
        "entry_days": columns.get("entry_days", np.zeros(n, dtype=np.int16)),
        "exit_days": columns.get("exit_days", np.ones(n, dtype=np.int16)),
        "status": status if n_causes == N_CAUSES else (status > 0).astype(np.int8),
        "n_events": (status > 0).astype(np.int8),
        "weight": columns.get("weight", np.ones(n)),
        "end_reason": pd.Categorical.from_codes(np.zeros(n, dtype=np.int8), [""]),
    }
    taken = COVARIATES if covariates else ()
    made |= {name: columns[name] for name in taken}
    causes = tuple(f"cause_{number}" for number in range(1, n_causes + 1))
    return FollowUp(pd.DataFrame(made, copy=False), "event", causes, 1, covariates=tuple(taken))


# A follow-up keeps its risk table, so each repeat is given one (``replace``) that was not counted.
def _curve(columns: Columns) -> Work:
    from azaanalysis.estimate import estimate_incidence

    follow_up = _follow_up(columns, n_causes=1)
    return lambda: estimate_incidence(replace(follow_up))


def _curves_by_cause(columns: Columns) -> Work:
    from azaanalysis.estimate import estimate_incidence

    follow_up = _follow_up(columns)
    return lambda: estimate_incidence(replace(follow_up))


def _log_rank(columns: Columns) -> Work:
    from azaanalysis.estimate import estimate_log_rank

    follow_up = _follow_up(columns, n_causes=1)
    return lambda: estimate_log_rank(replace(follow_up))


def _cox(columns: Columns) -> Work:
    from azaanalysis.estimate import estimate_cox

    follow_up = _follow_up(columns, covariates=True)
    return lambda: estimate_cox(follow_up, covariates=COVARIATES)


def _fine_gray(columns: Columns) -> Work:
    from azaanalysis.estimate import estimate_fine_gray

    follow_up = _follow_up(columns, covariates=True)
    return lambda: estimate_fine_gray(follow_up, covariates=COVARIATES)


def _bootstrap_curve(columns: Columns) -> Work:
    from azaanalysis.estimate import Resampling, estimate_incidence

    follow_up, often = _follow_up(columns, n_causes=1), Resampling(n_replicates=200)
    return lambda: estimate_incidence(replace(follow_up), variance="bootstrap", resampling=often)


def _weigh(columns: Columns) -> Work:
    from azaanalysis.design import weigh

    follow_up = _follow_up(columns, covariates=True)
    return lambda: weigh(follow_up, target="ate")


def _weigh_two(columns: Columns) -> Work:
    return _weigh(columns | {"arm": (columns["arm"] > 0).astype(np.int8)})


def _stacked(columns: Columns) -> Work:
    from azaanalysis.design import weigh
    from azaanalysis.estimate import estimate_incidence

    follow_up = _follow_up(columns, covariates=True)
    return lambda: estimate_incidence(weigh(follow_up, target="ate"), variance="stacked")


def _refit_bootstrap(columns: Columns) -> Work:
    from azaanalysis.design import weigh
    from azaanalysis.estimate import Resampling, estimate_incidence

    follow_up, often = _follow_up(columns, covariates=True), Resampling(n_replicates=1_000)
    return lambda: estimate_incidence(
        weigh(follow_up, target="ate"), variance="bootstrap", resampling=often
    )


TASKS: Mapping[str, Task] = MappingProxyType(
    {
        "km": Task("Kaplan-Meier with interval", _DAYS, _curve),
        "weighted_km": Task(
            "Weighted Kaplan-Meier with robust interval", (*_DAYS, "weight"), _curve
        ),
        "aj": Task("Aalen-Johansen, three causes with variance", _DAYS, _curves_by_cause),
        "log_rank": Task("Log-rank test of three arms", (*_DAYS, "arm"), _log_rank),
        "cox": Task("Cox regression, ten covariates, Efron", (*_DAYS, *COVARIATES), _cox),
        "weighted_cox": Task(
            "Weighted Cox regression with robust errors", (*_DAYS, "weight", *COVARIATES), _cox
        ),
        "start_stop_cox": Task(
            "Start-stop Cox regression, three rows a person, clustered errors",
            (*_DAYS, "entry_days", "person", *COVARIATES),
            _cox,
            is_split=True,
        ),
        "fine_gray": Task(
            "Fine-Gray regression, ten covariates", (*_DAYS, *COVARIATES), _fine_gray
        ),
        "bootstrap_curve": Task(
            "200 bootstrap replicates of a weighted curve",
            (*_DAYS, "weight"),
            _bootstrap_curve,
            sizes=SIZES[:3],
        ),
        "propensity": Task("Propensity weights of three arms", ("arm", *COVARIATES), _weigh),
        "two_arm_propensity": Task(
            "Propensity weights of two arms", ("arm", *COVARIATES), _weigh_two
        ),
        "stacked": Task(
            "Propensity weights of three arms, then curves of three causes, stacked interval",
            (*_DAYS, "arm", *COVARIATES),
            _stacked,
        ),
        "refit_bootstrap": Task(
            "1,000 replicates of weighted curves, propensity model fitted again in each",
            (*_DAYS, "arm", *COVARIATES),
            _refit_bootstrap,
            sizes=SIZES[:1],
        ),
    }
)
