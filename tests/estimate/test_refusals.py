"""What no estimator can answer is refused in words, whichever estimator is asked."""

from __future__ import annotations

import inspect

import numpy as np
import pandas as pd
import pytest

import azaanalysis
from azaanalysis import (
    AzaError,
    DesignError,
    EstimationError,
    estimate_cox,
    estimate_hazard_ratio,
    estimate_mean_count_difference,
    estimate_piecewise_hazard_ratio,
    estimate_poisson,
    estimate_risk_difference,
    estimate_standardised_rates,
    follow_up_from_frame,
    merge,
    stack,
    tally,
)
from azaanalysis.vocab import DAYS_PER_YEAR

NEEDED = {
    **{"at_days": [30, 60], "windows": [0, 30, 90], "by": "sex"},
    **{"by_days": [30], "at_day": 60},
}


def can_be_asked(name):
    """Tell whether a follow-up and the usual wishes are all that an estimator needs."""
    parameters = inspect.signature(getattr(azaanalysis, name)).parameters
    needed = {word for word, given in parameters.items() if given.default is given.empty}
    return next(iter(parameters)) == "follow_up" and needed <= {"follow_up", *NEEDED}


# What is asked of a cohort, or of wishes of its own, has tests of its own.
ESTIMATORS = sorted(
    name for name in azaanalysis.__all__ if name.startswith("estimate_") and can_be_asked(name)
)
# These leave a missing number for an arm in which nobody counts, and do not refuse it.
_WITHOUT_EMPTY_ARMS = {
    f"estimate_{quantity}"
    for quantity in (
        *("dispersion", "hazard_ratio", "piecewise_hazard_ratio", "log_rank", "rates"),
        *("rates_by_window", "rate_difference", "rate_ratio", "patient_years_to_harm"),
        "standardised_rates",
    )
}


def frame_of(n=120, arms="ab", seed=1):
    draw = np.random.default_rng(seed)
    days = np.ceil(draw.exponential(60, n))
    return pd.DataFrame(
        {
            "days": days.clip(max=90),
            "status": np.where(days > 90, 0, draw.integers(1, 3, n)),
            "drug": pd.Categorical(draw.choice(list(arms), n)),
            "sex": draw.choice(["f", "m"], n),
        }
    )


def followed(frame=None, **columns):
    made = frame_of() if frame is None else frame
    causes = ["relapse", "death"]
    return follow_up_from_frame(
        made, time="days", status="status", arm="drug", causes=causes, **columns
    )


def parameters_of(name):
    return inspect.signature(getattr(azaanalysis, name)).parameters


def ask(name, of, **wishes):
    parameters = parameters_of(name)
    needed = {
        word: NEEDED[word]
        for word in NEEDED
        if word in parameters and parameters[word].default is inspect.Parameter.empty
    }
    return getattr(azaanalysis, name)(of, **{**needed, **wishes})


def those_with(parameter):
    return [name for name in ESTIMATORS if parameter in parameters_of(name)]


@pytest.mark.parametrize("name", those_with("level"))
@pytest.mark.parametrize("level", [1.5, 95, 0, float("nan"), "0.95"])
def test_a_level_that_is_no_proportion_is_refused(name, level):
    with pytest.raises(EstimationError, match=f"level must lie between 0 and 1.*{level}"):
        ask(name, followed(), level=level)


@pytest.mark.parametrize(
    ("name", "parameter"),
    [
        (name, word)
        for word in (
            *("ties", "transform", "band", "censoring", "convention", "limits", "model"),
            *("distribution", "response", "correlation", "correction", "variance"),
        )
        for name in those_with(word)
    ],
)
def test_a_word_nobody_knows_is_refused(name, parameter):
    with pytest.raises(EstimationError, match="silly"):
        ask(name, followed(), **{parameter: "silly"})


@pytest.mark.parametrize("name", those_with("at_days"))
@pytest.mark.parametrize("at_days", [[-5], [float("nan")], ["30"], 5])
def test_what_is_no_list_of_days_is_refused(name, at_days):
    with pytest.raises(EstimationError, match="at_days must be"):
        ask(name, followed(), at_days=at_days)


