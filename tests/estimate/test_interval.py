"""Times seen at visits: by hand, against R and lifelines, properties, truth, refusals."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azaanalysis.design import follow_up_from_frame
from azaanalysis.errors import DesignError, EstimationError
from azaanalysis.estimate import estimate_incidence, estimate_interval_incidence
from azaanalysis.estimate.npmle import share_out
from tests.builders import follow_up
from tests.r_results import r_result
from tests.real_data import real


def at_visits(left, right, arm=None, weight=None):
    """Return patients whose event lies after ``left``, up to and on ``right`` (may be infinite)."""
    left, right = np.asarray(left, dtype=float), np.asarray(right, dtype=float)
    seen = np.isfinite(right)
    made = follow_up(
        days=list(np.where(seen, right, left)),
        status=[int(s) for s in seen],
        arm=arm,
        weight=weight,
    )
    made.frame["last_absent_days"] = left
    return made


def cosmesis():
    """Return the breast cosmesis trial; days are months here."""
    trial = pd.read_csv(real("interval/bcos.csv"))
    return at_visits(trial["left"], trial["right"], arm=list(trial["treatment"]))


def risks(made, arm="a"):
    frame = estimate_interval_incidence(made).only(arm=arm).frame
    return dict(zip(frame["at_days"], frame["value"], strict=True))


def test_two_overlapping_intervals_share_their_overlap():
    # (0, 2] and (1, 3]: both are explained best by all mass in (1, 2].
    made = at_visits([0, 1], [2, 3])

    assert risks(made) == pytest.approx({0: 0, 2: 1})
    assert estimate_interval_incidence(made).about["intervals"] == {"a": ((1, 2, 1),)}


def test_three_intervals_have_the_masses_worked_by_hand():
    # (0, 1], (0, 2], (1, 2]: innermost (0, 1] with p, (1, 2] with 1 - p; likelihood p (1 - p).
    assert risks(at_visits([0, 0, 1], [1, 2, 2])) == pytest.approx({0: 0, 1: 0.5, 2: 1})


@pytest.mark.parametrize("arm", ["Rad", "RadChem"])
def test_masses_of_the_cosmesis_trial_agree_with_r(arm):
    made = estimate_interval_incidence(cosmesis()).about["intervals"][arm]
    known = r_result("bcos_turnbull")[f"treatment={arm}"]
    left, right, mass = np.array(made).T

    np.testing.assert_allclose(left, known["left"])
    np.testing.assert_allclose(right, known["right"])
    np.testing.assert_allclose(mass, known["mass"], rtol=1e-6)
    np.testing.assert_allclose(1 - np.cumsum(mass), known["surv_after"], atol=1e-9)


def test_masses_of_both_arms_together_agree_with_r():
    trial = pd.read_csv(real("interval/bcos.csv"))
    made = at_visits(trial["left"], trial["right"])
    left, right, mass = np.array(estimate_interval_incidence(made).about["intervals"]["a"]).T
    known = r_result("bcos_turnbull_all")["1"]

    np.testing.assert_allclose(left, known["left"])
    np.testing.assert_allclose(right, known["right"])
    np.testing.assert_allclose(mass, known["mass"], rtol=1e-6)


@pytest.mark.parametrize("arm", ["Rad", "RadChem"])
def test_the_likelihood_agrees_with_another_package_of_r(arm):
    trial = pd.read_csv(real("interval/bcos.csv")).query("treatment == @arm")
    bounds = (trial[column].to_numpy(dtype=float) for column in ("left", "right"))
    made = share_out(*bounds, np.ones(len(trial)))
    known = r_result("bcos_turnbull_loglik")[arm]

    assert made.log_likelihood == pytest.approx(known["loglik"], rel=1e-8)
    np.testing.assert_allclose(made.mass[made.mass > 1e-9], known["mass"], rtol=1e-6)


bounds = st.lists(
    st.tuples(st.integers(0, 8), st.integers(1, 5), st.booleans()), min_size=1, max_size=12
)


def spread_out(rows):
    left = [row[0] for row in rows]
    return left, [np.inf if is_open else start + width for start, width, is_open in rows]


@given(bounds, st.randoms(), st.floats(0.1, 10))
@settings(max_examples=40, deadline=None)
def test_order_and_a_common_factor_of_the_weights_change_nothing(rows, random, factor):
    one = share_out(*map(np.array, spread_out(rows)), np.ones(len(rows)))
    random.shuffle(rows)
    other = share_out(*map(np.array, spread_out(rows)), np.full(len(rows), factor))

    np.testing.assert_allclose(
        other.log_likelihood, factor * one.log_likelihood, rtol=1e-7, atol=1e-7
    )


@given(bounds)
@settings(max_examples=40, deadline=None)
def test_no_move_of_mass_makes_the_data_likelier(rows):
    # At the maximum no interval gains more than one per patient (the condition of Gentleman
    # and Geyer 1994), and masses add up to one.
    left, right = map(np.array, spread_out(rows))
    made = share_out(left, right, np.ones(len(rows)))
    inside = (left[:, None] <= made.left) & (made.right <= right[:, None])
    gain = (inside / (inside @ made.mass)[:, None]).mean(axis=0)

    assert made.mass.sum() == pytest.approx(1)
    assert (made.mass >= 0).all()
    assert gain.max() <= 1 + 1e-8


@given(st.lists(st.tuples(st.integers(1, 20), st.booleans()), min_size=1, max_size=15))
@settings(max_examples=40, deadline=None)
def test_known_times_give_the_curve_of_kaplan_and_meier(rows):
    days = np.array([day for day, _ in rows], dtype=float)
    right = np.where([seen for _, seen in rows], days, np.inf)
    made = at_visits(days, right)
    known = estimate_incidence(made).only(quantity="risk").at(list(risks(made))).frame

    np.testing.assert_allclose(list(risks(made).values()), known["value"], atol=1e-8)


def test_risks_of_simulated_visits_are_those_of_the_truth():
    # Times exponential with mean 200 days, visits every 28 days with holes.
    generator = np.random.default_rng(5)
    time = generator.exponential(200, 4000)
    visits = np.arange(0, 337, 28)
    attended = generator.random((4000, len(visits))) < 0.7
    attended[:, 0] = True
    absent = np.where(attended & (visits < time[:, None]), visits, 0).max(axis=1)
    seen = np.where(attended & (visits >= time[:, None]), visits, np.inf).min(axis=1)
    made = estimate_interval_incidence(at_visits(absent, seen)).at([84, 168, 280]).frame

    np.testing.assert_allclose(
        made["value"], 1 - np.exp(-np.array([84, 168, 280]) / 200), atol=0.03
    )


def test_weights_count_as_repeated_patients():
    twice = at_visits([0, 0, 0, 1], [1, 1, 2, 2])
    weighted = at_visits([0, 0, 1], [1, 2, 2], weight=[2, 1, 1])

    assert risks(weighted) == pytest.approx(risks(twice))


def test_those_who_stopped_are_said_to_count_as_unseen():
    made = follow_up(days=[5, 9], status=[1, 2], causes=["response", "discontinuation"])
    notes = estimate_interval_incidence(made).about["notes"]

    assert "1 patients with discontinuation" in notes[0]


def test_late_entry_is_refused():
    with pytest.raises(DesignError, match="observed from day 0"):
        estimate_interval_incidence(follow_up(days=[9], entry=[2]))


def test_several_rows_of_a_patient_are_refused():
    rows = pd.DataFrame({"t": [3, 5], "s": [0, 1], "p": ["x", "x"]})

    with pytest.raises(DesignError, match="one row per patient"):
        estimate_interval_incidence(follow_up_from_frame(rows, time="t", status="s", patient="p"))


@pytest.mark.parametrize("absent", [-1, 12, np.nan])
def test_a_last_visit_without_the_event_that_cannot_be_is_refused(absent):
    made = at_visits([0, 0], [10, 10])
    made.frame.loc[1, "last_absent_days"] = absent

    with pytest.raises(EstimationError, match="in 1 of 2 rows"):
        estimate_interval_incidence(made)


def test_an_arm_of_weight_zero_is_refused():
    with pytest.raises(EstimationError, match="has nobody in it"):
        estimate_interval_incidence(at_visits([0], [5], weight=[0]))
