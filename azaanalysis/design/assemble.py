"""Columns, covariates and what is known about them, put into one follow-up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

import pandas as pd

from azaanalysis.cohort import Cohort
from azaanalysis.design.attrition import Attrition
from azaanalysis.design.days import years_of
from azaanalysis.design.eligibility import age_at
from azaanalysis.design.entrants import Entrants
from azaanalysis.design.follow_up import NEEDED, FollowUp
from azaanalysis.errors import DesignError
from azaanalysis.protocol import describe_estimand, endpoint_label
from azaanalysis.study import Study
from azaanalysis.wording import nearest


def assemble(  # noqa: PLR0913 - the last step brings everything together
    entrants: Entrants,
    study: Study,
    attrition: Attrition,
    endpoint: str,
    columns: dict[str, object],
    causes: tuple[str, ...],
    n_own: int,
) -> FollowUp:
    """Put the columns, the covariates and what is known about them into one FollowUp."""
    patients, cohort = entrants.patients, entrants.cohort
    index_day = pd.Series(entrants.index_day)
    frame = pd.DataFrame(
        {
            "patient_id": patients["patient_id"],
            "arm": entrants.starts["arm"].array,
            "entry_days": 0.0,
            **columns,
            "weight": 1.0,
        }
    )
    frame["n_events"] = frame["n_events"].astype("int64")
    frame["status"] = frame["status"].astype("int64")
    covariates = _covariates(patients, index_day, study)
    return FollowUp(
        pd.concat([frame, covariates], axis=1),
        endpoint,
        causes,
        n_own=n_own,
        attrition=attrition.to_frame(smallest_count=cohort.smallest_count),
        covariates=tuple(covariates.columns),
        about=_about(cohort, study, endpoint),
    )


def _covariates(patients: pd.DataFrame, index_day: pd.Series, study: Study) -> pd.DataFrame:
    """Return the baseline covariates that the study names, as they stand on time zero."""
    made = {
        "age_years": age_at(patients, index_day),
        "index_year": pd.Series(years_of(index_day), index=patients.index),
    }
    faults = list(find_unfit_covariates(patients, study.covariates))
    if faults:
        raise DesignError("\n".join(faults))
    return pd.DataFrame({c: made[c] if c in made else patients[c] for c in study.covariates})


def find_unfit_covariates(
    patients: pd.DataFrame, names: Iterable[str], *, called: str = "covariate"
) -> Iterator[str]:
    """Say which covariates the patients table does not have, or cannot be used.

    ``called`` is what the study file takes them for, a covariate or a subgroup.
    """
    for name in names:
        if name in MADE:
            continue
        if name not in patients:
            yield (
                f"The study names the {called} '{name}', which the patients table does not "
                f"have; {nearest(name, _fit_names(patients))}"
            )
        else:
            try:
                refuse_unfit(name, patients[name], called=called)
            except DesignError as unfit:
                yield str(unfit)


def _fit_names(patients: pd.DataFrame) -> list[str]:
    """Return the names of everything that can be a covariate."""
    fit = list(MADE)
    for name in patients:
        with suppress(DesignError):
            refuse_unfit(str(name), patients[name])
            fit.append(str(name))
    return fit


# Covariates that are worked out at time zero.
MADE = ("age_years", "index_year")
# More levels than this are free text or an identifier, and one row of a table for each.
_MOST_LEVELS = 50


def refuse_unfit(name: str, column: pd.Series, *, called: str = "covariate") -> None:
    """Refuse what cannot be a baseline characteristic: identifiers, dates, free text."""
    remedy = f"Take it out of '{called}s', or derive a fit column under another name."
    if name in NEEDED:
        raise DesignError(f"The {called} '{name}' has a name that follow-up itself uses. {remedy}")
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        raise DesignError(f"The {called} '{name}' is a date. {remedy}")
    is_number = pd.api.types.is_numeric_dtype(column.dtype)
    if not is_number and (levels := column.nunique()) > _MOST_LEVELS:
        raise DesignError(
            f"The {called} '{name}' has {levels:,} different words, more than {_MOST_LEVELS}: "
            f"free text or an identifier. {remedy}"
        )


def _about(cohort: Cohort, study: Study, endpoint: str) -> dict[str, object]:
    return {
        "endpoint_label": endpoint_label(study.endpoint(endpoint), endpoint),
        "estimand": describe_estimand(study, endpoint),
        "arms": tuple(study.comparison.arms),
        "reference": study.comparison.reference,
        "first_day": study.comparison.first_day,
        "horizon_days": study.horizon_of(endpoint),
        "time_unit": study.show.time_unit,
        "study": study.hash,
        "base_study": study.base_hash,
        "cohort": cohort.fingerprint,
        "observed": cohort.observed,
        "is_synthetic": cohort.is_synthetic,
        "smallest_count": cohort.smallest_count,
        "shown_days": tuple(study.show.at_days),
        "weighting": "none",
        "weighting_settings": study.weighting,
        "gate_settings": study.gate,
        "notes": (),
    }
