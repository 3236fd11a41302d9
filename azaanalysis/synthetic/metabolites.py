"""Metabolites of azathioprine, and allopurinol beside it: read from a life that has passed.

What the body makes of the drug is drawn from its own random numbers after everything else, so that
no count, response or stop depends on whether anybody looked at it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from azaanalysis.synthetic.baseline import Patients
from azaanalysis.synthetic.draws import draw_lines
from azaanalysis.synthetic.formulary import Formulary
from azaanalysis.synthetic.mechanism import Block, History
from azaanalysis.synthetic.monitoring import starting_dose
from azaanalysis.synthetic.parameters import Parameters
from azaanalysis.synthetic.state import OPEN
from azaanalysis.synthetic.stopping import N_CLOCKS
from azaanalysis.synthetic.traits import gene_ratio, gene_sensitivity

ALLOPURINOL = "allopurinol"
# As good as never, in days since the index day.
_NEVER = 10**6
# A uniform number is kept this far from 0 and 1, where no normal number belongs to it.
_EDGE = 1e-9


@dataclass(frozen=True, eq=False)
class Beside:
    """What was measured and given beside azathioprine; days are counted from the index day.

    Parameters
    ----------
    patient, day, tgn, mmp
        One entry for each test of metabolites, in pmol per 8 x 10^8 red blood cells.
    courses
        Spells on allopurinol: ``patient``, ``start``, ``stop`` (missing if open), ``reason``.
    is_low_dose
        For each patient whether azathioprine was started at the low dose that goes with it.
    """

    patient: np.ndarray
    day: np.ndarray
    tgn: np.ndarray
    mmp: np.ndarray
    courses: dict[str, np.ndarray]
    is_low_dose: np.ndarray


@dataclass(frozen=True, eq=False)
class _Luck:
    """Random numbers of each patient."""

    adds: np.ndarray
    tgn: np.ndarray
    mmp: np.ndarray


def look_beside(history: History, formulary: Formulary, parameters: Parameters) -> Beside:
    """Measure metabolites of some of those tested, and find who is given allopurinol."""
    block, n = history.block, len(history.block.patients)
    stream = block.draws.stream("metabolites")
    stream.random(n)  # Taken by starts_low.
    luck = _Luck(stream.random(n), *stream.standard_normal((2, n)))
    tests = history.record.tests.joined()
    is_due = tests["thiopurine_weeks"] >= parameters["metabolite_weeks_first"]
    is_tested = is_due & (stream.random(len(is_due)) < parameters["metabolite_tested_share"])
    patient = tests["patient"][is_tested].astype(np.int64)
    day, dose = tests["day"][is_tested], tests["dose_fraction"][is_tested]
    noise = parameters["metabolite_noise_log_sd"] * stream.standard_normal((2, len(patient)))
    tgn, mmp = (
        dose * level[patient] * np.exp(part)
        for level, part in zip(_levels(block, luck, parameters), noise, strict=True)
    )
    spells = _spells(history, formulary)
    starts = starts_low(block, parameters)
    is_first = (spells["start"] == 0) & starts[spells["patient"]]
    since = np.full(n, _NEVER)
    since[spells["patient"][is_first]] = 0
    since = _added(since, patient, day, mmp, luck.adds, parameters)
    courses = _courses(spells, since, history.state.until)
    # A patient off azathioprine has no test of its metabolites, so that from then on is enough.
    is_beside = day >= since[patient]
    dose_left = parameters["allopurinol_dose_fraction"]
    tgn = tgn * np.where(is_beside, dose_left * parameters["allopurinol_6tgn_ratio"], 1.0)
    mmp = mmp * np.where(is_beside, dose_left * parameters["allopurinol_6mmp_ratio"], 1.0)
    mmp = np.minimum(mmp, parameters["6mmp_most"])
    return Beside(patient, day, np.round(tgn), np.round(mmp), courses, since == 0)


def starts_low(block: Block, parameters: Parameters) -> np.ndarray:
    """Tell who, if given azathioprine first, is given little of it with allopurinol."""
    luck = block.draws.stream("metabolites").random(len(block.patients))
    is_low: np.ndarray = luck < parameters["allopurinol_start_share"]
    is_low &= ~block.patients.has_reduced_gene_recorded
    return is_low


def first_dose_per_kg(block: Block, parameters: Parameters) -> np.ndarray:
    """Return the daily dose of azathioprine that each patient is, or would be, started on."""
    weight = block.patients.weight_kg
    share = starting_dose(block.patients, parameters)
    lower = np.where(starts_low(block, parameters), parameters["allopurinol_dose_fraction"], 1.0)
    wanted = parameters["dose_mg_per_kg.azathioprine"] * weight * share * lower
    per_kg: np.ndarray = in_tablets(wanted, parameters) / weight
    return per_kg


def in_tablets(mg: np.ndarray, parameters: Parameters) -> np.ndarray:
    """Round a daily dose to tablets, one at least."""
    step = parameters["dose_rounding_mg"]
    rounded: np.ndarray = np.maximum(np.round(mg / step), 1) * step
    return rounded


def _levels(block: Block, luck: _Luck, parameters: Parameters) -> tuple[np.ndarray, np.ndarray]:
    """Return the level of 6-TGN and 6-MMP of each patient at the target dose.

    Who takes and absorbs more of the drug is luckier in response and falls further in white
    cells; who makes more 6-MMP is closer to harm of the liver.
    """
    patients, traits = block.patients, block.traits
    lines = draw_lines(block.draws, int(parameters["lines_most"]), N_CLOCKS)
    response = -ndtri(np.clip(lines.response[0], _EDGE, 1 - _EDGE))
    falls = np.log(traits.suppression / gene_sensitivity(patients, parameters))
    tgn = parameters["6tgn_per_response"] * response
    tgn = tgn + parameters["6tgn_per_suppression"] * falls
    tgn = tgn + parameters["6tgn_log_sd"] * luck.tgn
    liver = -ndtri(np.clip(traits.hepatotoxicity, _EDGE, 1 - _EDGE))
    mmp = parameters["6mmp_per_hepatotoxicity"] * liver + parameters["6mmp_log_sd"] * luck.mmp
    return (
        parameters["6tgn_median"] * np.exp(tgn) * _by_tpmt(patients, "suppression", parameters),
        parameters["6mmp_median"] * np.exp(mmp) * _by_tpmt(patients, "6mmp", parameters),
    )


def _by_tpmt(patients: Patients, quantity: str, parameters: Parameters) -> np.ndarray:
    """Return what TPMT does to a level; NUDT15 acts on what the level does, not on the level."""
    by_tpmt: np.ndarray = gene_ratio(quantity, parameters)[patients.tpmt]
    return by_tpmt


def _added(
    since: np.ndarray,
    patient: np.ndarray,
    day: np.ndarray,
    mmp: np.ndarray,
    luck: np.ndarray,
    parameters: Parameters,
) -> np.ndarray:
    """Return the day from which each patient has allopurinol, added after a high 6-MMP in some."""
    first_high = np.full(len(since), _NEVER)
    is_high = (mmp > parameters["6mmp_limit"]) & (day < since[patient])
    is_high &= luck[patient] < parameters["allopurinol_if_high_6mmp"]
    np.minimum.at(first_high, patient[is_high], day[is_high].astype(np.int64))
    wait = int(parameters["allopurinol_wait_days"])
    added: np.ndarray = np.minimum(since, first_high + wait)
    return added


def _spells(history: History, formulary: Formulary) -> dict[str, np.ndarray]:
    """Return the spells on a thiopurine; ``stop`` is far away while it goes on."""
    is_thiopurine, parts = formulary.is_class("thiopurine"), []
    for courses in (history.record.courses, history.record.companion):
        line, patient = np.nonzero(is_thiopurine[courses.drug] & (courses.start != OPEN))
        stop = courses.stop[line, patient].astype(np.int64)
        parts.append(
            {
                "patient": patient,
                "start": courses.start[line, patient].astype(np.int64),
                "stop": np.where(stop == OPEN, _NEVER, stop),
                "reason": courses.reason[line, patient],
            }
        )
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _courses(
    spells: dict[str, np.ndarray], since: np.ndarray, until: np.ndarray
) -> dict[str, np.ndarray]:
    """Return allopurinol from its first day to the end of each spell, stopped with the drug."""
    begin = np.maximum(spells["start"], since[spells["patient"]])
    is_given = (begin <= spells["stop"]) & (begin < until[spells["patient"]])
    stop = spells["stop"][is_given]
    return {
        "patient": spells["patient"][is_given],
        "start": begin[is_given].astype(float),
        "stop": np.where(stop == _NEVER, np.nan, stop),
        "reason": spells["reason"][is_given],
    }
