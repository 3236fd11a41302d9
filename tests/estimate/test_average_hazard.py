"""Average hazards: by hand, against R, as rates where nobody is censored, and their truth."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from azaanalysis.errors import DesignError, EstimationError
from azaanalysis.estimate import (
    estimate_average_hazard,
    estimate_average_hazard_ratio,
    estimate_rates,
    tally,
)
from tests.builders import follow_up
from tests.estimate.test_curves_against_r import followed, lung
from tests.estimate.weighted import confounded, weigh
from tests.r_results import r_result


def test_the_average_hazards_of_four_patients_are_worked_by_hand():
    # Until day 8 the four are free for 2, 4, 8 and 8 days: 5.5 on average. By then a quarter has
    # had cause one, cause two competes: 0.25 / 5.5 per day, and 365.25 days make a year.
    four = follow_up(days=[2, 4, 10, 10], status=[1, 2, 0, 0], causes=["one", "two"])
    frame = estimate_average_hazard(four, horizon_days=8, per_years=1).frame

    assert frame["value"].tolist() == pytest.approx([0.25 / 5.5 * 365.25])
    assert frame["unit"].tolist() == ["per patient-year"]
    # Influences on the log: (0 or 1 less 1/4) over 1/4, less (time less 5.5) over 5.5, over 4.
    relative = np.array([4, 0, 0, 0]) - np.array([2, 4, 8, 8]) / 5.5
    assert frame["std_error"][0] == pytest.approx(np.sqrt((relative**2).sum()) / 4)


def test_average_hazards_and_their_ratio_equal_r():
    known = r_result("lung_average_hazard_365")
    made = followed(lung(), "time", "event", "sex")
    arms = estimate_average_hazard(made, horizon_days=known["tau"]).frame.set_index("arm")
    named = {
        "value": "average_hazard",
        "std_error": "se_log",
        "lower": "lower",
        "upper": "upper",
    }
    for ours, theirs in named.items():
        assert arms[ours].to_dict() == pytest.approx(known[theirs], rel=1e-8)

    row = estimate_average_hazard_ratio(made, horizon_days=known["tau"]).frame.iloc[0]
    expected = [known["ratio_2_over_1"][key] for key in ("estimate", "lower", "upper")]
    np.testing.assert_allclose(row[["value", "lower", "upper"]].astype(float), expected, rtol=1e-8)


@given(
    days=st.lists(st.integers(1, 30), min_size=2, max_size=12),
    weights=st.lists(st.floats(0.2, 5), min_size=12, max_size=12),
)
def test_if_nobody_is_censored_it_is_the_rate(days, weights):
    # Those whose event comes after the horizon are seen until then: nobody is lost before.
    status = [1 if day <= 20 else 0 for day in days]
    seen = np.minimum([*days, 20], 20)
    made = follow_up(days=seen, status=[*status, 0], weight=[*weights[: len(days)], 1.0])
    assume(any(status))

    ours = estimate_average_hazard(made, horizon_days=20, variance="robust").frame
    rate = estimate_rates(made, variance="robust").frame

    assert ours["value"][0] == pytest.approx(rate["value"][0])
    assert ours["std_error"][0] * ours["value"][0] == pytest.approx(rate["std_error"][0])


def test_a_constant_hazard_is_found_however_long_people_are_followed():
    rng = np.random.default_rng(5)
    event, censored = rng.exponential(100, 20_000), rng.uniform(10, 400, 20_000)
    made = follow_up(
        days=np.ceil(np.minimum(event, censored)), status=(event <= censored).astype(int).tolist()
    )
    row = estimate_average_hazard(made, horizon_days=200, per_years=1).frame.iloc[0]

    # Events of a day are dated on its end: the hazard of a day is 1 - exp(-1/100).
    assert row["lower"] < 365.25 * (1 - np.exp(-0.01)) < row["upper"]


def test_with_a_late_hazard_a_rate_depends_on_who_is_censored_and_this_does_not():
    # Nothing happens for 50 days, then a hazard of 0.02 a day; half are lost early in one world.
    rng = np.random.default_rng(6)
    event = 50 + np.ceil(rng.exponential(50, 40_000))
    early = np.where(rng.random(40_000) < 0.5, 40, 101)
    worlds = [
        follow_up(days=np.minimum(event, lost), status=(event <= lost).astype(int).tolist())
        for lost in (np.full(40_000, 101), early)
    ]
    ours = [estimate_average_hazard(w, horizon_days=100).frame["value"][0] for w in worlds]
    rates = [estimate_rates(w).frame["value"][0] for w in worlds]

    assert ours[1] == pytest.approx(ours[0], rel=0.03)
    assert rates[1] < 0.8 * rates[0]


def test_estimated_weights_are_part_of_the_interval_and_a_table_serves_as_well():
    weighted = weigh(confounded(150, 5), ["x1", "x2"])
    made = estimate_average_hazard_ratio(weighted, horizon_days=9)

    assert "estimation of the weights" in made.about["interval"]
    again = estimate_average_hazard_ratio(tally(weighted), horizon_days=9)
    np.testing.assert_allclose(made.frame["upper"], again.frame["upper"])


def test_what_cannot_be_asked_is_refused_and_nothing_seen_is_missing():
    one = follow_up(days=[5, 9], status=[0, 0])
    with pytest.raises(EstimationError, match="per_years must be above zero"):
        estimate_average_hazard(one, per_years=0)
    with pytest.raises(DesignError, match="A comparison needs at least two arms"):
        estimate_average_hazard_ratio(one)

    assert estimate_average_hazard(one).frame["value"].isna().all()
