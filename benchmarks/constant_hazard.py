"""The world of constant hazards against its closed form, with a million patients.

Run ``python -m benchmarks.constant_hazard`` in the repository (about five minutes), or give a
number of patients.
Every line should lie within three Monte-Carlo errors, all but a few within two.
"""

from __future__ import annotations

import sys

import numpy as np

from azaanalysis.synthetic import (
    simulate_truth,
    true_mean_count,
    true_rate,
    true_restricted_mean,
    true_risk,
)

DAYS = (30, 90, 182, 365)


def main() -> None:
    """Compare risks by reason, rates, mean counts and restricted means with the closed form."""
    from tests.synthetic.test_truth import CONSTANT, risk_by_hand

    n_patients = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    truth = simulate_truth("constant_hazard", n_patients=n_patients, seed=17, horizon_days=365)
    risks = true_risk(truth, "discontinuation", at_days=DAYS)
    for row in risks.only(cause=["adverse_event", "patient_choice"]).frame.itertuples():
        by_hand = risk_by_hand(row.arm, row.cause, row.at_days)
        _say(f"{row.arm} {row.cause} day {row.at_days:.0f}", row.value, by_hand, row.std_error)
    for row in true_rate(truth, "serious_infection").frame.itertuples():
        by_hand = 10 * CONSTANT[row.arm][3]
        _say(f"{row.arm} serious infections per 100 years", row.value, by_hand, row.std_error)
    for row in true_mean_count(truth, "serious_infection", at_days=[365]).frame.itertuples():
        total = sum(CONSTANT[row.arm][:3])
        by_hand = 0.1 * CONSTANT[row.arm][3] / total * -np.expm1(-total * 366 / 365.25)
        _say(f"{row.arm} serious infections by day 365", row.value, by_hand, row.std_error)
    for row in true_restricted_mean(truth, "discontinuation", until_day=365).frame.itertuples():
        # Whole days survived: the sum over d = 1..365 of exp(-total * d).
        total = sum(CONSTANT[row.arm][:3]) / 365.25
        by_hand = np.exp(-total * np.arange(1, 366)).sum()
        _say(f"{row.arm} days on treatment up to day 365", row.value, by_hand, row.std_error)


def _say(what: str, value: float, by_hand: float, error: float) -> None:
    distance = (value - by_hand) / error
    flag = "" if np.abs(distance) < 3 else "   <-- beyond three errors"
    print(f"{what:55} {value:9.5f} {by_hand:9.5f}  {distance:+5.2f} errors{flag}")


if __name__ == "__main__":
    main()
