"""Small estimates and summary frames written by hand or drawn with a fixed seed."""

from functools import cache

import numpy as np
import pandas as pd

from azaanalysis.result import Estimate

ARMS = ("azathioprine", "anti_tnf", "jak_inhibitor")
CAUSES = ("adverse_event", "lack_of_efficacy", "other")


@cache
def curves(
    *,
    arms=ARMS,
    causes=("",),
    patients=400,
    days=365,
    smallest_count=1,
    endpoint="discontinuation",
    seed=7,
):
    """Cumulative incidence and survival on a daily grid, from simulated counts."""
    random = np.random.default_rng(seed)
    rows = []
    for position, arm in enumerate(arms):
        rows += _arm_rows(random, arm, position, causes, patients, days, endpoint)
    return Estimate.from_rows(
        rows,
        about={
            "arms": arms,
            "method": "Aalen-Johansen",
            "level": 0.95,
            "interval": "sampling only",
            "smallest_count": smallest_count,
        },
    )


def _arm_rows(random, arm, position, causes, patients, days, endpoint):
    at_risk, survival = patients, 1.0
    risk = dict.fromkeys(causes, 0.0)
    events = dict.fromkeys(causes, 0)
    rows = []
    for day in range(days + 1):
        here = {"endpoint": endpoint, "arm": arm, "at_days": day, "patients": at_risk}
        leaving = 0
        if day:
            for place, cause in enumerate(causes):
                hazard = 0.0011 * (1 + 0.6 * position) / (1 + place)
                new = int(random.binomial(at_risk - leaving, hazard))
                leaving += new
                events[cause] += new
                risk[cause] += survival * new / max(at_risk, 1)
        survival = 1 - sum(risk.values())
        rows += [
            here | _numbers("risk", cause, risk[cause], patients, events[cause]) for cause in causes
        ]
        total = sum(events.values())
        rows.append(here | _numbers("survival", "", survival, patients, total))
        at_risk -= leaving + int(random.binomial(at_risk - leaving, 0.002 if day else 0))
    return rows


def _numbers(quantity, cause, value, patients, events):
    error = float(np.sqrt(value * (1 - value) / patients))
    return {
        "quantity": quantity,
        "cause": cause,
        "value": value,
        "lower": max(0.0, value - 1.96 * error),
        "upper": min(1.0, value + 1.96 * error),
        "std_error": error,
        "events": events,
    }


def rates(*, counts=(31, 44, 12), smallest_count=1, endpoint="serious_infection"):
    """Rates per 100 patient-years, 400 patients and 350 patient-years in each arm."""
    rows = [
        {
            "endpoint": endpoint,
            "arm": arm,
            "quantity": "rate",
            "unit": "per 100 patient-years",
            "value": 100 * count / 350,
            "lower": 100 * max(count - 1.96 * np.sqrt(count), 0) / 350,
            "upper": 100 * (count + 1.96 * np.sqrt(count) + 2) / 350,
            "patients": 400,
            "events": count,
            "patient_years": 350.0,
        }
        for arm, count in zip(ARMS, counts, strict=True)
    ]
    about = {"arms": ARMS, "method": "exact Poisson", "level": 0.95, "interval": "sampling only"}
    return Estimate.from_rows(rows, about=about | {"smallest_count": smallest_count})


def hazard_ratios(*, smallest_count=1, endpoints=("discontinuation", "serious_infection")):
    """Hazard ratios of two arms against azathioprine, for each endpoint."""
    numbers = [(0.62, 0.48, 0.80, 212), (1.31, 0.92, 1.87, 118)]
    rows = [
        {
            "endpoint": endpoint,
            "arm": arm,
            "versus": "azathioprine",
            "quantity": "hazard_ratio",
            "value": value * (1.4 if place else 1),
            "lower": lower * (1.2 if place else 1),
            "upper": upper * (1.7 if place else 1),
            "patients": 800,
            "events": events // (1 + 3 * place),
        }
        for place, endpoint in enumerate(endpoints)
        for arm, (value, lower, upper, events) in zip(ARMS[1:], numbers, strict=True)
    ]
    about = {"arms": ARMS, "method": "Cox, Efron ties", "level": 0.95, "interval": "sampling only"}
    return Estimate.from_rows(rows, about=about | {"smallest_count": smallest_count})


def attrition(*, small=False):
    """Six steps; arms are known from the fourth on."""
    why = "Younger than 18 years"
    lines = [
        ("In the data", "", 20000, "", 0),
        ("Started a study drug", "", 12480, "Never started a study drug", 7520),
        ("New users", "", 9950, "Used a drug of the class in the year before", 1630),
        ("New users", "", 9950, "Observed for less than a year before", 900),
        ("Entered an arm", "", 9950, "", 0),
        ("Entered an arm", "azathioprine", 5200, "", 0),
        ("Entered an arm", "anti_tnf", 3500, "", 0),
        ("Entered an arm", "jak_inhibitor", 1250, "", 0),
        ("Eligible", "", 9830, why, 120),
        ("Eligible", "azathioprine", 5133, why, 67),
        ("Eligible", "anti_tnf", *((3497, why, 3) if small else (3450, why, 50))),
        ("Eligible", "jak_inhibitor", *((1200, why, 50) if small else (1247, why, 3))),
    ]
    columns = ["step", "arm", "patients", "reason", "left"]
    return pd.DataFrame(lines, columns=columns).astype({"patients": "Int64", "left": "Int64"})


def baseline():
    """Two arms of 300 and 200: age, sex with a rare level, weight with missing values."""
    lines = [
        ("patients", "", "total", 300, 200, None, None, None, None, None),
        ("age_years", "", "mean", 300, 200, 41.23, 38.9, 14.2, 13.1, 0.17),
        ("sex", "female", "count", 160, 110, 160 / 300, 0.55, None, None, 0.03),
        ("sex", "male", "count", 137, 88, 137 / 300, 0.44, None, None, 0.02),
        ("sex", "unknown", "count", 3, 2, 0.01, 0.01, None, None, 0.0),
        ("weight_kg", "", "median", 280, 190, 71.0, 74.5, None, None, 0.21),
        ("weight_kg", "", "missing", 20, 10, 20 / 300, 0.05, None, None, None),
        ("has_liver_disease", "", "count", 12, 9, 0.04, 0.045, None, None, 0.03),
    ]
    rows = []
    for covariate, level, kind, n0, n1, v0, v1, s0, s1, smd in lines:
        here = {"covariate": covariate, "level": level, "kind": kind, "versus": "azathioprine"}
        for arm, n, value, spread in (("azathioprine", n0, v0, s0), ("anti_tnf", n1, v1, s1)):
            is_median = kind == "median"
            rows.append(
                here
                | {
                    "arm": arm,
                    "n": n,
                    "value": value,
                    "spread": spread,
                    "lower": value - 9 if is_median else None,
                    "upper": value + 12 if is_median else None,
                    "smd": smd if arm == "anti_tnf" else None,
                }
            )
    return pd.DataFrame(rows).astype({"n": "Int64", "value": float, "smd": float})
