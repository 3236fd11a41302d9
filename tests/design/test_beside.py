"""Follow-ups of the same patients beside one another: what has to be left out, by hand."""

import numpy as np
import pandas as pd
import pytest

from azaanalysis import estimate_mean_count, estimate_risk_difference, estimate_subgroups
from azaanalysis.design import Subgroup, follow_up_from_frame
from azaanalysis.design.beside import Beside, find_few_apart, find_told_levels
from azaanalysis.design.repeats import repeats_of
from azaanalysis.disclosure import suppress
from azaanalysis.result import stack
from azaanalysis.small_counts import WITHHELD_VARIABLE

COUNTED = ["patients", "events"]


def _followed(n_events, n=40, *, k=5, weights=None, sex="all"):
    """Two arms of n patients each, of whom so many have the event on day 10."""
    frame = pd.DataFrame(
        {
            "arm": np.repeat(["new", "old"], n),
            "days": np.where(np.tile(np.arange(n), 2) < n_events, 10, 100),
            "sex": sex,
        }
    )
    frame["status"] = (frame["days"] == 10).astype(int)
    frame["weight"] = 1.0 if weights is None else np.resize(weights, len(frame))
    named = {"time": "days", "status": "status", "arm": "arm", "weight": "weight"}
    return follow_up_from_frame(
        frame, endpoint="flare", causes=["flare"], reference="old", smallest_count=k, **named
    )


def _gap(followed, name):
    return estimate_risk_difference(followed, at_days=[50]).named(name)


def test_a_way_that_differs_by_three_events_is_left_out_and_one_that_differs_by_eight_is_not():
    ways = {"own": _followed(12), "longer gap": _followed(15), "washout": _followed(20)}
    beside = Beside([50])
    for name, followed in ways.items():
        beside.add(name, followed)

    made = beside.leave_out(stack(*(_gap(followed, name) for name, followed in ways.items())))

    shown = suppress(made).frame.set_index("endpoint")
    assert shown["events"].fillna(0).tolist() == [24, 0, 40]
    assert shown["value"].isna().tolist() == [False, True, False]


def test_of_a_weighted_way_only_the_counts_are_left_out():
    ways = {
        "own": _followed(12, weights=[1.0, 1.3]),
        "longer gap": _followed(15, weights=[1.0, 1.3]),
    }
    beside = Beside([50])
    for name, followed in ways.items():
        beside.add(name, followed)

    made = beside.leave_out(stack(*(_gap(followed, name) for name, followed in ways.items())))

    assert made.frame["events"].isna().tolist() == [False, True]
    assert made.frame["value"].notna().all()


def test_what_was_left_out_does_not_leave_out_others():
    # 12 and 15 differ by 3; 18 differs by 3 from 15, which nobody sees, and by 6 from 12.
    counts = {
        name: {("new", "flare", 50.0): n} for name, n in zip("abc", (12, 15, 18), strict=True)
    }

    assert find_few_apart(counts, 5) == {"a": set(), "b": {"new"}, "c": set()}


@pytest.mark.parametrize(
    ("whole", "levels", "told"),
    [(30, (20, 10), False), (30, (27, 3), True), (30, (20, 8), True), (30, (20,), False)],
)
def test_levels_are_told_by_everybody_less_the_others(whole, levels, told):
    # 27 and 3: the three are small. 20 and 8: two have no level, and are everybody less the rest.
    key = ("new", "flare", 50.0)

    found = find_told_levels({key: whole}, [{key: n} for n in levels], 5)

    assert found == ({"new"} if told else set())


