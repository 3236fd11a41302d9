"""The share of a risk that comes early: by hand, by its formula, by perturbing, by truth."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit

from azaanalysis.design import follow_up_from_frame
from azaanalysis.disclosure import suppress
from azaanalysis.errors import EstimationError
from azaanalysis.estimate import estimate_early_share, estimate_incidence
from tests.builders import follow_up


def test_two_of_four_events_in_the_window_have_the_limits_of_a_proportion():
    # Nobody is censored: F(90) = 2/5 and F(200) = 4/5, a share of one half of four events. The
    # variance of its logit is 1/2 + 1/2 = 1, so that the limits are expit(-1.96) and expit(1.96).
    made = follow_up(days=[10, 20, 100, 200, 200], status=[1, 1, 1, 1, 0])
    (row,) = estimate_early_share(made, by_days=[90]).frame.itertuples()

    assert (row.value, row.std_error) == pytest.approx((0.5, 1.0))
    assert (row.lower, row.upper) == pytest.approx((0.12347, 0.87653), abs=1e-5)
    assert (row.events, row.patients, row.unit) == (2, 5, "of that by day 200")


def test_where_all_events_or_none_are_early_one_limit_is_exact():
    # Clopper and Pearson for 3 of 3: the lower limit is 0.025 ** (1/3) = 0.2924.
    made = follow_up(days=[10, 20, 30, 200], status=[1, 1, 1, 0])
    early, none = estimate_early_share(made, by_days=[50, 5]).frame.itertuples()

    assert (early.value, early.upper, none.value, none.lower) == (1, 1, 0, 0)
    assert early.lower == pytest.approx(0.2924, abs=1e-4)
    assert none.upper == pytest.approx(1 - 0.2924, abs=1e-4)


def test_the_exact_limit_of_weighted_events_is_that_of_their_effective_number():
    # Weights 1, 1 and 2: (1 + 1 + 2)^2 / (1 + 1 + 4) = 16/6 events of equal weight.
    made = follow_up(days=[10, 20, 30, 200], status=[1, 1, 1, 0], weight=[1, 1, 2, 5])
    (row,) = estimate_early_share(made, by_days=[50]).frame.itertuples()

    assert row.lower == pytest.approx(0.025 ** (6 / 16))


def test_an_arm_without_an_event_has_no_share_and_a_note_says_so():
    made = follow_up(days=[10, 100, 100], status=[1, 1, 0], arm=["a", "a", "b"])
    found = estimate_early_share(made, by_days=[50])

    assert found.frame["value"].tolist() == pytest.approx([0.5, np.nan], nan_ok=True)
    assert found.about["notes"][-1] == "B had no event by day 100, and no share of it."


def some_patients(n=60, seed=3):
    random = np.random.default_rng(seed)
    days = random.integers(1, 100, n).tolist()
    return {
        "days": days,
        "status": random.choice([0, 1, 1, 2], n).tolist(),
        "arm": random.choice(["a", "b"], n).tolist(),
        "causes": ("harm", "other"),
        "weight": random.uniform(0.3, 3, n),
    }


def test_the_error_is_that_of_perturbing_each_weight():
    given_rows = some_patients()
    weight = given_rows["weight"]

    def share(weights):
        made = follow_up(**{**given_rows, "weight": weights.tolist()})
        risk = estimate_incidence(made).only(cause="harm", arm="a").at([30, 80]).frame["value"]
        return logit(risk[0] / risk[1])

    step = 1e-5
    slopes = []
    for place in range(len(weight)):
        moved = np.eye(len(weight))[place] * step
        slopes.append((share(weight + moved) - share(weight - moved)) / (2 * step))
    by_perturbing = np.sqrt(((weight * np.array(slopes)) ** 2).sum())
    made = follow_up(**{**given_rows, "weight": weight.tolist()})
    (row,) = estimate_early_share(made, by_days=[30], until_day=80).only(arm="a").frame.itertuples()

    assert row.std_error == pytest.approx(by_perturbing, rel=1e-5)
    limits = expit(logit(row.value) + np.array([-1.96, 1.96]) * row.std_error)
    assert [row.lower, row.upper] == pytest.approx(limits, rel=1e-4)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 2)), min_size=3, max_size=30))
def test_a_share_is_the_ratio_of_two_risks_and_lies_within_its_limits(rows):
    days, status = zip(*rows, strict=True)
    made = follow_up(days=days, status=list(status), causes=("harm", "other"))
    end = max(days)
    by = sorted({1, end // 2, end})
    found = estimate_early_share(made, by_days=by).frame
    risk = estimate_incidence(made).only(cause="harm").at(by).frame["value"]

    if risk.iloc[-1] == 0:
        assert found["value"].isna().all()
        return
    assert found["value"].tolist() == pytest.approx((risk / risk.iloc[-1]).tolist())
    inside = found["value"].between(found["lower"] - 1e-12, found["upper"] + 1e-12)
    assert inside.all()


def test_the_known_share_of_a_constant_hazard_lies_in_nineteen_of_twenty_intervals():
    # Harm at 2 a year beside another cause at 1 a year, everybody censored between day 100 and
    # 400: F(90) / F(300) = (1 - exp(-3 * 90/365)) / (1 - exp(-3 * 300/365)), days as whole as here.
    random = np.random.default_rng(20)
    leaving = 1 - np.exp(-3 / 365)
    truth = (1 - (1 - leaving) ** 90) / (1 - (1 - leaving) ** 300)
    held = 0
    for _ in range(200):
        stop = random.geometric(leaving, 150)
        end = random.integers(300, 400, 150)
        cause = random.choice([1, 1, 2], 150)
        made = follow_up(
            days=np.minimum(stop, end).tolist(),
            status=np.where(stop <= end, cause, 0).tolist(),
            causes=("harm", "other"),
        )
        (row,) = estimate_early_share(made, by_days=[90], until_day=290).frame.itertuples()
        held += row.lower <= truth <= row.upper
    # Of 200 intervals at 95 %, fewer than 181 or none missed would be beyond chance.
    assert 181 <= held < 200


def test_a_share_hides_with_the_number_of_events_by_its_end():
    # 20 of 22 events by day 60; the two until day 100 are too few to be shown with a threshold of
    # five, and 20 / 22 would tell them. With eight instead of two all may be shown.
    for late, is_shown in ((2, False), (8, True)):
        first = [(20 + day, 1, "a") for day in range(20)] + [(90, 1, "a")] * late
        rows = [*first, *[(150, 1, "a")] * 6, *[(200, 0, "a")] * 8, *[(100, 0, "b")] * 15]
        frame = pd.DataFrame([*rows, *[(30, 1, "b")] * 15], columns=["days", "status", "arm"])
        made = follow_up_from_frame(
            frame, time="days", status="status", arm="arm", causes=["harm"], smallest_count=5
        )
        found = suppress(estimate_early_share(made, by_days=[60]))

        assert found.only(arm="a").frame["value"].notna().tolist() == [is_shown]
        assert found.only(arm="b").frame["value"].tolist() == [1.0]


def test_days_beyond_the_end_are_refused():
    made = follow_up(days=[50, 100, 300], status=[1, 0, 1], arm=["a", "a", "b"])

    with pytest.raises(EstimationError, match="not all arms were observed for longer than 100"):
        estimate_early_share(made, by_days=[10], until_day=200)
    with pytest.raises(EstimationError, match="Day 120 lies beyond the end of the risk, day 100"):
        estimate_early_share(made, by_days=[120])
    with pytest.raises(EstimationError, match="level"):
        estimate_early_share(made, by_days=[10], level=2)


def test_a_curve_cut_off_keeps_its_steps_and_ends_on_the_day():
    made = follow_up(days=[10, 20, 30, 40], status=[1, 0, 1, 1], arm=["a", "a", "b", "b"])
    curves = estimate_incidence(made)
    cut = curves.until(25)

    assert cut.frame["at_days"].max() == 25
    for arm, quantity in (("a", "risk"), ("b", "survival")):
        kept, whole = (each.only(arm=arm, quantity=quantity) for each in (cut, curves))
        assert kept.frame["at_days"].is_monotonic_increasing
        days = [5, 10, 15, 20]
        read = [each.at(days).frame["value"].tolist() for each in (kept, whole)]
        assert read[0] == read[1]
    # Arm a was observed until day 20 only: nothing is said about it on day 25.
    assert cut.only(arm="a").frame["at_days"].max() == 20
