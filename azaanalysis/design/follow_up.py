"""One row per patient, one endpoint: what every estimator takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from azaanalysis.design.own_columns import (
    arms_in_order,
    named_patients,
    numbers_of,
    refuse_contradictions,
    refuse_strange_reference,
)
from azaanalysis.design.release import release_of
from azaanalysis.design.weighting import Weighting
from azaanalysis.errors import DesignError
from azaanalysis.small_counts import withheld_arms

NEEDED = (
    "patient_id",
    "arm",
    "entry_days",
    "exit_days",
    "status",
    "n_events",
    "last_absent_days",
    "weight",
    "end_reason",
)
# End reason of a row that is followed by another of the same patient and arm.
CONTINUES = "goes on in the next row"


@dataclass(frozen=True, eq=False)
class FollowUp:
    """Patients of one comparison, followed for one endpoint.

    Parameters
    ----------
    frame
        One row per patient: ``patient_id``; ``arm`` (categorical, in the order of the study);
        ``entry_days`` and ``exit_days`` since time zero; ``status`` (0 censored, k the k-th of
        ``causes``); ``n_events``; ``last_absent_days`` (last day on which the event was known to
        be absent); ``weight`` (1 until weighed); ``end_reason`` (why follow-up ended); then the
        baseline covariates.
    endpoint
        Name of the endpoint.
    causes
        What ends follow-up as an event; the endpoint's own first, then the competing ones.
    n_own
        How many of ``causes`` are the endpoint itself; the rest compete with it.
    attrition
        One row per step and arm: ``step``, ``arm``, ``patients``, ``reason``, ``left``.
    covariates
        Names of the baseline columns.
    about
        What the study and the cohort say about these numbers.
    weighting
        Where ``weight`` comes from; None if every patient counts as one, or if an analyst brought
        the weights along.
    """

    frame: pd.DataFrame
    endpoint: str
    causes: tuple[str, ...]
    n_own: int = 1
    attrition: pd.DataFrame | None = None
    covariates: tuple[str, ...] = ()
    about: Mapping[str, Any] = field(default_factory=dict)
    weighting: Weighting | None = None

    def __post_init__(self) -> None:
        """Freeze ``about``; refuse a frame that is not sound."""
        about = {**self.about, **release_of(self)}
        object.__setattr__(self, "about", MappingProxyType(about))
        if self.attrition is not None:
            self.attrition.attrs["withheld"] = self.withheld
        _refuse_unsound(self.frame, self.causes)

    @property
    def arms(self) -> tuple[str, ...]:
        """The arms, in the order of the study."""
        return tuple(self.frame["arm"].cat.categories)

    @property
    def own_causes(self) -> tuple[str, ...]:
        """The causes that are the endpoint itself."""
        return self.causes[: self.n_own]

    @property
    def withheld(self) -> tuple[str, ...]:
        """Arms of which nothing may be shown, as the report that is being made has found out."""
        found = withheld_arms(self.endpoint, str(self.about.get("study", "")))
        return tuple(arm for arm in self.arms if arm in found)

    @property
    def is_weighted(self) -> bool:
        """Whether any patient counts for more or less than one."""
        return bool((self.frame["weight"] != 1.0).any())

    @property
    def is_left_as_observed(self) -> bool:
        """Whether the study behind it says that nobody is weighed, as in a randomised trial."""
        asks_for_none = self.about.get("weighting_settings", ...) is None
        return asks_for_none and self.weighting is None

    @property
    def reference(self) -> str:
        """The arm that the others are compared with."""
        return str(self.about.get("reference", self.arms[0]))

    @cached_property
    def clusters(self) -> np.ndarray | None:
        """Code of the group each row belongs to, None if all rows are independent.

        Rows of one patient (clones, periods, several starts) belong together, and so do the
        members of a matched set.
        """
        if self.weighting is not None and self.weighting.cluster is not None:
            return self.weighting.cluster
        names = self.frame["patient_id"].to_numpy()
        # Numbered row by row: nobody comes twice, and a million names need not be compared.
        if names.dtype.kind in "iu" and (np.diff(names) > 0).all():
            return None
        codes, patients = pd.factorize(self.frame["patient_id"])
        return codes if len(patients) < len(codes) else None


def follow_up_from_frame(  # noqa: PLR0913 - one keyword for each column a frame may have
    frame: pd.DataFrame,
    *,
    time: str,
    status: str,
    arm: str | None = None,
    entry: str | None = None,
    weight: str | None = None,
    patient: str | None = None,
    causes: Sequence[str] = ("event",),
    n_own: int = 1,
    endpoint: str = "event",
    reference: str | None = None,
    smallest_count: int = 1,
) -> FollowUp:
    """Start in the middle of the street, from a time-to-event table.

    Parameters
    ----------
    frame
        One row per patient.
    time, status
        Columns: days from time zero to the end of follow-up, and how it ended: 0 censored,
        k the k-th of ``causes``. A truth counts as 0 or 1.
    arm, entry, weight, patient
        Columns: the arm (in order of a categorical, else of first appearance), the day of
        delayed entry, the weight, the patient. Without them: one arm called ``all``, day 0, 1,
        the row number. All further columns become covariates.
    causes, n_own
        What each status from 1 on means; how many of them, from the first, are the endpoint
        itself. The rest compete with it.
    endpoint, reference
        What the event is called; the arm that others are compared with (the first by default).
    smallest_count
        The smallest count that may be shown.

    Raises
    ------
    DesignError
        If there is no row, a column is absent, a time is missing or negative, entry is after
        exit, a status has no cause, a patient has no name or a weight is negative (the message
        counts the rows and names the first); or if causes, arms and reference contradict one
        another.
    """
    named = [c for c in (time, status, arm, entry, weight, patient) if c is not None]
    covariates = _covariates(frame, named)
    refuse_contradictions(causes, n_own, smallest_count)
    # Rows that were put together from several tables may share an index, and side by side they
    # would be multiplied.
    n = len(frame)
    frame = frame.copy(deep=False)
    frame.index = pd.RangeIndex(n)
    arms = arms_in_order(frame[arm] if arm else pd.Series("all", index=frame.index))
    refuse_strange_reference(arms, reference)
    state = pd.to_numeric(frame[status], errors="coerce").astype("float64")
    # Half a status is none: it is refused below with all that is not a whole number.
    state = state.where(state % 1 == 0, -1)
    exits = numbers_of(frame[time])
    made = {
        "patient_id": named_patients(frame[patient]) if patient else np.arange(n),
        "arm": arms,
        "entry_days": numbers_of(frame[entry]) if entry else np.zeros(n),
        "exit_days": exits,
        "status": state.to_numpy().astype("int64"),
        "n_events": state.between(1, n_own).to_numpy().astype("int64"),
        "last_absent_days": np.where(state == 1, 0.0, exits),
        "weight": numbers_of(frame[weight]) if weight else np.ones(n),
        "end_reason": pd.Categorical.from_codes(np.zeros(n, dtype="int8"), pd.Index([""])),
    }
    followed = pd.concat(
        [pd.DataFrame(made, index=frame.index, copy=False), frame[list(covariates)]], axis=1
    )
    about: dict[str, object] = {"smallest_count": smallest_count, "first_day": 0}
    if reference is not None:
        about["reference"] = reference
    return FollowUp(
        followed,
        endpoint,
        tuple(causes),
        n_own=n_own,
        covariates=covariates,
        about=about,
    )


def _covariates(frame: pd.DataFrame, named: Sequence[str]) -> tuple[str, ...]:
    """Return the further columns of a frame; refuse one that lacks columns or rows."""
    absent = [column for column in named if column not in frame]
    if absent:
        raise DesignError(
            f"The frame has no column {', '.join(repr(c) for c in absent)}. "
            f"It has: {', '.join(map(str, frame.columns))}."
        )
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise DesignError(f"The frame has the column '{twice[0]}' twice. Drop or rename one.")
    if frame.empty:
        raise DesignError("The frame has no row, so there is nobody to follow.")
    covariates = tuple(str(c) for c in frame.columns if c not in named)
    _refuse_our_names(covariates)
    return covariates


def _refuse_our_names(covariates: Sequence[str]) -> None:
    """Refuse further columns that are named like those of a follow-up."""
    ours = [repr(column) for column in covariates if column in NEEDED]
    if ours:
        raise DesignError(
            f"The frame has {', '.join(ours)}, which a follow-up makes itself. Rename or drop it; "
            "or, if it is the time, status, arm, entry, weight or patient, say so, as in "
            "weight='weight'."
        )


def _is_sound(frame: pd.DataFrame, n_causes: int) -> bool:
    """Tell whether all rows can be taken, from a few numbers; one missing number makes them so."""
    entry, leave, status, weight = (
        frame[column].to_numpy() for column in ("entry_days", "exit_days", "status", "weight")
    )
    if not len(frame):
        return True
    return bool(
        leave.max() < np.inf
        and entry.min() >= 0
        and (entry <= leave).all()
        and 0 <= status.min() <= status.max() <= n_causes
        and 0 <= weight.min() <= weight.max() < np.inf
        and not frame["arm"].isna().any()
    )


def _refuse_unsound(frame: pd.DataFrame, causes: Sequence[str]) -> None:
    """Refuse times, states and weights that no estimator could take; name rows, not patients."""
    if _is_sound(frame, len(causes)):
        return
    faults = {
        "exit_days is missing or negative": ~(frame["exit_days"] >= 0),
        "exit_days is infinite": np.isinf(frame["exit_days"]),
        "entry_days is missing, negative or after exit_days": ~(
            (frame["entry_days"] >= 0) & (frame["entry_days"] <= frame["exit_days"])
        ),
        f"status is not one of 0 (censored) to {len(causes)} ({', '.join(causes)})": ~frame[
            "status"
        ].between(0, len(causes)),
        "weight is missing, negative or infinite": ~(
            (frame["weight"] >= 0) & np.isfinite(frame["weight"])
        ),
        "arm is missing": frame["arm"].isna(),
    }
    lines = [
        f"  {fault} in {is_faulty.sum():,} of {len(frame):,} rows "
        f"(the first is row {int(np.argmax(is_faulty.to_numpy())) + 1})"
        for fault, is_faulty in faults.items()
        if is_faulty.any()
    ]
    if lines:
        raise DesignError("\n".join(["Nobody can be followed like this. Mend the rows:", *lines]))