@pytest.mark.parametrize("name", those_with("windows"))
@pytest.mark.parametrize("windows", [[-5, 30], [30, 30], [60, 30], [], [0], ["0", "30"], 5])
def test_windows_that_do_not_ascend_are_refused(name, windows):
    with pytest.raises(EstimationError, match="windows must be at least two days"):
        ask(name, followed(), windows=windows)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_table_of_the_analyst_is_sent_to_follow_up_from_frame(name):
    with pytest.raises(DesignError, match=r"got a DataFrame.*follow_up_from_frame"):
        ask(name, frame_of())


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_risk_table_is_either_answered_or_sent_back_to_its_follow_up(name):
    table = tally(followed())
    if "RiskTable" in parameters_of(name)["follow_up"].annotation:
        assert ask(name, table).frame["value"].notna().any()
    else:
        with pytest.raises(EstimationError, match="the follow-up that the table was made from"):
            ask(name, table)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_an_arm_without_weight_gives_no_number_for_it(name):
    frame = frame_of()
    frame["w"] = np.where(frame["drug"] == "a", 0.0, 1.0)
    made = followed(frame, weight="w")
    if name in _WITHOUT_EMPTY_ARMS:
        answer = ask(name, made).frame
        of_arm = (answer["arm"] == "a") | (answer["versus"] == "a")
        assert not answer.loc[of_arm, ["lower", "upper"]].gt(0).any(axis=None)
    else:
        with pytest.raises(AzaError, match=r"arm 'a'|weighted|does not settle"):
            ask(name, made)


def without_an_event(rows):
    return rows.assign(status=0)


def without_an_event_in_one_arm(rows):
    return rows.assign(status=rows["status"].where(rows["drug"] != "a", 0))


def without_the_own_cause(rows):
    return rows.assign(status=rows["status"].where(rows["status"] == 2, 0))


def without_a_patient_in_one_arm(rows):
    return rows[rows["drug"] != "a"]


def with_one_patient_in_one_arm(rows):
    return rows.drop(rows.index[rows["drug"] == "a"][1:])


def with_one_patient_in_each_arm(rows):
    return rows[~rows["drug"].duplicated()].assign(status=1)


def with_one_patient(rows):
    return rows.head(1).assign(status=1)


def with_everybody_ending_on_day_zero(rows):
    return rows.assign(days=0.0)


def with_all_events_on_one_day(rows):
    return rows.assign(days=50.0, status=1)


def without_any_weight(rows):
    return rows.assign(w=0.0)


ODD = (
    *(without_an_event, without_an_event_in_one_arm, without_the_own_cause),
    *(without_a_patient_in_one_arm, with_one_patient_in_one_arm, with_one_patient_in_each_arm),
    *(with_one_patient, with_everybody_ending_on_day_zero, with_all_events_on_one_day),
    without_any_weight,
)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("change", ODD, ids=lambda change: change.__name__)
@pytest.mark.parametrize("name", ESTIMATORS)
def test_odd_patients_are_answered_soundly_or_refused_in_words(name, change):
    frame = change(frame_of())
    made = followed(frame, **({"weight": "w"} if "w" in frame else {}))
    try:
        answer = ask(name, made).frame
    except AzaError:
        return  # in words: an error of any other kind fails here
    assert np.isfinite(answer[["value", "std_error"]].fillna(0).to_numpy(dtype=float)).all()
    inside = answer[["value", "lower", "upper"]].dropna()
    assert (inside["lower"] <= inside["value"] + 1e-9).all()
    assert (inside["value"] <= inside["upper"] + 1e-9).all()
    assert answer.loc[answer["value"].isna(), "std_error"].isna().all()


@pytest.mark.parametrize(
    ("column", "wrong", "words"),
    [
        ("days", -1.0, "exit_days is missing or negative"),
        ("days", np.nan, "exit_days is missing or negative"),
        ("days", np.inf, "exit_days is infinite"),
        ("status", 3, r"status is not one of 0 \(censored\) to 2 \(relapse, death\)"),
        ("status", np.nan, r"status is not one of 0 \(censored\) to 2 \(relapse, death\)"),
        ("w", -0.5, "weight is missing, negative or infinite"),
        ("w", np.nan, "weight is missing, negative or infinite"),
        ("drug", None, "arm is missing"),
    ],
)
def test_rows_that_no_estimator_could_take_make_no_follow_up(column, wrong, words):
    frame = frame_of().assign(w=1.0).astype({"status": float})
    frame.loc[2, column] = wrong
    with pytest.raises(DesignError, match=rf"{words} in 1 of 120 rows \(the first is row 3\)"):
        followed(frame, weight="w")


