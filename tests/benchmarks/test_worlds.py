"""The worlds that judge the estimators keep their own closed forms."""

import numpy as np
import pytest

from benchmarks.world_truth import (
    AT_DAY,
    LifeTable,
    life_tables,
    log_hazard_ratios,
    mean_count,
    rate,
    restricted_mean,
    risk,
    risk_of_cause,
    truths,
)
from benchmarks.worlds import (
    ARMS,
    COVARIATES,
    HORIZON_DAYS,
    WORLDS,
    chance_of_arms,
    draw_cohort,
    hazards,
)

# A thousandth of a percent is enough here; the table itself takes sixty times as many.
POINTS = 2**10
NOBODY_SPECIAL = np.zeros((1, 7))


def test_one_kind_of_patient_has_the_risks_of_constant_hazards():
    # With hazards h1 and h2 a day, F1(t) = h1 / (h1 + h2) (1 - exp(-(h1 + h2) t)).
    (h1,), (h2,), (infections,) = hazards(WORLDS["confounded"], NOBODY_SPECIAL, 1, late=False)
    both = h1 + h2
    by_day = 1 - np.exp(-both * AT_DAY)

    table = life_tables(WORLDS["confounded"], NOBODY_SPECIAL, 2)["ate", "b"]

    assert risk(table) == pytest.approx(by_day)
    assert risk_of_cause(table, 0) == pytest.approx(h1 / both * by_day)
    # The days on which one is at risk: sum of exp(-h (d - 1)), a geometric series.
    days = (1 - np.exp(-both * HORIZON_DAYS)) / (1 - np.exp(-both))
    assert restricted_mean(table) == pytest.approx(days)
    assert mean_count(table) == pytest.approx(infections * days)
    assert rate(table) == pytest.approx(infections)


def test_a_delayed_effect_begins_after_its_day():
    world = WORLDS["delayed"]
    tables = life_tables(world, NOBODY_SPECIAL, 2)
    hazard = [tables["ate", arm].events[0] / tables["ate", arm].at_risk for arm in ("a", "b")]
    ratio = hazard[1] / hazard[0]
    assert ratio[: world.onset_day] == pytest.approx(1)
    # On a grid of days the ratio of chances differs from that of hazards in the third digit.
    assert ratio[world.onset_day :] == pytest.approx(np.exp(world.effects[1, 0]), rel=0.002)


def test_proportional_hazards_of_one_kind_of_patient_are_the_truth_of_the_cox_model():
    world = WORLDS["censoring"]
    tables = life_tables(world, NOBODY_SPECIAL, 4)

    found = log_hazard_ratios([tables["ate", arm] for arm in ARMS])

    assert found == pytest.approx(world.effects[1:, 0], abs=1e-3)


def test_a_world_without_effect_has_no_difference_whatever_the_population():
    for target in ("ate", "overlap"):
        found = truths("no_effect", 4, target, points=POINTS)
        for name in ("risk_difference", "restricted_mean_difference", "hazard_ratio", "rate_ratio"):
            assert found[name][0] == pytest.approx(0, abs=1e-12)


def test_the_error_of_a_truth_is_far_below_that_of_an_estimate():
    # Of 5,000 patients the standard error of a risk is near 0.01, of a mean near 3 days.
    found = truths("delayed", 4, "overlap", points=POINTS)
    errors = {name: error for name, (_, error) in found.items()}
    assert errors.pop("restricted_mean_difference") < 0.01
    assert max(errors.values()) < 1e-3


@pytest.mark.parametrize("name", WORLDS)
def test_a_large_cohort_weighed_by_its_true_chances_meets_the_truth(name):
    n = 200_000
    drawn = draw_cohort(WORLDS[name], n, 2, np.random.default_rng(20))
    frame = drawn.follow_up.frame
    traits = np.column_stack([frame[list(COVARIATES)], np.zeros(n)])
    is_b = (frame["arm"] == "b").to_numpy()
    weight = 1 / chance_of_arms(traits, 2)[:, 1][is_b]
    b = frame[is_b]
    truth = truths(name, 2, "ate", points=POINTS)

    # Nobody is lost in the sums below: each patient counts by the chance to have been seen.
    lost = WORLDS[name].lost_per_day[1]
    seen = np.exp(lost * (b["exit_days"] - 1))
    has_event = ((b["status"] == 2) & (b["exit_days"] <= AT_DAY)).to_numpy()
    value = weight * has_event * seen
    error = value.std() / value.mean() / np.sqrt(len(value))
    assert value.sum() / n == pytest.approx(truth["risk_of_cause"][0], rel=4 * error)

    of_b = is_b[drawn.patient]
    infections = (
        np.exp(lost * (drawn.day[of_b] - 1)) / chance_of_arms(traits, 2)[:, 1][drawn.patient[of_b]]
    )
    assert infections.sum() / n == pytest.approx(truth["mean_count"][0], rel=0.025)


def test_covariates_are_out_of_balance_so_that_weighing_has_something_to_do():
    drawn = draw_cohort(WORLDS["no_effect"], 20_000, 2, np.random.default_rng(4))
    risks = drawn.follow_up.frame.groupby("arm", observed=True)["status"].apply(
        lambda status: (status > 0).mean()
    )
    assert risks["b"] - risks["a"] > 0.04


def test_the_same_seed_draws_the_same_cohort():
    one, two = (draw_cohort(WORLDS["delayed"], 50, 4, np.random.default_rng(7)) for _ in range(2))
    assert one.follow_up.frame.equals(two.follow_up.frame)
    assert np.array_equal(one.day, two.day)
    assert (one.day <= one.follow_up.frame["exit_days"].to_numpy()[one.patient]).all()
    assert (one.day >= 1).all()


def test_a_life_table_without_loss_gives_the_rate_of_its_own_sums():
    # Two days, half leave after the first: 3 infections over 1.5 days at risk.
    table = LifeTable(np.array([1.0, 0.5]), np.zeros((2, 2)), np.array([2.0, 1.0]), np.ones(2))
    assert rate(table) == pytest.approx(2.0)
