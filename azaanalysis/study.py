"""The question, in one file: who, which drugs, what is counted, until when."""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from azaanalysis.errors import StudyError
from azaanalysis.wording import explain_validation

Strategy = Literal["as_started", "on_treatment"]
Intercurrent = Literal["discontinuation", "switch", "death"]
Days = Annotated[int, Field(ge=0)]
# Ways a spell on a drug can end without the drug having been given up.
ENDED_NOT_STOPPED = ("completed", "administrative", "lost_to_follow_up")


class _Part(BaseModel):
    """A part of the study file: frozen, and refusing keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class SyntheticSource(_Part):
    """Invented patients, made by ``make_cohort``."""

    patients: Annotated[int, Field(ge=1)] = 20_000
    seed: int
    world: str = "inflammatory_bowel_disease"


class Source(_Part):
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


class Span(_Part):
    """A range of numbers or dates; an open end is left out."""

    at_least: float | None = None
    at_most: float | None = None


class Population(_Part):
    """Who is eligible, judged on the day of the first supply."""

    diseases: tuple[str, ...] = ()
    age_years: Span = Span()
    without: tuple[str, ...] = ()
    described_as: str = ""


class Comparison(_Part):
    """The arms, and the rules that are the same for all of them."""

    arms: dict[str, tuple[str, ...]] = Field(min_length=1)
    reference: str
    washout_days: Days = 365
    together_within_days: Days = 0
    strategy: Strategy = "on_treatment"
    permissible_gap_days: Days = 60
    horizon_days: Annotated[int, Field(ge=1)] = 365
    first_day: Literal[0, 1] = 0

    @field_validator("arms")
    @classmethod
    def _every_arm_has_a_drug(cls, arms: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
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


class _Endpoint(_Part):
    """What every kind of endpoint may say."""

    label: str = ""
    strategy: Strategy | None = None
    competing: tuple[Intercurrent, ...] = ("death",)
    lag_days: Days = 0
    horizon_days: Annotated[int, Field(ge=1)] | None = None


class VisitEndpoint(_Endpoint):
    """The first visit at which response or remission was seen."""

    kind: Literal["visit"]
    finding: Literal["response", "remission"] = "response"
    competing: tuple[Intercurrent, ...] = ("discontinuation", "death")


class EventEndpoint(_Endpoint):
    """A dated event, such as an infection: the first, or all of them."""

    kind: Literal["event"]
    event: str
    where: dict[str, bool | str] = Field(default_factory=dict)
    count: Literal["first", "all"] = "first"
    episode_gap_days: Days = 0


class DiscontinuationEndpoint(_Endpoint):
    """The end of the first treatment, by reason."""

    kind: Literal["discontinuation"]
    causes: Literal["any"] | dict[str, tuple[str, ...]] = "any"
    censor: tuple[str, ...] = ENDED_NOT_STOPPED


class RecordedEndpoint(_Endpoint):
    """A time to event as the source itself derived it (CDISC ADTTE, a trial's own table)."""

    kind: Literal["recorded"]
    parameter: str
    causes: tuple[str, ...] = ()


Endpoint = Annotated[
    VisitEndpoint | EventEndpoint | DiscontinuationEndpoint | RecordedEndpoint,
    Field(discriminator="kind"),
]


class Show(_Part):
    """What the tables and figures show."""

    at_days: tuple[Days, ...] = (84, 182, 365)
    per_years: Annotated[float, Field(gt=0)] = 100
    time_unit: Literal["days", "weeks", "months"] = "weeks"


class Study(_Part):
    """A study: one question, written once.

    Made by :func:`load_study`. Frozen. Every number that is estimated carries ``hash``.
    """

    title: str
    question: str
    name: str = "study"
    source: Source
    population: Population = Population()
    comparison: Comparison
    endpoints: dict[str, Endpoint] = Field(min_length=1)
    covariates: tuple[str, ...] = ()
    show: Show = Show()
    limits: tuple[str, ...] = ()

    @property
    def is_synthetic(self) -> bool:
        """Whether the patients are invented."""
        return self.source.synthetic is not None

    @cached_property
    def hash(self) -> str:
        """Twelve hexadecimal digits that change with any setting of the study."""
        settings = self.model_dump(mode="json", exclude={"source": {"folder", "mapping"}})
        canonical = json.dumps(settings, sort_keys=True)
        return hashlib.sha256(canonical.encode()).hexdigest()[:12]

    def endpoint(self, name: str) -> Endpoint:
        """Return the settings of an endpoint.

        Raises
        ------
        StudyError
            If the study has no such endpoint; the message lists those it has.
        """
        if name not in self.endpoints:
            raise StudyError(
                f"The study has no endpoint '{name}'. It has: {', '.join(self.endpoints)}. "
                "Add it to the study file, or ask for one of these."
            )
        return self.endpoints[name]

    @property
    def main_endpoint(self) -> str:
        """Name of the endpoint that the file lists first."""
        return next(iter(self.endpoints))

    def changed(self, **sections: dict[str, Any]) -> Study:
        """Return the same study with some settings changed, for a sensitivity analysis.

        Settings are given as in the file, and only those that change:
        ``study.changed(comparison={"permissible_gap_days": 180})``.

        Raises
        ------
        StudyError
            If the changed study is not one; every fault is listed.
        """
        written = _merge(self.model_dump(exclude_unset=True), sections)
        try:
            return Study.model_validate(written)
        except ValidationError as error:
            message = explain_validation(error, written, Study, file="The changed study")
            raise StudyError(message) from None

    def strategy_of(self, name: str) -> Strategy:
        """Return the strategy of an endpoint: its own, or else that of the comparison."""
        return self.endpoint(name).strategy or self.comparison.strategy

    def horizon_of(self, name: str) -> int:
        """Return the horizon of an endpoint in days: its own, or else that of the comparison."""
        return self.endpoint(name).horizon_days or self.comparison.horizon_days


class _StrictLoader(yaml.SafeLoader):
    """YAML that refuses a key given twice; the plain loader keeps the last in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"'{key}' is given twice", problem_mark=key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def load_study(path: str | Path) -> Study:
    """Read a study file (YAML).

    Paths inside the file are taken from the folder of the file.

    Raises
    ------
    StudyError
        If the file is missing, is not YAML, or says something a study cannot say. All
        faults are listed; a misspelt key is answered with its nearest neighbour.
    """
    path = Path(path)
    written = _read_yaml(path)
    try:
        study = Study.model_validate({"name": path.stem, **written})
    except ValidationError as error:
        raise StudyError(explain_validation(error, written, Study, file=path.name)) from None
    source = study.source.model_copy(
        update={
            "folder": _beside(path, study.source.folder),
            "mapping": _beside(path, study.source.mapping),
        }
    )
    return study.model_copy(update={"source": source})


def _merge(settings: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return settings with changes laid over them, however deep they are nested."""
    merged = dict(settings)
    for key, change in changes.items():
        old = merged.get(key)
        is_nested = isinstance(old, dict) and isinstance(change, dict)
        merged[key] = _merge(dict(old or {}), change) if is_nested else change
    return merged


def _read_yaml(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise StudyError(
            f"There is no study file at {path}. Give the path of a YAML file; "
            "notebooks/study.yml is one to copy."
        )
    try:
        written = yaml.load(path.read_text(encoding="utf-8"), Loader=_StrictLoader)
    except UnicodeDecodeError:
        raise StudyError(f"{path.name} is not UTF-8 text. Save it again as UTF-8.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise StudyError(
            f"{path.name} cannot be read as YAML{where}: {getattr(error, 'problem', 'a fault')}. "
            "Check the indentation (spaces, no tabs), the colons and the quotes there."
        ) from None
    if not isinstance(written, dict):
        raise StudyError(f"{path.name} holds no settings. notebooks/study.yml is one to copy.")
    return written


def _beside(study_file: Path, path: Path | None) -> Path | None:
    return None if path is None else (study_file.parent / path.expanduser()).resolve()
