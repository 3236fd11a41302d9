"""Check a design before any estimate is made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from azaanalysis.cohort import Cohort
from azaanalysis.design.assemble import find_unfit_covariates
from azaanalysis.design.checks.covariates import check_covariates
from azaanalysis.design.checks.finding import Finding
from azaanalysis.design.checks.outcomes import check_outcomes
from azaanalysis.design.checks.scene import Scene
from azaanalysis.design.checks.time import check_time
from azaanalysis.design.checks.users import check_users
from azaanalysis.design.eligibility import find_unknown_words
from azaanalysis.design.entrants import Entrants, find_entrants
from azaanalysis.design.follow import follow
from azaanalysis.design.follow_up import FollowUp
from azaanalysis.design.starts import components_of, drugs_of
from azaanalysis.errors import DesignError
from azaanalysis.study import Study
from azaanalysis.vocab import in_words

_CHECKS: tuple[Callable[[Scene], Iterator[Finding]], ...] = (
    check_users,
    check_time,
    check_covariates,
    check_outcomes,
)


def check_design(cohort: Cohort, study: Study) -> tuple[Finding, ...]:
    """Look for what would make a comparison unfair or a question unanswerable.

    Nothing is estimated and nothing is changed. Faults that keep the study from being run at all
    (an unknown drug, a table that is not there) are listed together with those that would only
    make its numbers wrong.

    Parameters
    ----------
    cohort
        Checked tables.
    study
        The question.

    Returns
    -------
    tuple of Finding
        Errors first; empty if nothing was found. That nothing was found does not prove a design:
        confounding by what was not measured, for one, leaves no trace in the data.
    """
    found = list(_unknown_words(cohort, study))
    entrants = _entrants(cohort, study, found)
    if entrants is None:
        return _errors_first(found)
    follow_ups = _follow_ups(cohort, study, found)
    scene = Scene(cohort, study, entrants, follow_ups)
    for check in _CHECKS:
        found += check(scene)
    return _errors_first(_without_echo(found))


def _unknown_words(cohort: Cohort, study: Study) -> Iterator[Finding]:
    """Name every word of the study that the cohort does not know, one finding each."""
    for part in components_of(study.comparison):
        try:
            drugs_of(part, cohort.drug_classes)
        except DesignError as error:
            yield _word("comparison: arms", str(error))
    for message in find_unknown_words(cohort, study.population):
        yield _word("population", message)
    for message in find_unfit_covariates(cohort.patients, study.covariates):
        yield _word("covariates", message)
    for message in find_unfit_covariates(cohort.patients, study.subgroups, called="subgroup"):
        yield _word("subgroups", message)


def _word(where: str, message: str) -> Finding:
    remedy = "correct the word in the study file, or add the column or rows to the data."
    return Finding("unknown_word", "error", where, message, remedy)


def _entrants(cohort: Cohort, study: Study, found: list[Finding]) -> Entrants | None:
    """Find who enters; what keeps anybody from it becomes a finding, unless it is known already."""
    try:
        return find_entrants(cohort, study)
    except DesignError as error:
        if not any(one.where in ("comparison: arms", "population") for one in found):
            remedy = "mend what the message names, and check again."
            found.append(Finding("nobody_enters", "error", "the study", str(error), remedy))
        return None


def _follow_ups(cohort: Cohort, study: Study, found: list[Finding]) -> dict[str, FollowUp]:
    """Follow each endpoint that can be followed; each that cannot becomes a finding."""
    if any(one.where == "covariates" for one in found):
        study = study.changed(covariates=())  # type: ignore[arg-type]
    followed = {}
    for name in study.endpoints:
        try:
            followed[name] = follow(cohort, study, endpoint=name)
        except DesignError as error:
            where = f"endpoint {in_words(name)}"
            remedy = "mend what the message names, or take the endpoint out of the study file."
            found.append(Finding("cannot_be_followed", "error", where, str(error), remedy))
    return followed


def _without_echo(found: list[Finding]) -> list[Finding]:
    """Drop the general refusal of an endpoint whose fault a check has named."""
    named = {one.where for one in found if one.check == "immortal_time"}
    return [one for one in found if one.check != "cannot_be_followed" or one.where not in named]


def _errors_first(found: list[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(found, key=lambda one: one.severity != "error"))