def test_no_level_shows_counts_where_everybody_less_the_others_are_a_few():
    parts = {"female": _followed(14), "male": _followed(2)}
    frames = [
        part.frame.assign(patient_id=i * 100 + part.frame.index)
        for i, part in enumerate(parts.values())
    ]
    named = {"time": "exit_days", "status": "status", "arm": "arm", "reference": "old"}
    columns = ["exit_days", "status", "arm"]
    whole = follow_up_from_frame(
        pd.concat(frames)[columns], endpoint="flare", causes=["flare"], smallest_count=5, **named
    )
    groups = [Subgroup("Everybody", "", whole, smallest_count=5)]
    groups += [Subgroup("sex", level, part, smallest_count=5) for level, part in parts.items()]

    shown = suppress(estimate_subgroups(groups, at_day=50)).frame

    gaps = shown[shown["quantity"] == "risk_difference"].set_index("endpoint")
    assert gaps["events"].notna().to_dict() == {
        "Everybody": True,
        "sex: female": False,
        "sex: male": False,
    }
    # Nobody is weighted, so that a difference of shares would tell the counts.
    assert shown[shown["endpoint"].str.startswith("sex")]["value"].isna().all()


def test_an_estimate_under_another_name_keeps_what_may_be_shown_of_it():
    # Four events by day 10 in each arm: the release holds the day back, whatever the name.
    found = suppress(_gap(_followed(4), "as observed"))

    assert found.frame["events"].isna().all()
    assert found.about["asked_endpoint"] == "flare"


def test_a_group_shows_nothing_of_an_arm_that_is_withheld(tmp_path, monkeypatch):
    path = tmp_path / "withheld.json"
    path.write_text('[["flare", "", "new"]]', encoding="utf-8")
    monkeypatch.setenv(WITHHELD_VARIABLE, str(path))

    found = suppress(_gap(_followed(20), "Everybody"))

    assert found.frame[[*COUNTED, "value"]].isna().all(axis=None)


def _histories(events, n=30, end=100.0):
    """Patients of one arm with events on some days, who leave one by one after them."""
    rows = []
    for patient in range(n):
        begin = 0.0
        for day in [day for who, day in events if who == patient]:
            rows.append((patient, begin, day, 1))
            begin = day
        rows.append((patient, begin, end + patient, 0))
    frame = pd.DataFrame(rows, columns=["patient", "entry", "days", "status"])
    followed = follow_up_from_frame(
        frame.assign(arm="a"),
        time="days",
        status="status",
        arm="arm",
        entry="entry",
        patient="patient",
        endpoint="flare",
        causes=["flare"],
        smallest_count=5,
    )
    is_last = ~frame["patient"].duplicated(keep="last").to_numpy()
    reason = np.where(is_last, "end", "goes on in the next row")
    return type(followed)(
        followed.frame.assign(end_reason=pd.Categorical(reason)),
        "flare",
        ("flare",),
        about=followed.about,
    )


def test_repeated_events_are_shown_once_five_have_come_together():
    # Three events on day 10, three on day 20, six on day 30.
    days = [10] * 3 + [20] * 3 + [30] * 6
    followed = _histories([(who, day) for who, day in enumerate(days)])
    (release,) = followed.about["releases"]

    repeats = repeats_of(release, "a")

    assert repeats.counts.tolist() == [0, 3, 6, 12]
    assert repeats.may_show(np.array([5, 15, 25, 35])).tolist() == [True, False, True, True]


def test_those_at_risk_of_another_event_never_differ_by_a_few():
    days = [10] * 6 + [20] * 6
    risk = estimate_mean_count(_histories([(who % 7, day) for who, day in enumerate(days)]))

    shown = suppress(risk).frame["patients"].dropna().astype(int).to_numpy()

    gaps = np.abs(np.subtract.outer(shown, shown))
    assert ((gaps == 0) | (gaps >= 5)).all()
    assert len(set(shown)) > 1


def test_a_day_of_a_mean_count_shows_no_more_than_its_curve():
    days = [10] * 3 + [20] * 3 + [30] * 6
    made = estimate_mean_count(_histories([(who, day) for who, day in enumerate(days)]))

    assert suppress(made.at([15])).frame["events"].isna().all()
    assert suppress(made.at([25])).frame["events"].tolist() == [6]
