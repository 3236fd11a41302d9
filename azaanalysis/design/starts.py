"""New users: who starts which arm, when, and who is left out for which reason."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from azaanalysis.cohort import Cohort
from azaanalysis.design.attrition import Attrition
from azaanalysis.design.days import NEVER, days_of, in_order, latest_so_far, starts_group
from azaanalysis.design.eligibility import keep_eligible
from azaanalysis.errors import DesignError
from azaanalysis.settings import Comparison
from azaanalysis.study import Study
from azaanalysis.wording import nearest


def find_starts(cohort: Cohort, study: Study) -> tuple[pd.DataFrame, Attrition]:
    """Find the starts that enter the comparison, with the steps by which patients left.

    Returns
    -------
    tuple
        One row per start that enters (one per patient, unless ``entry`` is ``every``):
        ``position`` (in ``cohort.patients``), ``arm`` (categorical) and ``index_day`` (days since
        1970-01-01), in the order of the patients and of time; and the attrition so far.

    Raises
    ------
    DesignError
        If an arm names a drug or class that the cohort does not know, or nobody is left.
    """
    comparison = study.comparison
    attrition = Attrition(tuple(comparison.arms), len(cohort.patients))
    courses = _study_courses(cohort, comparison)
    attrition.keep(np.unique(courses["position"]), "Started a study drug", "no study drug")
    candidates = _arm_starts(courses, comparison)
    candidates = _seen_before(candidates, cohort, comparison, attrition)
    candidates = _unused_before(candidates, comparison, attrition)
    starts = candidates.iloc[in_order(candidates["position"], candidates["index_day"])]
    if comparison.entry == "first":
        starts = starts[~starts["position"].duplicated() | _tied_with_first(starts)]
    starts = _one_arm_only(starts, courses, comparison, attrition)
    starts = keep_eligible(starts, cohort, study.population, attrition)
    if starts.empty:
        raise DesignError(
            "Nobody is left to follow. Patients left at these steps:\n" + attrition.in_words()
        )
    return starts.reset_index(drop=True), attrition


def components_of(comparison: Comparison) -> tuple[str, ...]:
    """Return the drugs and classes that the arms are made of, each once."""
    return tuple(dict.fromkeys(part for parts in comparison.arms.values() for part in parts))


def drugs_of(component: str, drug_classes: Mapping[str, str]) -> list[str]:
    """Return the drugs a component stands for: those of the class, or the drug itself.

    Raises
    ------
    DesignError
        If the cohort knows neither a drug nor a class of that name.
    """
    drugs = [d for d, its_class in drug_classes.items() if component in (d, its_class)]
    if not drugs:
        known = sorted({*drug_classes, *drug_classes.values()})
        raise DesignError(
            f"The study names '{component}', but it is neither a drug nor a class that this "
            f"cohort knows; {nearest(component, known)}"
        )
    return drugs


def _study_courses(cohort: Cohort, comparison: Comparison) -> pd.DataFrame:
    """Return the courses of all classes that matter, with the component each belongs to.

    A course of a study drug's class that is no study drug itself (mercaptopurine beside an
    azathioprine arm) has component -1, but counts as use of the class in the washout.
    """
    courses = cohort.courses
    drugs = list(courses["drug"].cat.categories)
    classes = {**{drug: drug for drug in drugs}, **cohort.drug_classes}
    component = _component_by_drug(drugs, classes, comparison)
    class_code, _ = pd.factorize(np.array([classes[drug] for drug in drugs], dtype=object))
    in_study = np.isin(class_code, class_code[component >= 0])
    drug_code = courses["drug"].cat.codes.to_numpy()
    wanted = in_study[drug_code]
    kept = drug_code[wanted]
    return pd.DataFrame(
        {
            "position": cohort.positions("courses")[wanted],
            "component": component[kept],
            "class_code": class_code[kept],
            "start": days_of(courses["start_date"])[wanted],
            "stop": days_of(courses["stop_date"])[wanted],
        }
    )


def _component_by_drug(
    drugs: list[str], classes: Mapping[str, str], comparison: Comparison
) -> np.ndarray:
    """Return, for each drug, which of the arms' components stands for it (-1: none)."""
    component = dict.fromkeys(drugs, -1)
    parts = components_of(comparison)
    for code, part in enumerate(parts):
        for drug in drugs_of(part, classes):
            if component.get(drug, -1) >= 0:
                raise DesignError(
                    f"'{parts[component[drug]]}' and '{part}' both stand for {drug}. "
                    "Name each drug once in the arms, alone or by its class."
                )
            if drug in component:
                component[drug] = code
    return np.array([component[drug] for drug in drugs])


