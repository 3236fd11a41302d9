"""The trial that a study emulates, part by part, and the design in one sentence."""

from __future__ import annotations

from collections.abc import Mapping

from azaanalysis.adjustment import target_in_words
from azaanalysis.display.table import Column, Table
from azaanalysis.handling import listed
from azaanalysis.protocol import describe_protocol
from azaanalysis.study import Study
from azaanalysis.vocab import in_words

_STRATEGIES = {
    "on_treatment": "while on the first treatment",
    "as_started": "as started, whatever follows",
    "per_protocol": "as long as the protocol is followed",
}


def describe_design(study: Study) -> str:
    """Say in two sentences what kind of study this is."""
    comparison = study.comparison
    arms = listed([in_words(arm) for arm in comparison.arms], last="and")
    users = "new users of" if comparison.washout_days else "patients who start"
    kind, adjusted = "A cohort study that emulates a trial", "compared as observed"
    if study.is_randomised:
        kind, adjusted = "A randomised trial", "compared as randomised"
        arms, users = listed([in_words(arm) for arm in comparison.arms], last="or"), "patients on"
    if study.weighting is not None:
        adjusted = f"weighted to stand for {target_in_words(study.weighting, comparison.reference)}"
    return (
        f"{kind}: {users} {arms}, "
        f"followed from the first supply for at most {comparison.horizon_days:,} days, "
        f"{_STRATEGIES[comparison.strategy]}. The arms are {adjusted}."
    )


def title_of_trial(study: Study) -> str:
    """Return what the section is called that describes the trial."""
    return "The trial" if study.is_randomised else "The trial that is emulated"


def tabulate_emulation(study: Study) -> Table:
    """Tabulate the parts of the target trial beside what is done in the data instead.

    Of a study that is a randomised trial, the trial stands beside what is analysed of it.
    """
    said = describe_protocol(study, next(iter(study.endpoints)))
    protocol = dict(zip(said["part"], said["choice"], strict=True))
    days = f"at most {study.comparison.horizon_days:,} days"
    trial = _in_the_trial(protocol, days)
    here = _in_these_data(protocol, days, is_weighted=study.weighting is not None)
    caption = "The target trial, and how it is emulated"
    if study.is_randomised:
        caption = "The trial, and what is analysed of it"
        trial |= {"Assignment": "By chance."}
        here |= _of_a_trial(protocol, days)
    rows = tuple((part, trial[part], done) for part, done in here.items())
    headers = ("Part", "In the trial", "In these data")
    columns = tuple(Column(header, is_number=False) for header in headers)
    return Table(caption, columns, rows)


def _in_the_trial(protocol: Mapping[str, str], days: str) -> dict[str, str]:
    return {
        "Eligibility": protocol["Eligibility"],
        "Strategies": protocol["Strategies"],
        "Assignment": "By chance, known to patient and doctor.",
        "Follow-up": f"From assignment, for {days}.",
        "Outcomes": "Looked for in every arm alike.",
        "Contrast": "Risks and rates of the arms as assigned, their differences and ratios.",
        "Assumptions": "Whoever is lost to follow-up is like whoever remains.",
        "Analysis": "Curves with competing events, rates, and contrasts of both.",
    }


def _in_these_data(protocol: Mapping[str, str], days: str, *, is_weighted: bool) -> dict[str, str]:
    alike = "the arms were alike to begin with"
    if is_weighted:
        alike = "the arms are alike in all that matters, once weighted by the covariates"
    allowed = ", with weights and intervals that allow for them" if is_weighted else ""
    return {
        "Eligibility": "The same, judged from what was recorded by time zero. "
        f"{protocol['New users']}",
        "Strategies": f"The same, as supplied. Compared with: {protocol['Reference']}",
        "Assignment": f"By whoever prescribed. {protocol['Adjustment']}",
        "Follow-up": f"{protocol['Time zero']} From then on for {days}, or until the data end.",
        "Outcomes": "As recorded in care, and only where it was looked for; defined below.",
        "Contrast": f"The same between the arms {'as weighted' if is_weighted else 'as observed'}.",
        "Assumptions": f"That, and: {alike}; everybody could have been given either arm; a "
        "treatment is the same for everybody who is given it.",
        "Analysis": f"The same{allowed}; see Conventions.",
    }


def _of_a_trial(protocol: Mapping[str, str], days: str) -> dict[str, str]:
    """Return what differs where the data are those of a randomised trial."""
    return {
        "Eligibility": "The same: those whom the trial took in and whose data are here.",
        "Strategies": f"The same. Compared with: {protocol['Reference']}",
        "Assignment": f"The same; the trial's own report says who knew of it. "
        f"{protocol['Adjustment']}",
        "Follow-up": f"{protocol['Time zero']} From then on for {days}, or until the data end.",
        "Outcomes": "As the trial recorded them; defined below.",
        "Contrast": "The same.",
        "Assumptions": "The same. Follow-up that ends with the treatment compares those who stay "
        "on it, whom chance did not choose.",
    }
