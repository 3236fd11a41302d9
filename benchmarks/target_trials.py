"""Known truths for designs: immortal time, and switching that the outcome explains.

Run with ``python benchmarks/target_trials.py [cohorts]``. Each design is asked of many invented
cohorts whose truth is known; the table says how far each method is from it, beside the
Monte-Carlo error of the mean, and how often its 95 % interval holds the truth. The wrong
methods are there to fail, and by as much as theory (one very large cohort) says they should.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from azaanalysis import estimate_incidence, follow_up_from_frame
from azaanalysis.design import FollowUp, Grace, clone_censor_weight
from azaanalysis.design.censoring import weigh_departures
from azaanalysis.design.leaving import Departures
from azaanalysis.design.over_time import Changing
from azaanalysis.estimate import estimate_cox

SEED = 20_261_124
COHORTS = 500
HERE = Path(__file__).parent

# Immortal time: treatment is begun within four months, by those who live so long; it does nothing.
GRACE_DAYS, LAST_DAY = 120.0, 1095.0
# The hazard of death per day, and of starting, both for x = 0; x is a trait that raises both.
DEATH, START, SLOPE = 1 / 1100, 1 / 150, 0.25

# Switching: periods of four weeks for a year; the iller switch from the first arm, and nobody in
# the second has more reason to leave than another.
PERIOD, PERIODS = 28, 13


@dataclass(frozen=True)
class Outcome:
    """What a method said about one cohort: the value, and its interval if it gave one."""

    value: float
    lower: float = np.nan
    upper: float = np.nan


def invent_starters(n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Invent patients from diagnosis on: when they died, and when they began a useless drug."""
    x = rng.normal(size=n)
    death = np.ceil(rng.exponential(1 / (DEATH * np.exp(SLOPE * x))))
    start = np.ceil(rng.exponential(1 / (START * np.exp(SLOPE * x))))
    days = np.minimum(death, LAST_DAY)
    return pd.DataFrame(
        {
            "days": days,
            "died": (death <= LAST_DAY).astype(int),
            "start": np.where(start < days, start, np.nan),
            "x": x,
        }
    )


def hazard_ratio(followed: FollowUp, covariates: tuple[str, ...] = ()) -> Outcome:
    """Return the hazard ratio of the arm."""
    made = estimate_cox(followed, covariates=covariates, variance="robust").frame
    row = made[(made["quantity"] == "hazard_ratio") & (made["versus"] != "")].iloc[0]
    return Outcome(row["value"], row["lower"], row["upper"])


def misclassified(people: pd.DataFrame) -> Outcome:
    """Take whoever began within the grace period for a user from day 0 on, and adjust for x."""
    arm = np.where(people["start"] <= GRACE_DAYS, "user", "other")
    arms = pd.Categorical(arm, categories=["other", "user"])
    frame = people.drop(columns="start").assign(arm=arms)
    followed = follow_up_from_frame(frame, time="days", status="died", arm="arm")
    return hazard_ratio(followed, ("x",))


def cloned(people: pd.DataFrame) -> Outcome:
    """Compare "begin within the grace period" with "do not" by clone-censor-weight."""
    grace = Grace({"other": None, "user": "start"}, GRACE_DAYS)
    made = clone_censor_weight(
        people, grace, time="days", status="died", covariates=["x"], reference="other"
    )
    return hazard_ratio(made)