def test_a_hazard_is_not_averaged_over_no_time():
    frame = frame_of().assign(days=0.0)
    with pytest.raises(EstimationError, match="observed on day 0 only"):
        ask("estimate_average_hazard", followed(frame))


def test_a_frame_without_rows_is_refused():
    with pytest.raises(DesignError, match="no row"):
        followed(frame_of().head(0))


@pytest.mark.parametrize("column", ["status", "exit_days", "weight", "n_events"])
@pytest.mark.parametrize("estimate", [estimate_cox, estimate_poisson])
def test_what_is_known_only_after_time_zero_is_no_covariate(estimate, column):
    with pytest.raises(DesignError, match=f"no covariate '{column}'.*after time zero"):
        estimate(followed(), covariates=[column])


def test_strata_that_a_risk_table_has_lost_are_refused():
    with pytest.raises(EstimationError, match=r"tally\(follow_up, stratum='sex'\)"):
        estimate_risk_difference(tally(followed()), at_days=[30], stratum="sex")


def test_a_risk_table_with_strata_answers_as_its_follow_up():
    made = followed()
    asked = {"at_days": [30, 60], "stratum": "sex"}
    of_table = estimate_risk_difference(tally(made, stratum="sex"), **asked)
    of_rows = estimate_risk_difference(made, **asked)
    pd.testing.assert_frame_equal(of_table.frame, of_rows.frame)


def test_arms_that_never_meet_in_a_stratum_have_no_hazard_ratio():
    # Site x treats with a only and site y with b only: within sites nothing is compared.
    frame = frame_of().assign(site=lambda rows: rows["drug"].map({"a": "x", "b": "y"}).astype(str))
    made = followed(frame)
    windows = estimate_piecewise_hazard_ratio(made, windows=[0, 30, 90], stratum="site")
    for estimate in (
        estimate_hazard_ratio(made, stratum="site"),
        estimate_cox(made, strata=["site"]),
        windows,
    ):
        assert estimate.frame[["value", "lower", "upper", "std_error"]].isna().all(axis=None)
        assert any("No hazard ratio" in note for note in estimate.about["notes"])


def test_rates_are_standardised_over_many_strata_as_by_hand():
    # Forty-five sites in each of four arms are more cells than a byte can count.
    frame = frame_of(6000, "abcd").assign(
        site=[f"site {place:02d}" for place in np.random.default_rng(2).integers(0, 45, 6000)]
    )
    made = estimate_standardised_rates(followed(frame), by="site").frame
    rows = frame.assign(event=frame["status"] == 1, years=frame["days"] / DAYS_PER_YEAR)
    sums = rows.groupby(["drug", "site"], observed=True)[["event", "years"]].sum()
    shares = rows.groupby("site")["years"].sum() / rows["years"].sum()
    by_site = (sums["event"] / sums["years"]).unstack("drug")  # noqa: PD010 - a column for each arm
    by_hand = by_site.mul(shares, axis=0).sum() * 100
    assert made["value"].to_numpy() == pytest.approx(by_hand.to_numpy(), rel=1e-12)


def test_rates_are_not_standardised_by_the_arm():
    with pytest.raises(DesignError, match="no covariate 'arm' to standardise by"):
        estimate_standardised_rates(followed(), by="arm")


def test_a_difference_that_is_not_known_has_no_error():
    frame = frame_of().assign(status=lambda rows: (rows["status"] == 1).astype(int))
    made = follow_up_from_frame(frame, time="days", status="status", arm="drug")
    beyond = estimate_mean_count_difference(made, at_days=[1000]).frame
    assert beyond[["value", "std_error"]].isna().all(axis=None)


def test_nothing_can_neither_be_stacked_nor_merged():
    with pytest.raises(EstimationError, match="no estimate"):
        stack()
    with pytest.raises(EstimationError, match="no table"):
        merge()


@pytest.mark.parametrize("name", those_with("stratum"))
def test_a_number_with_a_value_for_each_patient_is_no_stratum(name):
    frame = frame_of().assign(age=np.linspace(20.125, 70.875, 120))
    with pytest.raises(EstimationError, match="'age' has 120 different values") as refused:
        ask(name, followed(frame), stratum="age")
    assert "20.125" not in str(refused.value)
