"""Filling gaps: what stays, what is drawn, and that it removes the bias of leaving rows out."""

import numpy as np
import pandas as pd
import pytest

from azaanalysis.design import follow_up_from_frame, impute, weigh
from azaanalysis.errors import DesignError
from azaanalysis.estimate import estimate_hazard_ratio, pool
from azaanalysis.settings_weighting import WeightingSettings


def with_gaps(n=1_500, seed=4):
    """Return patients whose severity is missing the more often the older they are."""
    rng = np.random.default_rng(seed)
    age = rng.normal(50, 10, n)
    severity = 0.08 * (age - 50) + rng.normal(size=n)
    smokes = rng.random(n) < 1 / (1 + np.exp(-severity))
    arm = np.where(rng.random(n) < 1 / (1 + np.exp(-0.8 * severity)), "b", "a")
    days = rng.exponential(300 * np.exp(-0.5 * severity))
    frame = pd.DataFrame({"arm": arm, "age": age, "severity": severity})
    frame["smokes"] = pd.Series(smokes).map({True: "yes", False: "no"}).astype("category")
    is_hidden = rng.random(n) < 1 / (1 + np.exp(-(age - 50) / 6))
    gaps = frame.assign(severity=frame["severity"].mask(is_hidden))
    gaps["smokes"] = gaps["smokes"].mask(rng.random(n) < 0.2)
    gaps = gaps.assign(days=np.minimum(days, 365), state=(days < 365).astype(int))
    return follow_up_from_frame(gaps, time="days", status="state", arm="arm"), frame


def test_what_is_known_stays_and_what_is_missing_is_filled_with_values_seen():
    made, _ = with_gaps(300)
    for version in impute(made, n_imputations=3, seed=1):
        was_known = made.frame["severity"].notna()
        assert version.frame["severity"][was_known].equals(made.frame["severity"][was_known])
        assert version.frame["severity"].notna().all()
        assert set(version.frame["severity"]) <= set(made.frame["severity"].dropna())
        assert set(version.frame["smokes"]) == {"yes", "no"}
        assert version.frame["arm"].equals(made.frame["arm"])


def test_a_seed_gives_the_same_versions_which_differ_from_each_other():
    made, _ = with_gaps(300)
    one, other = impute(made, n_imputations=2, seed=7), impute(made, n_imputations=2, seed=7)

    assert one[0].frame.equals(other[0].frame)
    assert not one[0].frame.equals(one[1].frame)


def test_the_mean_of_imputed_values_is_right_where_that_of_known_values_is_not():
    made, truth = with_gaps()
    means = [version.frame["severity"].mean() for version in impute(made, n_imputations=8, seed=2)]
    error = truth["severity"].std() / np.sqrt(len(truth))

    # Older patients, who are more severely ill, lack the value: those known look too well.
    assert made.frame["severity"].mean() < truth["severity"].mean() - 5 * error
    assert np.mean(means) == pytest.approx(truth["severity"].mean(), abs=3 * error)
    shares = [(v.frame["smokes"] == "yes").mean() for v in impute(made, n_imputations=3, seed=2)]
    assert np.mean(shares) == pytest.approx((truth["smokes"] == "yes").mean(), abs=0.03)


def test_each_version_is_weighed_and_the_estimates_are_pooled():
    made, _ = with_gaps(600)
    settings = WeightingSettings(target="overlap", missing="refuse")
    ratios = [
        estimate_hazard_ratio(weigh(version, settings=settings), variance="robust").only(
            quantity="hazard_ratio"
        )
        for version in impute(made, n_imputations=4, seed=3)
    ]
    pooled = pool(ratios)

    logs = np.log([r.frame["value"].iloc[0] for r in ratios])
    assert np.log(pooled.frame["value"].iloc[0]) == pytest.approx(logs.mean())
    assert pooled.frame["std_error"].iloc[0] > np.mean([r.frame["std_error"] for r in ratios])
    assert "values that were missing" in pooled.about["interval"]


def test_a_follow_up_without_gaps_is_refused():
    made, truth = with_gaps(100)
    whole = follow_up_from_frame(
        truth.head(100).assign(days=1.0, state=0), time="days", status="state", arm="arm"
    )
    with pytest.raises(DesignError, match="no covariate has a gap"):
        impute(whole, seed=1)
    made.frame["severity"] = np.nan
    with pytest.raises(DesignError, match="'severity' has no value at all"):
        impute(made, seed=1)