def invent_switchers(n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Invent two arms alike in everything but who leaves: one row per patient.

    Illness goes on from period to period and raises the hazard of the event; in the first arm it
    raises the chance of switching as well. Neither arm nor switch changes the outcome.
    """
    ill = np.empty((n, PERIODS))
    ill[:, 0] = rng.normal(size=n)
    for k in range(1, PERIODS):
        ill[:, k] = 0.8 * ill[:, k - 1] + 0.6 * rng.normal(size=n)
    arm = rng.random(n) < 0.5
    leaves = 1 / (1 + np.exp(-np.where(arm[:, None], -4.5, -3.2 + 1.2 * ill)))
    event = _first(1 - np.exp(-0.02 * np.exp(0.8 * ill)), rng)
    switch = _first(leaves, rng)
    columns = {f"ill_{k}": ill[:, k] for k in range(PERIODS)}
    made = {"arm": np.where(arm, "stays", "switches"), "event": event, "switch": switch}
    return pd.DataFrame({**made, **columns})


def _first(chance: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the day on which something first happens, given its chance in each period."""
    happens = rng.random(chance.shape) < chance
    period = np.where(happens.any(axis=1), happens.argmax(axis=1), PERIODS)
    day = np.ceil(PERIOD * (period + rng.random(len(chance))))
    return np.where(period < PERIODS, np.maximum(day, 1), np.inf)


def on_treatment(people: pd.DataFrame) -> FollowUp:
    """Follow until the event or the switch, whichever comes first."""
    end = np.minimum(np.minimum(people["event"], people["switch"]), PERIOD * PERIODS)
    frame = pd.DataFrame(
        {
            "days": end,
            "status": (people["event"] <= end).astype(int),
            "arm": pd.Categorical(people["arm"], categories=["stays", "switches"]),
        }
    )
    return follow_up_from_frame(frame, time="days", status="status", arm="arm")


def risk_of_switchers(followed: FollowUp) -> Outcome:
    """Return the risk at the end of the year in the arm in which the iller leave."""
    made = estimate_incidence(followed, variance="robust").at([PERIOD * PERIODS])
    row = made.only(quantity="risk", arm="switches").frame.iloc[0]
    return Outcome(row["value"], row["lower"], row["upper"])


def per_protocol(people: pd.DataFrame) -> Outcome:
    """Weigh those who go on for those who switch, by the illness known at each period."""
    followed = on_treatment(people)
    n, days = len(people), followed.frame["exit_days"].to_numpy()
    known = people[[f"ill_{k}" for k in range(PERIODS)]].to_numpy()
    ill = Changing(
        "illness",
        np.repeat(np.arange(n), PERIODS),
        np.tile(PERIOD * np.arange(PERIODS), n).astype(float),
        known.ravel(),
    )
    left = (followed.frame["status"] == 0).to_numpy() & (people["switch"].to_numpy() <= days)
    cuts = PERIOD * np.arange(1.0, PERIODS)
    return risk_of_switchers(weigh_departures(followed, Departures(left, cuts, changing=(ill,))))


def as_treated(people: pd.DataFrame) -> Outcome:
    """Compare current users of the two drugs, switchers counting for the drug switched to."""
    end = np.minimum(people["event"], PERIOD * PERIODS)
    second = people["switch"] < end
    began = np.where(people["arm"] == "stays", "b", "a")
    other = np.where(began == "a", "b", "a")
    first_end = np.where(second, people["switch"], end)
    had = (people["event"] <= end).astype(int)
    before = {"patient": people.index, "entry": 0.0, "exit": first_end, "drug": began}
    after = {"patient": people.index, "entry": people["switch"], "exit": end, "drug": other}
    rows = pd.concat(
        [
            pd.DataFrame({**before, "status": np.where(second, 0, had)}),
            pd.DataFrame({**after, "status": had})[second.to_numpy()],
        ],
        ignore_index=True,
    )
    rows["drug"] = pd.Categorical(rows["drug"], categories=["a", "b"])
    columns = {"time": "exit", "status": "status", "arm": "drug"}
    return hazard_ratio(follow_up_from_frame(rows, **columns, entry="entry", patient="patient"))


def year_risk(people: pd.DataFrame) -> float:
    """Return the risk had nobody switched: the switch changes nothing, so it is that of all."""
    return float((people["event"] <= PERIOD * PERIODS).mean())


@dataclass(frozen=True)
class Method:
    """A method asked of the cohorts of a world."""

    world: str
    name: str
    ask: Callable[[pd.DataFrame], Outcome]
    invent: Callable[[int, np.random.Generator], pd.DataFrame]
    is_ratio: bool
    n_patients: int


METHODS = (
    Method("immortal time", "misclassified", misclassified, invent_starters, True, 1000),
    Method("immortal time", "clone-censor-weight", cloned, invent_starters, True, 1000),
    Method(
        "informative switching",
        "on treatment, no weights",
        lambda people: risk_of_switchers(on_treatment(people)),
        invent_switchers,
        False,
        1000,
    ),
    Method("informative switching", "per protocol", per_protocol, invent_switchers, False, 1000),
    Method("informative switching", "as treated", as_treated, invent_switchers, True, 1000),
)
LARGE = 200_000


def run(cohorts: int = COHORTS, seed: int = SEED) -> pd.DataFrame:
    """Return one row per method: the truth, what was found, the Monte-Carlo error, the coverage."""
    return pd.DataFrame(list(_rows(cohorts, seed)))


def _rows(cohorts: int, seed: int) -> Iterator[dict[str, object]]:
    for method in METHODS:
        large = method.invent(LARGE, np.random.default_rng(seed + 1))
        truth = 1.0 if method.is_ratio else year_risk(large)
        limit = method.ask(large).value
        rng = np.random.default_rng(seed)
        found = [method.ask(method.invent(method.n_patients, rng)) for _ in range(cohorts)]
        values = np.array([one.value for one in found])
        inside = [one.lower <= truth <= one.upper for one in found]
        yield _summary(method, truth, limit, values) | {"coverage": float(np.mean(inside))}


def _summary(method: Method, truth: float, limit: float, values: np.ndarray) -> dict[str, object]:
    """Return the mean (of logarithms, if a ratio) and how many Monte-Carlo errors it is away."""
    scale = np.log if method.is_ratio else np.asarray
    back = np.exp if method.is_ratio else float
    error = float(scale(values).std(ddof=1) / np.sqrt(len(values)))
    mean = float(scale(values).mean())
    return {
        "world": method.world,
        "method": method.name,
        "quantity": "hazard ratio" if method.is_ratio else "risk at one year",
        "patients": method.n_patients,
        "cohorts": len(values),
        "truth": truth,
        "in_one_large_cohort": limit,
        "mean": float(back(mean)),
        "monte_carlo_error": error,
        "errors_from_truth": (mean - float(scale(truth))) / error,
    }


def main(cohorts: int = COHORTS) -> None:
    """Ask every method, print the table and keep it beside the script."""
    made = run(cohorts)
    print(made.round(4).to_string(index=False))
    if cohorts >= COHORTS:
        stamp = f"# seed {SEED}, {pd.Timestamp.now():%Y-%m-%d}\n"
        text = stamp + made.round(5).to_csv(index=False)
        (HERE / "target_trials.csv").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(*[int(number) for number in sys.argv[1:]])
