"""Groups of patients within which the arms are compared, each made comparable by itself."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from azaanalysis.cohort import Cohort
from azaanalysis.design.follow import follow
from azaanalysis.design.follow_up import FollowUp
from azaanalysis.design.together import follow_together
from azaanalysis.design.weigh import weigh
from azaanalysis.design.weighting import select_weighting
from azaanalysis.errors import AzaError
from azaanalysis.study import Study
from azaanalysis.vocab import in_words

Array = np.ndarray
EVERYBODY = "Everybody"
# Words by which a source says that it does not know.
_UNKNOWN = ("untested", "unknown", "missing", "not recorded", "")
_NOT_RECORDED = "not recorded"
# A covariate with more words than this is no subgroup unless the study file names it.
_FEW_LEVELS = 4
_UNNAMED = (
    "The study file names no subgroups, so none was chosen before the results were seen: these are "
    "its covariates, numbers cut at their median."
)


@dataclass(frozen=True, eq=False)
class Subgroup:
    """Patients who are alike in one trait, followed and weighed among themselves.

    Parameters
    ----------
    trait, level
        What they are alike in, as a column and as words; ``EVERYBODY`` and an empty word for all.
    follow_up
        Their follow-up, weighed within the group; None if that cannot be done.
    refusal
        Why it cannot.
    is_tested
        Whether the level takes part in the test of interaction: where the trait was not recorded
        patients have no level.
    counts
        Patients of each arm before any weighting.
    smallest_count
        The smallest count that may be shown.
    notes
        What a reader should know of how the group was formed.
    """

    trait: str
    level: str
    follow_up: FollowUp | None
    refusal: str = ""
    is_tested: bool = True
    counts: tuple[int, ...] = ()
    smallest_count: int = 1
    notes: tuple[str, ...] = ()


def follow_subgroups(cohort: Cohort, study: Study, *, endpoint: str) -> tuple[Subgroup, ...]:
    """Follow everybody, then each group of the study's ``subgroups``, weighed within the group.

    Parameters
    ----------
    cohort, study, endpoint
        As in ``follow``. Several causes of the endpoint count as one (``follow_together``).

    Returns
    -------
    tuple of Subgroup
        Everybody first, then the levels of each trait in the order of the study file. A group
        that cannot be followed or weighed is there with the reason. Where the study names no
        subgroups, its covariates with few levels are taken, and a note says so.

    Raises
    ------
    StudyError, DesignError
        If everybody cannot be followed or weighed: as in ``follow`` and ``weigh``.

    Notes
    -----
    The propensity model is fitted again in each group, for weights that balance everybody need
    not balance a part of them (Green and Stuart (2014), Am J Epidemiol 180:1123-1131; Dong et
    al. (2020), Stat Methods Med Res 29:659-676). A trait whose patients the study leaves out
    (``without``) is studied in a population that lets them in; all other groups stay without them.
    """
    whole = follow_together(follow(cohort, study, endpoint=endpoint))
    named, notes = _traits(study, whole)
    everybody = Subgroup(EVERYBODY, "", weigh(whole), counts=_sizes(whole), notes=notes)
    made = [everybody]
    for trait, cuts in named.items():
        made += _of_trait(cohort, study, endpoint, trait, cuts)
    smallest = int(whole.about.get("smallest_count", 1))
    return tuple(replace(one, smallest_count=smallest) for one in made)


def _traits(study: Study, whole: FollowUp) -> tuple[dict[str, tuple[float, ...]], tuple[str, ...]]:
    """Return the traits with their cuts, and a note if the study does not name them."""
    if study.subgroups:
        return dict(study.subgroups), ()
    found: dict[str, tuple[float, ...]] = {}
    for name in whole.covariates:
        column = whole.frame[name]
        if _is_number(column):
            found[name] = (float(np.ceil(column.median())),)
        elif column.nunique() <= _FEW_LEVELS:
            found[name] = ()
    return found, (_UNNAMED,)


def _of_trait(
    cohort: Cohort, study: Study, endpoint: str, trait: str, cuts: Sequence[float]
) -> Iterator[Subgroup]:
    """Return the groups of one trait; one without a level, with the reason, if there are none."""
    asked, notes = _letting_in(study, trait)
    try:
        whole = follow_together(follow(cohort, asked, endpoint=endpoint))
    except AzaError as refused:
        yield Subgroup(trait, "", None, str(refused), is_tested=False)
        return
    levels = cut_into_levels(_at_first(whole, trait), cuts)
    known = [level for level in levels.cat.categories if level not in _UNKNOWN]
    for level in levels.cat.categories:
        part = _subset(whole, (levels == level).to_numpy())
        yield replace(_weighed(part, trait, str(level)), is_tested=level in known, notes=notes)


def _letting_in(study: Study, trait: str) -> tuple[Study, tuple[str, ...]]:
    """Return the study with the trait among its covariates, and with patients who have it."""
    is_left_out = trait in study.population.without
    if trait in study.covariates and not is_left_out:
        return study, ()
    without = tuple(name for name in study.population.without if name != trait)
    covariates = tuple(dict.fromkeys((*study.covariates, trait)))
    # The validator wants the section as in the file, and a tuple replaces another as a whole.
    asked = study.changed(population={"without": without})
    asked = asked.model_copy(update={"covariates": covariates})
    note = (
        f"{in_words(trait.removeprefix('has_')).capitalize()}: the study leaves these patients "
        "out; they are let in for this comparison only."
    )
    return asked, (note,) if is_left_out else ()


def cut_into_levels(column: pd.Series, cuts: Sequence[float] = ()) -> pd.Series:
    """Return the level of each patient in words, as a categorical in a sensible order.

    Truths become ``yes`` and ``no``; numbers fall between the cuts, each cut belonging to the
    group above it; whoever has no value is ``not recorded``.
    """
    if pd.api.types.is_bool_dtype(column.dtype):
        words, order = column.map({True: "yes", False: "no"}), ["no", "yes"]
    elif _is_number(column):
        order = _spans(column, cuts)
        place = np.searchsorted(np.asarray(cuts), column.to_numpy("float64", na_value=np.nan))
        above = np.isin(column.to_numpy("float64", na_value=np.nan), cuts)
        named = np.array(order, dtype=object)[np.minimum(place + above, len(cuts))]
        words = pd.Series(named, column.index).where(column.notna())
    else:
        kept = column.astype("category").cat.remove_unused_categories()
        order = [str(level) for level in kept.cat.categories]
        words = kept.astype(object).map(str, na_action="ignore")
    if words.isna().any():
        order = [*order, _NOT_RECORDED]
        words = words.astype(object).where(words.notna(), _NOT_RECORDED)
    # What nobody knows stands last.
    order.sort(key=lambda level: level in _UNKNOWN)
    made = pd.Series(pd.Categorical(words, order), column.index)
    return made.cat.remove_unused_categories()


def _spans(column: pd.Series, cuts: Sequence[float]) -> list[str]:
    """Name the ranges between cuts: whole numbers one by one, others by their bounds."""
    if not len(cuts):
        return ["any"]
    is_whole = bool((column.dropna() % 1 == 0).all())
    first = f"under {cuts[0]:g}"
    if is_whole and column.min() >= 0 and cuts[0] <= 1:
        first = "0"
    middle = [
        f"{low:g}" if is_whole and high == low + 1 else f"{low:g} to under {high:g}"
        for low, high in itertools.pairwise(cuts)
    ]
    return [first, *middle, f"{cuts[-1]:g} or more"]


def _is_number(column: pd.Series) -> bool:
    dtype = column.dtype
    is_number = pd.api.types.is_numeric_dtype(dtype)
    return bool(is_number and not pd.api.types.is_bool_dtype(dtype))


def _at_first(whole: FollowUp, trait: str) -> pd.Series:
    """Return the trait of each row's patient as it was in the first row, so that nobody is in two.

    Groups that share no patient are independent, which the test of interaction uses.
    """
    frame = whole.frame
    place = frame["patient_id"].drop_duplicates()
    first_of = frame.loc[place.index, trait].set_axis(place.to_numpy())
    of_rows: pd.Series = first_of.reindex(frame["patient_id"]).set_axis(frame.index)
    return of_rows


def _subset(whole: FollowUp, rows: Array) -> FollowUp:
    """Return the rows of one group as a follow-up of its own."""
    frame = whole.frame[rows].reset_index(drop=True)
    weighting = whole.weighting
    if weighting is not None:
        weighting = select_weighting(weighting, np.flatnonzero(rows), len(rows))
    return replace(whole, frame=frame, weighting=weighting)


def _weighed(part: FollowUp, trait: str, level: str) -> Subgroup:
    """Weigh a group by the study's covariates, less the trait that all of it share."""
    counts = _sizes(part)
    settings = part.about.get("weighting_settings")
    try:
        if settings is None:
            return Subgroup(trait, level, weigh(part), counts=counts)
        names = settings.covariates or part.covariates
        differing = tuple(name for name in names if len(part.frame[name].unique()) > 1)
        curves = {k: v for k, v in settings.splines.items() if k in differing}
        changes = {"covariates": differing, "splines": curves}
        weighed = weigh(part, settings=settings.model_copy(update=changes))
    except AzaError as refused:
        return Subgroup(trait, level, None, str(refused), counts=counts)
    return Subgroup(trait, level, weighed, counts=counts)


def _sizes(follow_up: FollowUp) -> tuple[int, ...]:
    first = follow_up.frame.drop_duplicates("patient_id")
    counts = first["arm"].value_counts(sort=False)
    return tuple(int(counts.get(arm, 0)) for arm in follow_up.arms)