def _arm_starts(courses: pd.DataFrame, comparison: Comparison) -> pd.DataFrame:
    """Return every start of every arm, with the last day of use of its classes before."""
    parts = components_of(comparison)
    starts = _with_last_use(courses)
    starts = starts[starts["component"] >= 0]
    found, in_combination = [], np.zeros(len(courses), dtype=bool)
    for arm, names in enumerate(comparison.arms.values()):
        if len(names) > 1:
            joint, rows = _joint_starts(starts, [parts.index(n) for n in names], comparison)
            in_combination[rows] = True
            found.append(joint.assign(arm=arm))
    single = starts[~in_combination[starts.index]].rename(columns={"start": "index_day"})
    columns = ["position", "index_day", "last_use"]
    for arm, names in enumerate(comparison.arms.values()):
        if len(names) == 1:
            of_part = (single["component"] == parts.index(names[0])).to_numpy()
            found.append(single.loc[of_part, columns].assign(arm=arm))
    candidates = pd.concat([frame[[*columns, "arm"]] for frame in found], ignore_index=True)
    # Arms are numbers until here: a million words would take longer to join than all the rest.
    arms = pd.CategoricalDtype(list(comparison.arms))
    return candidates.assign(arm=pd.Categorical.from_codes(candidates["arm"], dtype=arms))


def _with_last_use(courses: pd.DataFrame) -> pd.DataFrame:
    """Add the last day on which the patient had the same class before each course."""
    group = courses["class_code"] * (courses["position"].max() + 1) + courses["position"]
    order = in_order(group, courses["start"])
    ordered, group = courses.iloc[order].reset_index(drop=True), group.to_numpy()[order]
    latest = latest_so_far(group, ordered["stop"].to_numpy())
    before = np.append(-NEVER, latest[:-1])[: len(latest)]
    last_use = np.where(starts_group(group), -NEVER, before)
    return ordered.assign(last_use=last_use)


def _joint_starts(
    starts: pd.DataFrame, parts: list[int], comparison: Comparison
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the starts of a combination, and the rows of ``starts`` that they are made of.

    Each part started within the days allowed. Time zero is the day on which the combination
    is complete, so no one has to survive until a later drug to be counted from an earlier day.
    """
    by_part = [
        starts.loc[starts["component"] == part, ["position", "start", "last_use"]].assign(
            row=lambda frame: frame.index
        )
        for part in parts
    ]
    joint = by_part[0].add_suffix("_0").rename(columns={"position_0": "position"})
    for number, other in enumerate(by_part[1:], start=1):
        other = other.add_suffix(f"_{number}")
        joint = joint.merge(other, left_on="position", right_on=f"position_{number}")
    begun = joint[[f"start_{number}" for number in range(len(parts))]]
    joint = joint[begun.max(axis=1) - begun.min(axis=1) <= comparison.together_within_days]
    begun = begun.loc[joint.index]
    last_use = joint[[f"last_use_{number}" for number in range(len(parts))]].max(axis=1)
    rows = joint[[f"row_{number}" for number in range(len(parts))]].to_numpy(dtype=np.int64).ravel()
    return joint.assign(index_day=begun.max(axis=1), last_use=last_use), rows


def _seen_before(
    candidates: pd.DataFrame, cohort: Cohort, comparison: Comparison, attrition: Attrition
) -> pd.DataFrame:
    """Keep the starts that are preceded by enough observation, and lie within it."""
    washout = comparison.washout_days
    position = candidates["position"].to_numpy()
    begin = days_of(cohort.patients["observed_from"])[position]
    end = days_of(cohort.patients["observed_to"])[position]
    day = candidates["index_day"].to_numpy()
    within = (day <= end) & (day >= begin)
    kept = candidates[within]
    attrition.keep(kept["position"], "Started while observed", "every start outside observation")
    is_long_enough = pd.Series(within & (day - begin >= washout), index=candidates.index)
    kept = candidates.loc[is_long_enough]
    if washout:
        reason = f"observed for fewer than {washout} days before every start"
        attrition.keep(kept["position"], f"Observed for {washout} days before", reason)
    return kept


def _unused_before(
    candidates: pd.DataFrame, comparison: Comparison, attrition: Attrition
) -> pd.DataFrame:
    """Keep the starts with no use of the class in the washout."""
    washout = comparison.washout_days
    if not washout:
        return candidates
    kept = candidates.loc[candidates["index_day"] - candidates["last_use"] > washout]
    reason = f"used the class in the {washout} days before every start"
    attrition.keep(kept["position"], "New user", reason)
    return kept


def _tied_with_first(starts: pd.DataFrame) -> pd.Series:
    first_day = starts.groupby("position")["index_day"].transform("first")
    return starts["index_day"] == first_day


def _one_arm_only(
    starts: pd.DataFrame, courses: pd.DataFrame, comparison: Comparison, attrition: Attrition
) -> pd.DataFrame:
    """Leave out who started two arms on one day, or had another arm's drug in use at the start."""
    starts = starts[~starts.duplicated(["position", "index_day"], keep=False)]
    attrition.keep(starts["position"], "One arm", "started two arms on the same day")
    parts = components_of(comparison)
    is_own = np.array([[part in own for part in parts] for own in comparison.arms.values()])
    numbered = starts.assign(row=np.arange(len(starts)))
    in_use = courses[courses["component"] >= 0].merge(numbered, on="position")
    in_use = in_use[
        (in_use["start"] < in_use["index_day"]) & (in_use["stop"] >= in_use["index_day"])
    ]
    foreign = ~is_own[in_use["arm"].cat.codes, in_use["component"]]
    kept = starts[~np.isin(np.arange(len(starts)), in_use["row"].to_numpy()[foreign])]
    attrition.keep(kept["position"], "No other study drug", "another study drug was in use")
    return kept
