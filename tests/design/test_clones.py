"""Clone-censor-weight: time lines by hand, what must always hold, and a known truth."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azaanalysis import estimate_incidence
from azaanalysis.design import Grace, clone_censor_weight, follow, measure_later_start
from azaanalysis.design.logistic import fit_logistic
from azaanalysis.errors import DesignError
from tests import builders
from tests.builders import course

GRACE = Grace({"starts": "start", "waits": None}, 10)

# Ten days to start. s: start, x: event.
#
#        0         10        20        30        40
#   a    |---s-----|---------x
#   b    |-----x   |
#   c    |---------|--------------x
#   d    |---------|----s--------------x
#   e    |-------s-|-----------------------------x
BY_HAND = pd.DataFrame(
    {
        "days": [20.0, 6.0, 25.0, 30.0, 40.0],
        "status": [1, 1, 1, 1, 1],
        "start": [4.0, np.nan, np.nan, 15.0, 8.0],
    },
    index=list("abcde"),
)


def cloned(frame=BY_HAND, grace=GRACE, **changes):
    return clone_censor_weight(frame, grace, time="days", status="status", **changes)


def arm(made, name):
    rows = made.frame[made.frame["arm"] == name]
    return rows[["patient_id", "entry_days", "exit_days", "status", "weight"]].to_numpy().tolist()


def test_who_starts_in_time_stands_for_those_who_were_alive_and_did_not():
    # On day 10 a, c, d and e are alive in the arm that starts; c and d are censored. Each of the
    # two who stay counts for 4 / 2 from then on. b died before and belongs to both arms.
    assert arm(cloned(), "starts") == [
        ["0", 0, 10, 0, 1],
        ["0", 10, 20, 1, 2],
        ["1", 0, 6, 1, 1],
        ["2", 0, 10, 0, 1],
        ["3", 0, 10, 0, 1],
        ["4", 0, 10, 0, 1],
        ["4", 10, 40, 1, 2],
    ]


def test_who_waits_is_censored_on_the_day_of_a_start_in_time_only():
    # a leaves on day 4 and e on day 8; d starts after the grace period and stays. Of five three
    # stay, so c and d count for 5/3 after day 10. Before, the weight is needed from day 6 on the
    # mean (of 4 and 8), which is 0.4 of the ten days.
    rows = arm(cloned(), "waits")
    within, after = (5 / 3) ** 0.4, 5 / 3

    assert [row[:4] for row in rows] == [
        ["0", 0, 4, 0],
        ["1", 0, 6, 1],
        ["2", 0, 10, 0],
        ["2", 10, 25, 1],
        ["3", 0, 10, 0],
        ["3", 10, 30, 1],
        ["4", 0, 8, 0],
    ]
    expected = [within, within, within, after, within, after, within]
    assert [row[4] for row in rows] == pytest.approx(expected)


def test_both_arms_have_the_same_patients_until_somebody_departs():
    risk = estimate_incidence(cloned()).at([3]).only(quantity="survival").frame
    assert risk["patients"].tolist() == [5, 5]


def test_three_strategies_censor_at_the_start_of_another_drug():
    # Whoever starts drug B on day 3 and drug A on day 5 follows B, and no longer A or none.
    frame = pd.DataFrame({"days": [50.0], "status": [0], "a": [5.0], "b": [3.0]})
    grace = Grace({"A": "a", "B": "b", "none": None}, 10)
    made = cloned(frame, grace)

    assert made.frame.groupby("arm", observed=True)["exit_days"].max().to_dict() == {
        "A": 3,
        "B": 50,
        "none": 3,
    }


def test_leaving_the_strategy_that_was_begun_censors_it():
    frame = BY_HAND.assign(stop=[12.0, np.nan, np.nan, np.nan, np.nan])
    made = cloned(frame, Grace(GRACE.starts, 10, departs="stop"))
    rows = [row for row in arm(made, "starts") if row[0] == "0"]
    assert rows[-1][2:4] == [12, 0]


def test_only_those_not_yet_started_stand_for_each_other_when_something_changes():
    # Periods of 5 days: a has started in the first. Of c, d and e, not started on day 5, e starts
    # in the second: it counts for 3, and a for itself.
    changing = pd.DataFrame({"patient": ["0"], "day": [0.0], "pain": [0.0]})
    made = cloned(changing=changing, period_days=5)
    last = made.frame[(made.frame["arm"] == "starts") & (made.frame["exit_days"] > 10)]
    assert last["weight"].tolist() == pytest.approx([1, 3])


def test_rows_of_one_patient_form_a_cluster():
    made = cloned(patient="name", frame=BY_HAND.assign(name=list("abcde")))
    assert len(np.unique(made.clusters)) == 5
    assert set(made.frame["patient_id"]) == set("abcde")


def test_the_weights_can_be_fitted_again():
    made = cloned()
    again = made.weighting.reweigh(np.ones(len(made.frame)))
    assert again == pytest.approx(made.frame["weight"].to_numpy())
    # Without c only d is censored on day 10: of a, d and e two stay.
    without_c = (made.frame["patient_id"] != "2").to_numpy(dtype=float)
    again = made.weighting.reweigh(without_c)
    late = (made.frame["arm"] == "starts") & (made.frame["exit_days"] == 40)
    assert again[late] == pytest.approx([1.5])


@pytest.mark.parametrize(
    ("frame", "grace", "message"),
    [
        (BY_HAND.assign(start=-1.0), GRACE, "'start' is before time zero in 5 of 5 rows"),
        (BY_HAND, Grace({"starts": "begin", "waits": None}, 10), "has no column 'begin'"),
        (BY_HAND, Grace({"starts": "start"}, 10), "at least two strategies"),
    ],
)
def test_what_cannot_be_cloned_is_refused_in_words(frame, grace, message):
    with pytest.raises(DesignError, match=message):
        cloned(frame, grace)


patients = st.lists(
    st.tuples(
        st.integers(1, 60),
        st.integers(0, 1),
        st.one_of(st.none(), st.integers(0, 60)),
        st.integers(0, 3),
    ),
    min_size=4,
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(patients, st.randoms())
def test_order_of_patients_changes_no_weight(rows, random):
    frame = pd.DataFrame(rows, columns=["days", "status", "start", "x"]).astype("float64")
    frame = frame.assign(name=[f"p{i}" for i in range(len(frame))])
    shuffled = frame.sample(frac=1, random_state=random.randint(0, 10**6))
    keys = ["patient_id", "arm", "entry_days"]
    one, other = (
        cloned(f, patient="name", covariates=["x"]).frame.sort_values(keys)
        for f in (frame, shuffled)
    )
    assert one["weight"].to_numpy() == pytest.approx(other["weight"].to_numpy(), rel=1e-6)


@settings(max_examples=60, deadline=None)
@given(patients)
def test_each_clone_is_followed_without_a_hole_and_never_longer_than_its_patient(rows):
    frame = pd.DataFrame(rows, columns=["days", "status", "start", "x"]).astype("float64")
    made = cloned(frame, covariates=["x"]).frame
    for (patient, _), clone in made.groupby(["patient_id", "arm"], observed=True):
        assert clone["entry_days"].tolist() == [0, *clone["exit_days"].tolist()[:-1]]
        assert clone["exit_days"].max() <= frame["days"].iloc[int(patient)]
        assert (clone["status"].iloc[:-1] == 0).all()
        assert (clone["weight"] >= 1 - 1e-9).all()


def invented(n, seed):
    """Invent patients whose frailty x decides about starting and about dying; no effect."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    death = rng.exponential(400 * np.exp(-0.7 * x))
    start = np.ceil(rng.exponential(120 * np.exp(0.7 * x)))
    days = np.ceil(np.minimum(death, 365))
    frame = {"days": days, "status": (death <= 365).astype(int), "x": x}
    return pd.DataFrame({**frame, "start": np.where(start < days, start, np.nan)}), death


