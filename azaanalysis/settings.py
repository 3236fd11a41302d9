"""The sections of a study file, and what each may say."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from azaanalysis.schema.tables import STOP_REASONS
from azaanalysis.settings_spans import Calendar, Span
from azaanalysis.wording import nearest

Strategy = Literal["as_started", "on_treatment", "per_protocol"]
Intercurrent = Literal["discontinuation", "switch", "add_on", "death", "pregnancy"]
# The names of ICH E9(R1), and "competing" for what it leaves open. "while_on_treatment" of death
# is "while alive"; "hypothetical" ends follow-up too, with weights for those who are lost by it.
Handling = Literal[
    "treatment_policy", "while_on_treatment", "hypothetical", "composite", "competing"
]
Days = Annotated[int, Field(ge=0)]
# Ways a spell on a drug can end without the drug having been given up.
ENDED_NOT_STOPPED = ("completed", "administrative", "lost_to_follow_up")


class Section(BaseModel):
    """A section of the study file: frozen, and refusing keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class SyntheticSource(Section):
    """Invented patients, made by ``make_cohort``."""

    patients: Annotated[int, Field(ge=1)] = 20_000
    seed: int
    world: str = "inflammatory_bowel_disease"


class Source(Section):
    """Where the patients come from: invented, or a folder of tables (CSV, Parquet, Excel, XPT)."""

    synthetic: SyntheticSource | None = None
    folder: Path | None = None
    mapping: Path | None = None
    name: str = ""
    smallest_count: Annotated[int, Field(ge=1)] = 5

    @model_validator(mode="after")
    def _one_way_in(self) -> Source:
        if (self.synthetic is None) == (self.folder is None):
            raise ValueError("give exactly one of 'synthetic' and 'folder'")
        return self


class Population(Section):
    """Who is eligible, judged on the day of the first supply."""

    diseases: tuple[str, ...] = ()
    age_years: Span = Span()
    # Biologics and JAK inhibitors before time zero: those in the patients table, and those begun
    # while observed.
    prior_biologics: Span = Span()
    # Any other column of numbers of the patients table.
    numbers: dict[str, Span] = Field(default_factory=dict)
    without: tuple[str, ...] = ()
    # Events of the events table that must not have been recorded before time zero.
    without_earlier: tuple[str, ...] = ()
    started: Calendar = Calendar()
    # Nested in an indication cohort: diagnosed by time zero.
    is_diagnosed: bool = False
    described_as: str = ""


class Adherence(Section):
    """What keeping to the treatment means, and how the chance of it is modelled."""

    # Stops for these reasons are part of the strategy: follow-up goes on.
    may_stop_for: tuple[str, ...] = ()
    period_days: Annotated[int, Field(ge=1)] = 30
    # What changes after time zero and decides about stopping: visit_value, has_response,
    # has_remission, prednisolone_mg_per_day, or the name of a test of the labs table.
    over_time: tuple[str, ...] = ()

    @field_validator("may_stop_for")
    @classmethod
    def _known_reasons(cls, reasons: tuple[str, ...]) -> tuple[str, ...]:
        for reason in reasons:
            if reason not in STOP_REASONS:
                raise ValueError(f"no reason '{reason}'; {nearest(reason, STOP_REASONS)}")
        return reasons


