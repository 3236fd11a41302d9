"""Which errors a regression model of single rows gives, and what they contain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.errors import EstimationError
from azaanalysis.estimate.refusals import refuse_word

RegressionVariance = Literal["auto", "model", "robust", "stacked"]
_CONTENTS = {
    "model": "sampling of patients, as the model has it",
    "robust": "sampling of patients, whatever the model",
    "stacked": "sampling of patients, whatever the model, and estimation of the weights",
}


@dataclass(frozen=True)
class ChosenErrors:
    """The word, and what it means for this follow-up."""

    word: str
    contents: str


def choose_for_regression(
    follow_up: FollowUp, variance: RegressionVariance, *, usual: str = "model"
) -> ChosenErrors:
    """Choose ``auto``: stacked if weights come from a model, robust if weighted or clustered.

    Raises
    ------
    EstimationError
        If the word is unknown, errors of the model are asked of weighted rows, or stacked ones
        of weights without a model.
    """
    has_score = follow_up.weighting is not None and follow_up.weighting.score is not None
    refuse_word("variance", variance, get_args(RegressionVariance))
    if variance == "stacked" and not has_score:
        raise EstimationError(
            "A stacked interval needs the score of the model of the weights, and this follow-up "
            "has none. Ask for variance='robust' if the weights are known, or weigh first."
        )
    if variance == "model" and follow_up.is_weighted:
        raise EstimationError(
            "The errors of the model would take weights for counts of patients. Ask for "
            "variance='robust', or 'stacked' if the weights come from a model."
        )
    word = str(variance)
    if variance == "auto":
        needs = follow_up.is_weighted or follow_up.clusters is not None
        word = "stacked" if has_score else "robust" if needs else usual
    contents = _CONTENTS[word]
    if word == "robust" and follow_up.is_weighted:
        contents += ", weights taken as known"
    if word != "model" and follow_up.clusters is not None:
        contents += ", rows that belong together taken as one"
    return ChosenErrors(word, contents)
