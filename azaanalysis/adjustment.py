"""How the arms are made comparable, in words."""

from __future__ import annotations

from azaanalysis.handling import listed
from azaanalysis.settings_weighting import GateSettings, Trimming, Truncation, WeightingSettings
from azaanalysis.study import Study
from azaanalysis.vocab import in_words, lower_first, spell_column


def describe_adjustment(study: Study) -> dict[str, str]:
    """Return the rows of the protocol that tell of weights, and of when a comparison is shown."""
    choices = study.weighting
    if choices is None:
        came = "randomised" if study.is_randomised else "observed"
        return {"Adjustment": f"None: the arms are compared as {came}."}
    names = [_covariate(name) for name in choices.covariates or study.covariates]
    kind = "Multinomial logistic" if len(study.comparison.arms) > 2 else "Logistic"
    model = f"{kind} model of the arm, given {listed(names, last='and')}"
    curves = listed([_covariate(name) for name in choices.splines], last="and")
    parts = [
        f"Weighted to stand for {target_in_words(choices, study.comparison.reference)}",
        model + (f"; {curves} as natural cubic curves" if curves else ""),
        "chosen by an L1 penalty" if choices.penalty == "l1" else "",
        _trimming(choices.trim),
        _truncation(choices.truncate),
    ]
    rows = {"Adjustment": f"{'. '.join(part for part in parts if part)}."}
    return rows | {"Shown only if": _gate(study.gate)}


def _covariate(name: str) -> str:
    return lower_first(spell_column(name))


def weighting_clause(study: Study) -> str:
    """Return what an estimand sentence says about the population the arms stand for."""
    if study.weighting is None:
        return ""
    target = target_in_words(study.weighting, study.comparison.reference)
    return f", the arms weighted to stand for {target}"


def target_in_words(choices: WeightingSettings, reference: str) -> str:
    """Return the population that the weighted arms stand for."""
    if choices.target == "att":
        return f"those who started {in_words(choices.of_arm or reference)}"
    return {
        "ate": "everybody in the comparison",
        "overlap": "those who could have received any arm (overlap weights)",
    }[choices.target]


def rule_in_words(trim: Trimming) -> str:
    """Return who is set aside, as a clause."""
    if trim.least_preference is not None:
        return f"their preference score for some arm is below {trim.least_preference:g}"
    return f"their chance of some arm is below {trim.least_chance:g}"


def _trimming(trim: Trimming) -> str:
    rules = []
    if trim.common_range:
        names = listed([_covariate(name) for name in trim.common_range], last="and")
        rules.append(f"their {names} lies outside the range that all arms share")
    if trim.is_asked_for:
        rules.append(rule_in_words(trim))
    return f"Patients are set aside if {' or '.join(rules)}" if rules else ""


def _truncation(truncate: Truncation) -> str:
    bounds = []
    if truncate.lower_quantile is not None:
        bounds.append(f"below the {100 * truncate.lower_quantile:g}th percentile")
    if truncate.upper_quantile is not None:
        bounds.append(f"above the {100 * truncate.upper_quantile:g}th percentile")
    if truncate.at_most is not None:
        bounds.append(f"above {truncate.at_most:g}")
    return f"Weights {' and '.join(bounds)} are cut off" if bounds else ""


def _gate(marks: GateSettings) -> str:
    chance = " (or no more than chance would make it)" if marks.allow_for_chance else ""
    sentence = (
        f"After weighting no standardised difference from the reference is above "
        f"{marks.largest_smd:g}{chance}, at least {100 * marks.smallest_equipoise:g}% of the "
        "patients have a preference score from 0.3 to 0.7, and the weights leave at least "
        f"{100 * marks.smallest_effective_share:g}% of each arm in effect."
    )
    if marks.override:
        sentence += f" A comparison that fails is shown all the same: {marks.override}"
    return sentence
