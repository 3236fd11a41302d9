"""What a study file may say about weighing the arms, and when a comparison may be shown."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from azaanalysis.settings import Section

Target = Literal["ate", "att", "overlap"]
# A written reason has at least so many words; "x" or "yes" tells a reader nothing.
_WORDS_OF_A_REASON = 3
Proportion = Annotated[float, Field(gt=0, lt=1)]


class Trimming(Section):
    """Who is set aside because an arm was hardly open to them.

    ``common_range`` names numbers, such as the calendar year, outside whose common range (where
    every arm has somebody) patients are set aside before the model is fitted. After that at
    most one of two rules, and the model is fitted again: ``least_preference`` is held against
    the smallest preference score of a patient (the chance of an arm as it would be if all arms
    were of one size): 0.3 keeps 0.3 to 0.7 when there are two arms. ``least_chance`` is held
    against the smallest fitted chance: 0.1 keeps 0.1 to 0.9.
    """

    common_range: tuple[str, ...] = ()
    least_preference: Annotated[float, Field(gt=0, le=0.5)] | None = None
    least_chance: Annotated[float, Field(gt=0, le=0.5)] | None = None

    @model_validator(mode="after")
    def _one_rule(self) -> Trimming:
        if self.least_preference is not None and self.least_chance is not None:
            raise ValueError("give 'least_preference' or 'least_chance', not both")
        return self

    @property
    def is_asked_for(self) -> bool:
        """Whether anybody is to be set aside by what the model says of them."""
        return self.least_preference is not None or self.least_chance is not None


class Truncation(Section):
    """Where weights are cut off: at quantiles of all weights, or at a number."""

    lower_quantile: Proportion | None = None
    upper_quantile: Proportion | None = None
    at_most: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _lower_below_upper(self) -> Truncation:
        lower, upper = self.lower_quantile, self.upper_quantile
        if lower is not None and upper is not None and lower >= upper:
            raise ValueError(
                f"'lower_quantile' is {lower:g} and 'upper_quantile' {upper:g}, so that no weight "
                "would stand; give the smaller one first"
            )
        return self

    @property
    def is_asked_for(self) -> bool:
        """Whether any weight may be cut off."""
        return (self.lower_quantile, self.upper_quantile, self.at_most) != (None, None, None)


class WeightingSettings(Section):
    """How the arms are made comparable: the ``weighting`` section of a study file.

    ``target`` is the population that the weighted arms stand for: everybody (``ate``), those who
    received one arm (``att``, with ``of_arm``; the reference if it is not named), or those who
    could have received any arm (``overlap``). ``covariates`` are all of the study's if none are
    named; ``splines`` gives the number of knots of a number's curve. ``penalty`` is ``l1`` where
    covariates come by the hundred.
    """

    target: Target = "overlap"
    of_arm: str = ""
    covariates: tuple[str, ...] = ()
    splines: dict[str, Annotated[int, Field(ge=3, le=7)]] = Field(default_factory=dict)
    missing: Literal["indicator", "refuse"] = "indicator"
    penalty: Literal["none", "l1"] = "none"
    trim: Trimming = Trimming()
    truncate: Truncation = Truncation()

    @model_validator(mode="after")
    def _arm_only_if_used(self) -> WeightingSettings:
        if self.of_arm and self.target != "att":
            raise ValueError(f"'of_arm' belongs to target 'att', but the target is '{self.target}'")
        return self


class GateSettings(Section):
    """Pass marks of a comparison: the ``gate`` section of a study file.

    A comparison passes if no standardised difference is larger than ``largest_smd`` (or than
    chance alone would make it, if ``allow_for_chance``), if at least ``smallest_equipoise`` of the
    patients have a preference score from 0.3 to 0.7, and if in both arms the effective sample
    size is at least ``smallest_effective_share`` of the patients. ``override`` is the written
    reason for which a comparison that fails is shown all the same.
    """

    largest_smd: Annotated[float, Field(gt=0)] = 0.1
    allow_for_chance: bool = True
    smallest_equipoise: Annotated[float, Field(ge=0, le=1)] = 0.2
    smallest_effective_share: Annotated[float, Field(ge=0, le=1)] = 0.3
    override: str = ""

    @field_validator("override")
    @classmethod
    def _a_reason_in_words(cls, reason: str) -> str:
        if reason and len(reason.split()) < _WORDS_OF_A_REASON:
            raise ValueError(
                f"'{reason}' is no reason a reader could weigh; write a sentence, or leave it out"
            )
        return reason
