"""Tiny studies, cohorts and follow-ups, written by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from azaanalysis.cohort import Cohort, LoadingReport
from azaanalysis.design import FollowUp, follow_up_from_frame
from azaanalysis.schema import as_schema_types, check_tables
from azaanalysis.study import Study
from azaanalysis.vocab import drug_classes_by_name


def follow_up(
    *,
    days: Sequence[float],
    status: Sequence[int] | None = None,
    arm: Sequence[str] | None = None,
    causes: Sequence[str] = ("event",),
    n_events: Sequence[int] | None = None,
    weight: Sequence[float] | None = None,
    entry: Sequence[float] | None = None,
) -> FollowUp:
    """Make a follow-up; without a status everybody is censored."""
    n = len(days)
    frame = pd.DataFrame({"days": days, "status": status or [0] * n, "arm": arm or ["a"] * n})
    optional = {}
    if weight is not None:
        optional["weight"] = "w"
        frame["w"] = list(weight)
    if entry is not None:
        optional["entry"] = "e"
        frame["e"] = list(entry)
    made = follow_up_from_frame(
        frame, time="days", status="status", arm="arm", causes=causes, **optional
    )
    if n_events is not None:
        made.frame["n_events"] = list(n_events)
    return made


def study(**changes: Any) -> Study:
    """Make a small study of azathioprine and an anti-TNF; changes replace whole sections."""
    settings: dict[str, Any] = {
        "title": "A small study",
        "question": "Which drug is stopped sooner?",
        "source": {"synthetic": {"seed": 1, "patients": 10}},
        "comparison": comparison(),
        "endpoints": {"stopping": {"kind": "discontinuation"}},
        "show": {"at_days": [90, 180]},
    }
    return Study.model_validate({**settings, **changes})


def comparison(**changes: Any) -> dict[str, Any]:
    """Return the settings of a small comparison; changes replace single settings."""
    settings = {
        "arms": {"azathioprine": ["azathioprine"], "anti_tnf": ["anti_tnf"]},
        "reference": "azathioprine",
        "washout_days": 365,
        "permissible_gap_days": 60,
        "horizon_days": 365,
    }
    return {**settings, **changes}


def patient(patient_id: str, **columns: Any) -> dict[str, Any]:
    """Return a patient of 40, observed from 2010 to the end of 2020."""
    usual = {
        "patient_id": patient_id,
        "age_years": 40.0,
        "sex": "female",
        "disease": "crohns_disease",
        "observed_from": "2010-01-01",
        "observed_to": "2020-12-31",
    }
    return {**usual, **columns}


def course(patient_id: str, drug: str, start: str, stop: str | None = None, **columns: Any) -> dict:
    """Return a spell on one drug."""
    dates = {"start_date": start, "stop_date": stop}
    return {"patient_id": patient_id, "drug": drug, **dates, **columns}


def cohort(
    patients: Sequence[dict[str, Any]],
    courses: Sequence[dict[str, Any]],
    *,
    drug_classes: dict[str, str] | None = None,
    smallest_count: int = 1,
    **tables: Sequence[dict[str, Any]],
) -> Cohort:
    """Make a cohort from rows; dates are ISO text."""
    rows = {"patients": patients, "courses": courses, **tables}
    classes = {**drug_classes_by_name(), **(drug_classes or {})}
    frames = {name: _with_dates(pd.DataFrame(list(listed))) for name, listed in rows.items()}
    typed = as_schema_types(frames, drug_classes=classes)
    check_tables(typed, drug_classes=classes)
    nothing = LoadingReport(pd.DataFrame(), pd.DataFrame())
    return Cohort(typed, "rows written by hand", True, smallest_count, nothing, classes)


def _with_dates(frame: pd.DataFrame) -> pd.DataFrame:
    dated = [c for c in frame if str(c).endswith("_date") or str(c).startswith("observed_")]
    return frame.assign(**{c: pd.to_datetime(frame[c]).astype("datetime64[s]") for c in dated})
