"""From the history of one block to plain rows, table by table."""

from __future__ import annotations

import numpy as np

from azaanalysis.synthetic.baseline import GENOTYPES
from azaanalysis.synthetic.formulary import Formulary
from azaanalysis.synthetic.mechanism import History
from azaanalysis.synthetic.metabolites import Beside, in_tablets, look_beside
from azaanalysis.synthetic.parameters import Parameters
from azaanalysis.synthetic.state import OPEN, STOP_REASONS, Courses
from azaanalysis.synthetic.visits import activity
from azaanalysis.vocab import DAYS_PER_YEAR

LAB_TESTS = ("alt", "crp", "lymphocytes", "wbc", "6tgn", "6mmp")
NO_DAY = np.iinfo(np.int64).min

Columns = dict[str, np.ndarray]


def history_columns(
    history: History, formulary: Formulary, parameters: Parameters
) -> dict[str, Columns]:
    """Return the rows of one block as plain arrays by table and column.

    ``patient`` is the patient's place in the block; days are counted from 1970-01-01.
    """
    index_day = history.block.patients.index_day
    beside = look_beside(history, formulary, parameters)
    tables = {
        "patients": _patients(history),
        "courses": _courses(history, beside, formulary, parameters),
        "visits": dict(history.visits),
        "labs": _labs(history, beside, parameters),
        "events": _events(history),
        "steroids": _steroids(history),
    }
    for columns in tables.values():
        for name in ("day", "start", "stop", "end"):
            if name in columns:
                columns[name] = _calendar(columns[name], columns["patient"], index_day)
        columns["patient"] = columns["patient"].astype(np.int32)
    return tables


def _calendar(day: np.ndarray, patient: np.ndarray, index_day: np.ndarray) -> np.ndarray:
    """Turn days since the index day into days since 1970-01-01; missing stays missing."""
    is_known = np.isfinite(day.astype(float))
    whole = np.where(is_known, day, 0).astype(np.int64) + index_day[patient]
    return np.where(is_known, whole, NO_DAY)


def _patients(history: History) -> Columns:
    patients, state = history.block.patients, history.state
    # ``until`` is the moment observation ends; midnight belongs to the day before.
    last = (np.ceil(state.until) - 1).astype(np.int64)
    return {
        "patient": np.arange(len(patients)),
        "birth": patients.index_day - np.floor(patients.age_years * DAYS_PER_YEAR).astype(np.int64),
        "is_female": patients.is_female,
        "disease": patients.disease,
        "diagnosis": patients.index_day - patients.duration_days,
        "ancestry": patients.ancestry,
        "weight_kg": patients.weight_kg,
        "smoking": patients.smoking,
        "tpmt": np.where(patients.is_tpmt_tested, patients.tpmt, len(GENOTYPES)),
        "nudt15": np.where(patients.is_nudt15_tested, patients.nudt15, len(GENOTYPES)),
        "prior_biologics": patients.prior_biologics,
        "comorbidity": patients.comorbidity,
        "has_liver_disease": patients.has_liver_disease,
        "has_cancer_history": patients.has_cancer_history,
        "site": patients.site,
        "from": patients.index_day - patients.lookback_days,
        "to": patients.index_day + last,
        "death": np.where(np.isfinite(state.death_day), patients.index_day + last, NO_DAY),
        "severity_score": patients.severity_score,
    }


def _courses(
    history: History, beside: Beside, formulary: Formulary, parameters: Parameters
) -> Columns:
    parts = [
        _earlier_courses(history, formulary, parameters),
        _spells(history.record.courses),
        _spells(history.record.companion),
    ]
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    is_low = beside.is_low_dose[joined["patient"]] & (joined["start"] >= 0)
    joined["dose_fraction"] *= np.where(is_low, parameters["allopurinol_dose_fraction"], 1.0)
    weight = history.block.patients.weight_kg[joined["patient"]]
    joined["dose"] = _dose(joined, weight, formulary, parameters)
    del joined["dose_fraction"]
    added, n = beside.courses, len(beside.courses["patient"])
    allopurinol = {**added, "drug": np.full(n, len(formulary.drugs), dtype=np.int8)}
    allopurinol["dose"] = np.full(n, parameters["allopurinol_mg"])
    joined = {name: np.concatenate([joined[name], allopurinol[name]]) for name in joined}
    order = np.lexsort((joined["drug"], joined["start"], joined["patient"]))
    return {name: column[order] for name, column in joined.items()}