def test_a_treatment_without_effect_has_none_when_cloned_and_seems_to_have_one_when_not():
    frame, death = invented(30_000, 5)
    truth = (death <= 365).mean()
    made = cloned(frame, Grace(GRACE.starts, 90), covariates=["x"])
    curves = estimate_incidence(made, variance="robust")
    risk = curves.at([365]).only(quantity="risk").frame["value"]
    ever = frame["start"] <= 90
    naive = frame.groupby(ever)["status"].mean()

    # Monte-Carlo error of a risk of 0.5 among 30,000, and some for the weights: 0.006.
    assert risk.to_numpy() == pytest.approx([truth, truth], abs=0.012)
    assert naive[False] - naive[True] > 0.2


def test_the_logistic_fit_is_that_of_statsmodels():
    from statsmodels.api import GLM, families

    rng = np.random.default_rng(2)
    design = np.column_stack([np.ones(500), rng.normal(size=(500, 3))])
    outcome = (rng.random(500) < 0.2).astype(float)
    times = rng.integers(0, 4, 500).astype(float)
    expected = GLM(outcome, design, family=families.Binomial(), freq_weights=times).fit().params
    assert fit_logistic(design, outcome, times=times) == pytest.approx(expected, abs=1e-6)


def test_an_added_drug_is_dated_from_time_zero_and_makes_strategies_of_a_cohort():
    # Who adds infliximab on day 40 follows "add within 90 days", and waits no longer.
    courses = [course(name, "azathioprine", "2012-01-01") for name in "abc"]
    courses += [course("a", "infliximab", "2012-02-10"), course("b", "infliximab", "2012-07-19")]
    made = builders.cohort([builders.patient(name) for name in "abc"], courses)
    question = builders.study(comparison=builders.comparison(strategy="as_started"))
    followed = follow(made, question, endpoint="stopping")
    added = measure_later_start(made, question, "anti_tnf")
    assert added.tolist()[:2] == [40, 200]
    assert np.isnan(added[2])

    frame = followed.frame[["patient_id", "exit_days", "status"]].assign(added=added)
    grace = Grace({"add": "added", "wait": None}, 90)
    strategies = clone_censor_weight(
        frame, grace, time="exit_days", status="status", patient="patient_id"
    )
    ends = strategies.frame.groupby(["arm", "patient_id"], observed=True)["exit_days"].max()
    assert ends["add"].to_dict() == {"a": 365, "b": 90, "c": 90}
    assert ends["wait"].to_dict() == {"a": 40, "b": 365, "c": 365}
