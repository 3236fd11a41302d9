"""Rate ratios between drugs in use: by hand, whatever the cutting of rows, and nearer the truth."""

import numpy as np
import pandas as pd
import pytest

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.errors import DesignError
from azaanalysis.estimate import estimate_ratio_in_use

YEAR = 365.25


def in_use(rows, columns=(), reference="old"):
    """Return rows of patient, drug, days in and out, events and covariates as a follow-up."""
    names = ["patient_id", "arm", "entry_days", "exit_days", "n_events", *columns]
    frame = pd.DataFrame(rows, columns=names)
    arms = [reference, *[arm for arm in dict.fromkeys(frame["arm"]) if arm != reference]]
    frame = frame.assign(
        arm=pd.Categorical(frame["arm"], categories=arms),
        status=0,
        last_absent_days=frame["exit_days"],
        weight=1.0,
        end_reason="horizon",
    )
    about = {"reference": reference}
    return FollowUp(frame, "infection", ("infection",), covariates=tuple(columns), about=about)


# Old: 2 events in 300 days; new: 3 in 150 days, one of them on day 0 in a row without time.
ROWS = [
    ("A", "old", 0, 200, 1),
    ("A", "new", 200, 250, 1),
    ("B", "new", 0, 0, 1),
    ("B", "new", 0, 100, 1),
    ("C", "old", 0, 100, 1),
]


def test_without_covariates_the_ratio_is_that_of_events_and_days():
    row = estimate_ratio_in_use(in_use(ROWS)).frame.iloc[0]

    assert (row["arm"], row["versus"], row["quantity"]) == ("new", "old", "rate_ratio")
    assert row["value"] == pytest.approx((3 / 150) / (2 / 300))
    assert row["events"] == 5


def test_it_does_not_matter_into_how_many_rows_a_patient_is_cut():
    cut = [*ROWS[1:], ("A", "old", 0, 120, 0), ("A", "old", 120, 200, 1)]
    one, two = (estimate_ratio_in_use(in_use(rows)).frame.iloc[0] for rows in (ROWS, cut))

    for number in ("value", "lower", "upper", "std_error"):
        assert one[number] == pytest.approx(two[number])


def test_what_nobody_had_the_event_under_has_no_ratio_and_is_named():
    made = estimate_ratio_in_use(in_use([*ROWS, ("D", "rare", 0, 50, 0)]))

    assert made.frame["arm"].tolist() == ["new"]
    assert "No ratio for rare: nobody had the event." in made.about["notes"]
    with pytest.raises(DesignError, match="Nobody had the event under rare"):
        estimate_ratio_in_use(in_use([*ROWS, ("D", "rare", 0, 50, 0)], reference="rare"))


def test_a_level_without_events_goes_with_the_most_frequent_one():
    genes = ["normal", "normal", "reduced", "reduced", "normal"]
    rows = [(*row, gene) for row, gene in zip(ROWS, genes, strict=True)]
    rows += [("D", "old", 0, 90, 0, "deficient"), ("E", "new", 0, 90, 0, "normal")]
    made = estimate_ratio_in_use(in_use(rows, ["tpmt"]), covariates=["tpmt"])

    assert np.isfinite(made.frame["std_error"]).all()
    assert "TPMT: nobody deficient had the event, put with normal." in made.about["notes"]


def test_a_covariate_that_drives_drug_and_infections_is_taken_out_of_the_ratio():
    # The ill have three times the rate and get the new drug more often; the drug doubles the rate.
    rng = np.random.default_rng(3)
    n = 20_000
    is_ill = rng.random(n) < 0.4
    is_new = rng.random(n) < np.where(is_ill, 0.7, 0.3)
    rate = 0.1 * np.where(is_ill, 3, 1) * np.where(is_new, 2, 1)
    events = rng.poisson(rate)
    rows = list(
        zip(
            np.arange(n).astype(str),
            np.where(is_new, "new", "old"),
            np.zeros(n),
            np.full(n, YEAR),
            events,
            np.where(is_ill, 1.0, 0.0),
            strict=True,
        )
    )
    made = in_use(rows, ["severity_score"])
    crude = estimate_ratio_in_use(made).frame.iloc[0]
    adjusted = estimate_ratio_in_use(made, covariates=["severity_score"]).frame.iloc[0]

    # Crude by hand: (0.7*0.4*0.6 + 0.3*0.6*0.2) / (0.7*0.4 + 0.3*0.6) over that of the old drug.
    assert crude["value"] == pytest.approx((0.204 / 0.46) / (0.078 / 0.54), rel=0.06)
    assert abs(np.log(adjusted["value"] / 2)) < 4 * adjusted["std_error"]
    assert adjusted["value"] < 0.8 * crude["value"]
