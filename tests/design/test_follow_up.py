"""Starting in the middle of the street, from a time-to-event table."""

import numpy as np
import pandas as pd
import pytest

from azaanalysis.design import follow_up_from_frame
from azaanalysis.errors import DesignError

FRAME = pd.DataFrame(
    {"t": [5.0, 7.0, 9.0], "s": [1, 0, 2], "drug": ["y", "x", "y"], "age": [30, 40, 50]}
)


def made(frame=FRAME, **changes):
    usual = {"time": "t", "status": "s", "arm": "drug", "causes": ["relapse", "death"]}
    return follow_up_from_frame(frame, **{**usual, **changes})


def test_arms_keep_the_order_of_appearance_or_of_a_categorical():
    assert made().arms == ("y", "x")
    ordered = FRAME.assign(drug=pd.Categorical(FRAME["drug"], ["x", "y", "z"]))
    assert made(ordered).arms == ("x", "y")


def test_further_columns_become_covariates():
    assert made().covariates == ("age",)


def test_without_an_arm_everybody_is_in_one():
    assert made(arm=None).arms == ("all",)


def test_a_truth_counts_as_status():
    frame = FRAME.assign(s=[True, False, True])
    assert made(frame, causes=["relapse"]).frame["status"].tolist() == [1, 0, 1]


def test_an_absent_column_is_named_beside_those_that_are_there():
    with pytest.raises(DesignError, match=r"no column 'tme'\. It has: t, s, drug, age"):
        made(time="tme")


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("t", -1.0, "exit_days is missing or negative in 1 of 3 rows .the first is row 2"),
        ("t", np.nan, "exit_days is missing or negative in 1 of 3"),
        ("t", np.inf, "exit_days is infinite in 1 of 3"),
        ("s", 3, r"status is not one of 0 .censored. to 2 .relapse, death. in 1 of 3"),
        ("s", np.nan, "status is not one of"),
        ("s", 0.5, "status is not one of"),
        ("w", -0.1, "weight is missing, negative or infinite in 1 of 3"),
        ("w", np.nan, "weight is missing"),
        ("e", 8.0, "entry_days is missing, negative or after exit_days in 1 of 3"),
        ("drug", None, "arm is missing in 1 of 3"),
    ],
)
def test_a_row_nobody_can_be_followed_by_is_refused(column, value, message):
    frame = FRAME.assign(w=1.0, e=0.0).astype({"t": float, "s": float})
    frame.loc[1, column] = value
    with pytest.raises(DesignError, match=message):
        made(frame, weight="w", entry="e")


def test_all_faults_are_told_at_once():
    frame = FRAME.assign(t=[-1.0, 2.0, 3.0], s=[0, 9, 0])
    with pytest.raises(DesignError) as refused:
        made(frame)
    assert "exit_days" in str(refused.value)
    assert "status" in str(refused.value)


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"causes": "relapse"}, "causes are a list of different words"),
        ({"causes": ["relapse", "relapse"]}, "causes are a list of different words"),
        ({"n_own": 0}, "from 1 to 2; got 0"),
        ({"n_own": 3}, "from 1 to 2; got 3"),
        ({"smallest_count": -1}, "1 .show all. or more; got -1"),
        ({"reference": "placebo"}, "'placebo' is none of the arms: "),
    ],
)
def test_wishes_that_contradict_the_frame_are_refused(wishes, message):
    with pytest.raises(DesignError, match=message):
        made(**wishes)


@pytest.mark.parametrize("column", ["entry", "weight"])
def test_text_among_numbers_is_refused_with_its_row(column):
    frame = FRAME.assign(x=["0", "1", "soon"])
    with pytest.raises(DesignError, match=f"{column}.* in 1 of 3 rows .the first is row 3"):
        made(frame, **{column: "x"})


def test_a_row_of_nobody_is_refused_where_patients_have_names():
    frame = FRAME.assign(who=["x", None, "x"])
    with pytest.raises(DesignError, match=r"patient is missing in 1 of 3 rows .the first is row 2"):
        made(frame, patient="who")


def test_a_column_that_comes_twice_is_refused_by_name():
    frame = pd.concat([FRAME, FRAME[["age"]]], axis=1)
    with pytest.raises(DesignError, match="the column 'age' twice"):
        made(frame)


def test_text_in_a_time_column_is_refused_with_its_row():
    frame = FRAME.assign(t=["5", "soon", "9"])
    with pytest.raises(DesignError, match="exit_days is missing or negative in 1 of 3"):
        made(frame)


def test_a_frame_cannot_be_exchanged():
    with pytest.raises(AttributeError):
        made().frame = FRAME


def test_rows_that_share_an_index_are_not_multiplied():
    frame = pd.DataFrame({"days": [5, 7, 9], "event": [1, 0, 1], "x": [1, 2, 3]}, index=[0, 1, 0])
    made = follow_up_from_frame(frame, time="days", status="event")

    assert made.frame["x"].tolist() == [1, 2, 3]


def test_a_further_column_named_like_ours_is_refused_in_plain_words():
    frame = pd.DataFrame({"days": [1, 2], "status": [1, 0], "weight": [1, 2], "n_events": [0, 0]})

    with pytest.raises(DesignError, match=r"'weight', 'n_events', which a follow-up makes itself"):
        follow_up_from_frame(frame, time="days", status="status")
    made = follow_up_from_frame(
        frame.drop(columns="n_events"), time="days", status="status", weight="weight"
    )
    assert made.frame["weight"].tolist() == [1, 2]


def test_the_frame_of_the_analyst_stays_as_it_was():
    frame = pd.DataFrame({"days": [1.0, 2.0], "status": [1, 0], "age": [30.0, 40.0]}, index=[7, 7])
    made = follow_up_from_frame(frame, time="days", status="status")
    made.frame.loc[:, ["exit_days", "age"]] = -1.0

    assert frame.index.tolist() == [7, 7]
    assert frame["days"].tolist() == [1, 2]
    assert frame["age"].tolist() == [30, 40]