def _spells(courses: Courses) -> Columns:
    line, patient = np.nonzero(courses.start != OPEN)
    stop = courses.stop[line, patient].astype(float)
    return {
        "patient": patient,
        "drug": courses.drug[line, patient],
        "start": courses.start[line, patient].astype(float),
        "stop": np.where(stop == OPEN, np.nan, stop),
        "reason": courses.reason[line, patient],
        "dose_fraction": courses.dose_fraction[line, patient],
    }


def _earlier_courses(history: History, formulary: Formulary, parameters: Parameters) -> Columns:
    """Return the earlier spells of prevalent users, within their look-back.

    Only those who were observed for too short a time before the earlier spell have one: whoever
    was observed long enough would be a new user of that spell, and no prevalent user.
    """
    patients, courses = history.block.patients, history.record.courses
    gap, length = parameters["prevalent_gap_days"], parameters["prevalent_course_days"]
    before = patients.lookback_days - (gap + length)
    is_seen_late = (before > 0) & (before < parameters["lookback_days_least"])
    was_in_use = formulary.available_day[courses.drug[0]] <= patients.index_day - (gap + length)
    who = np.flatnonzero(patients.is_prevalent_user & is_seen_late & was_in_use)
    n = len(who)
    return {
        "patient": who,
        "drug": courses.drug[0, who],
        "start": np.full(n, -(gap + length)),
        "stop": np.full(n, -gap),
        "reason": np.full(n, STOP_REASONS.index("patient_choice"), dtype=np.int8),
        "dose_fraction": courses.dose_fraction[0, who],
    }


def _dose(
    courses: Columns, weight_kg: np.ndarray, formulary: Formulary, parameters: Parameters
) -> np.ndarray:
    """Return the daily dose prescribed at the start of each spell."""
    drug = courses["drug"]
    by_weight = formulary.by_drug(parameters, "dose_mg_per_kg")[drug] * weight_kg
    fixed = formulary.by_drug(parameters, "dose_mg_fixed")[drug]
    is_thiopurine = formulary.is_class("thiopurine")[drug]
    tablets = in_tablets(by_weight * courses["dose_fraction"], parameters)
    dose: np.ndarray = np.where(is_thiopurine, tablets, np.round(by_weight + fixed, 1))
    return dose


def _labs(history: History, beside: Beside, parameters: Parameters) -> Columns:
    """Return one row per result: those of each test follow each other, metabolites come last."""
    tests, block = history.record.tests.joined(), history.block
    patient, day = tests["patient"].astype(np.int64), tests["day"]
    now = activity(patient, day, history.course, block.patients, block.traits, parameters)
    noise = block.draws.stream("labs").standard_normal(len(patient))
    crp = parameters["crp_floor"] + parameters["crp_range"] * now**2
    usual = {
        "alt": np.round(tests["alt"]),
        "crp": np.round(crp * np.exp(parameters["crp_log_sd"] * noise), 1),
        "lymphocytes": np.round(tests["lymphocytes"], 2),
        "wbc": np.round(tests["wbc"], 1),
    }
    parts = [
        _results(patient, day, usual),
        _results(beside.patient, beside.day, {"6tgn": beside.tgn, "6mmp": beside.mmp}),
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _results(patient: np.ndarray, day: np.ndarray, values: dict[str, np.ndarray]) -> Columns:
    """Return the results of tests one below the other; ``test`` is the place in ``LAB_TESTS``."""
    codes = np.array([LAB_TESTS.index(name) for name in values], dtype=np.int8)
    return {
        "patient": np.repeat(patient, len(codes)),
        "day": np.repeat(day, len(codes)),
        "test": np.tile(codes, len(patient)),
        "value": np.column_stack(list(values.values())).ravel(),
    }


def _events(history: History) -> Columns:
    """Return events in the order of patients and days, each once."""
    events = history.record.events.joined()
    rows = np.column_stack([column.astype(np.int64) for column in events.values()])
    rows = np.unique(rows, axis=0)
    return dict(zip(events, rows.T, strict=True))


def _steroids(history: History) -> Columns:
    """Return spells at one dose; the last is open if observation ends before it does."""
    changes = history.record.steroids.joined()
    order = np.lexsort((changes["day"], changes["patient"]))
    patient, day, mg = (changes[name][order] for name in ("patient", "day", "mg"))
    is_last = np.append(patient[1:] != patient[:-1], True)[: len(patient)]
    stop = np.where(is_last, np.nan, np.append(day[1:], 0)[: len(day)] - 1)
    taken = mg > 0
    return {"patient": patient[taken], "start": day[taken], "stop": stop[taken], "mg": mg[taken]}