class Comparison(Section):
    """The arms, and the rules that are the same for all of them."""

    arms: dict[str, tuple[str, ...]]
    reference: str
    washout_days: Days = 365
    together_within_days: Days = 0
    entry: Literal["first", "every"] = "first"
    strategy: Strategy = "on_treatment"
    intercurrent: dict[Intercurrent, Handling] = Field(default_factory=dict)
    adherence: Adherence = Adherence()
    permissible_gap_days: Days = 60
    horizon_days: Annotated[int, Field(ge=1)] = 365
    first_day: Literal[0, 1] = 0
    # How patients came to their arm: somebody chose it for them, or chance did.
    assignment: Literal["chosen", "randomised"] = "chosen"

    @field_validator("arms")
    @classmethod
    def _every_arm_has_a_drug(cls, arms: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        if len(arms) < 2:
            raise ValueError("a comparison needs at least two arms; add the one to compare with")
        empty = [arm for arm, drugs in arms.items() if not drugs]
        if empty:
            raise ValueError(f"arm '{empty[0]}' has no drug; give it at least one drug or class")
        same = [arm for arm, drugs in arms.items() if list(arms.values()).count(drugs) > 1]
        if same:
            raise ValueError(f"arms {' and '.join(same)} have the same drugs; make them differ")
        return arms

    @field_validator("reference")
    @classmethod
    def _reference_is_an_arm(cls, reference: str, info: ValidationInfo) -> str:
        arms = info.data.get("arms", {})
        if arms and reference not in arms:
            raise ValueError(f"'{reference}' is not an arm; the arms are {', '.join(arms)}")
        return reference

    @property
    def others(self) -> tuple[str, ...]:
        """The arms that are compared with the reference, in the order of the file."""
        return tuple(arm for arm in self.arms if arm != self.reference)


class _Endpoint(Section):
    """What every kind of endpoint may say."""

    label: str = ""
    strategy: Strategy | None = None
    competing: tuple[Intercurrent, ...] = ("death",)
    intercurrent: dict[Intercurrent, Handling] = Field(default_factory=dict)
    lag_days: Days = 0
    horizon_days: Annotated[int, Field(ge=1)] | None = None

    @field_validator("intercurrent")
    @classmethod
    def _nobody_is_followed_after_death(
        cls, handled: dict[Intercurrent, Handling]
    ) -> dict[Intercurrent, Handling]:
        if handled.get("death") == "treatment_policy":
            raise ValueError("nobody can be followed after death; let it compete, or be composite")
        return handled

    @property
    def counts_all(self) -> bool:
        """Whether all events of a patient count, so that the first ends nothing."""
        return bool(getattr(self, "count", "first") == "all")

    @model_validator(mode="after")
    def _no_composite_of_counts(self) -> Self:
        if self.counts_all and "composite" in self.intercurrent.values():
            raise ValueError("'composite' needs count: first; of all events, what would it add?")
        return self


class VisitEndpoint(_Endpoint):
    """The first visit at which response or remission was seen, or had been held.

    ``judged_by`` says who judges: the ``source`` (columns has_response and has_remission), or the
    ``measure`` itself by its published thresholds. With ``held_for_visits`` of 2 or more the
    finding has to be there at as many visits in a row, and is dated on the last of them.
    ``steroid_free`` asks for at most ``steroid_at_most_mg_per_day`` of prednisolone on the day
    of the visit and in the ``steroid_window_days`` before.
    """

    kind: Literal["visit"]
    finding: Literal["response", "remission"] = "response"
    judged_by: Literal["source", "measure"] = "source"
    held_for_visits: Annotated[int, Field(ge=1, le=12)] = 1
    steroid_free: bool = False
    steroid_at_most_mg_per_day: Annotated[float, Field(ge=0)] = 5
    steroid_window_days: Days = 14
    competing: tuple[Intercurrent, ...] = ("discontinuation", "death")


class EventEndpoint(_Endpoint):
    """A dated event, such as an infection: the first, or all of them."""

    kind: Literal["event"]
    event: str
    where: dict[str, bool | str] = Field(default_factory=dict)
    count: Literal["first", "all"] = "first"
    episode_gap_days: Days = 0


class LaboratoryEndpoint(_Endpoint):
    """A result beyond a limit, seen only where there was a test; without a limit, any test."""

    kind: Literal["laboratory"]
    test: str
    below: float | None = None
    above: float | None = None
    unit: str = ""  # of below and above: a result in another unit is refused, not converted
    above_upper_limits: float | None = None  # multiples of the laboratory's own limit of normal
    count: Literal["first", "all"] = "first"
    competing: tuple[Intercurrent, ...] = ("discontinuation", "death")

    @model_validator(mode="after")
    def _one_limit_with_its_unit(self) -> LaboratoryEndpoint:
        limits = (self.below, self.above, self.above_upper_limits)
        if sum(limit is not None for limit in limits) > 1:
            raise ValueError("give one of 'below', 'above' and 'above_upper_limits', not several")
        if bool(self.unit) != (self.below is not None or self.above is not None):
            raise ValueError(
                "'below' and 'above' need the 'unit' of their number, others have none"
            )
        return self


class DiscontinuationEndpoint(_Endpoint):
    """The end of the first treatment, by reason."""

    kind: Literal["discontinuation"]
    causes: Literal["any"] | dict[str, tuple[str, ...]] = "any"
    censor: tuple[str, ...] = ENDED_NOT_STOPPED

    @model_validator(mode="after")
    def _stopping_is_the_outcome(self) -> DiscontinuationEndpoint:
        for place in ("competing", "intercurrent"):
            if "discontinuation" in getattr(self, place):
                words = "stopping is the outcome and cannot come before itself; take it out of"
                raise ValueError(f"{words} '{place}'")
        return self

    @model_validator(mode="after")
    def _each_reason_once(self) -> DiscontinuationEndpoint:
        causes = {} if self.causes == "any" else self.causes
        listed = [*(reason for reasons in causes.values() for reason in reasons), *self.censor]
        for reason in listed:
            if reason not in (*STOP_REASONS, "unknown"):
                raise ValueError(f"no reason '{reason}'; {nearest(reason, STOP_REASONS)}")
            if listed.count(reason) > 1:
                raise ValueError(f"the reason '{reason}' stands in two places; keep one")
        return self


class RecordedEndpoint(_Endpoint):
    """A time to event as the source itself derived it (CDISC ADTTE, a trial's own table)."""

    kind: Literal["recorded"]
    parameter: str

    @model_validator(mode="after")
    def _handled_by_its_source(self) -> RecordedEndpoint:
        if self.intercurrent:
            raise ValueError("the source handled what intervened; take 'intercurrent' out")
        return self

    # Name of each cause here, and the causes in the table that it stands for; as recorded if empty.
    causes: dict[str, tuple[str, ...]] = Field(default_factory=dict)


Endpoint = Annotated[
    VisitEndpoint | EventEndpoint | LaboratoryEndpoint | DiscontinuationEndpoint | RecordedEndpoint,
    Field(discriminator="kind"),
]


class Show(Section):
    """What the tables and figures show."""

    at_days: tuple[Days, ...] = (84, 182, 365)
    per_years: Annotated[float, Field(gt=0)] = 100
    time_unit: Literal["days", "weeks", "months"] = "weeks"
