"""The question, in one file: who, which drugs, what is counted, until when."""

from __future__ import annotations

import hashlib
import json
import re
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, PrivateAttr, ValidationError, field_validator

from azaanalysis.errors import StudyError
from azaanalysis.settings import (
    Comparison,
    Endpoint,
    Handling,
    Intercurrent,
    Population,
    Section,
    Show,
    Source,
    Strategy,
)
from azaanalysis.settings_monitoring import MonitoringSettings
from azaanalysis.settings_weighting import GateSettings, WeightingSettings
from azaanalysis.wording import explain_validation

_USUAL: dict[Strategy, Handling] = {
    "as_started": "treatment_policy",
    "on_treatment": "while_on_treatment",
    "per_protocol": "hypothetical",
}


class Study(Section):
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
    weighting: WeightingSettings | None = None
    gate: GateSettings = GateSettings()
    monitoring: MonitoringSettings = MonitoringSettings()
    # Groups within which the arms are compared, too: a covariate, and for a number its cuts.
    subgroups: dict[str, tuple[float, ...]] = Field(default_factory=dict)
    show: Show = Show()
    limits: tuple[str, ...] = ()
    _base_hash: str = PrivateAttr(default="")

    @field_validator("name")
    @classmethod
    def _name_of_a_folder(cls, name: str) -> str:
        """Refuse a name that could lead a report out of its folder."""
        if not re.fullmatch(r"\w[\w-]*", name):
            raise ValueError(
                f"'{name}' names the folder of the report; use letters, digits, _ and - only"
            )
        return name

    @field_validator("subgroups")
    @classmethod
    def _cuts_ascend(cls, groups: dict[str, tuple[float, ...]]) -> dict[str, tuple[float, ...]]:
        for name, cuts in groups.items():
            if list(cuts) != sorted(set(cuts)):
                raise ValueError(f"the cuts of '{name}' must ascend, each once; got {list(cuts)}")
        return groups

    @property
    def is_synthetic(self) -> bool:
        """Whether the patients are invented."""
        return self.source.synthetic is not None

    @property
    def is_randomised(self) -> bool:
        """Whether chance assigned the arms."""
        return self.comparison.assignment == "randomised"

    @cached_property
    def hash(self) -> str:
        """Twelve hexadecimal digits that change with any setting of the study."""
        settings = self.model_dump(mode="json", exclude={"source": {"folder", "mapping"}})
        if not self.is_randomised:
            # Said of every study before it became a setting; their hashes stay what they were.
            del settings["comparison"]["assignment"]
        canonical = json.dumps(settings, sort_keys=True)
        return hashlib.sha256(canonical.encode()).hexdigest()[:12]

    @property
    def base_hash(self) -> str:
        """The hash of the study as its file says it, before any change for sensitivity."""
        return self._base_hash or self.hash

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
        """Name of the first endpoint in the file that happens to a patient once.

        One that is counted again and again has no risk by a day, but for a study of nothing else.
        """
        once = (name for name in self.endpoints if not self.endpoint(name).counts_all)
        return next(once, next(iter(self.endpoints)))

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
            study = Study.model_validate(written)
        except ValidationError as error:
            message = explain_validation(error, written, Study, file="The changed study")
            raise StudyError(message) from None
        study._base_hash = self.base_hash
        return study

    def strategy_of(self, name: str) -> Strategy:
        """Return the strategy of an endpoint: its own, or else that of the comparison."""
        return self.endpoint(name).strategy or self.comparison.strategy

    def handling_of(self, name: str) -> dict[Intercurrent, Handling]:
        """Return what is done about each intercurrent event of an endpoint.

        What the endpoint says counts before what the comparison says, and that before what the
        strategy implies. Adding another study drug is handled like switching to it, and pregnancy
        is followed through, unless the study says otherwise.
        """
        settings = self.endpoint(name)
        usual = _USUAL[self.strategy_of(name)]
        handled: dict[Intercurrent, Handling] = dict.fromkeys(("discontinuation", "switch"), usual)
        handled["death"] = "while_on_treatment"
        is_default = "competing" not in settings.model_fields_set
        listed: dict[Intercurrent, Handling] = dict.fromkeys(settings.competing, "competing")
        both = (listed, self.comparison.intercurrent)
        for stated in both if is_default else reversed(both):
            handled |= stated
        handled |= settings.intercurrent
        handled.setdefault("add_on", handled["switch"])
        return handled

    def horizon_of(self, name: str) -> int:
        """Return the horizon of an endpoint in days: its own, or else that of the comparison."""
        return self.endpoint(name).horizon_days or self.comparison.horizon_days


class _StrictLoader(yaml.SafeLoader):
    """YAML that refuses a key given twice; the plain loader keeps the last in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return a mapping, or say where a key stands twice."""
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
        named_after_file = re.sub(r"\W+", "_", path.stem) or "study"
        study = Study.model_validate({"name": named_after_file, **written})
    except ValidationError as error:
        raise StudyError(explain_validation(error, written, Study, file=path.name)) from None
    return study.model_copy(update={"source": _from_folder_of(path, study.source)})


def load_source(path: str | Path) -> Source | None:
    """Read where the patients of a study come from, even if the rest of its file has faults.

    None if the file does not say it in a way that can be understood.
    """
    path = Path(path)
    try:
        return _from_folder_of(path, Source.model_validate(_read_yaml(path).get("source")))
    except (StudyError, ValidationError):
        return None


def _from_folder_of(path: Path, source: Source) -> Source:
    """Take the paths of a source from the folder of the study file."""
    places = {"folder": _beside(path, source.folder), "mapping": _beside(path, source.mapping)}
    return source.model_copy(update=places)


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
