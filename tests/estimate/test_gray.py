"""Gray's test: by hand, against R, and what must hold."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azaanalysis.design import follow_up_from_frame
from azaanalysis.errors import DesignError
from azaanalysis.estimate import estimate_gray_test, estimate_log_rank, tally
from tests.builders import follow_up
from tests.estimate import public_trials as trials
from tests.r_results import r_result

BOTH = ("relapse", "death")


def older(frame):
    return frame.assign(old=pd.Categorical(np.where(frame["age"] >= 70, "old", "young")))


MGUS = {"time": "etime", "status": "code", "arm": "sex", "causes": BOTH, "n_own": 2}
CASES = {
    "mgus2_cuminc_gray": (trials.mgus2, MGUS, {}),
    "mgus2_cuminc_gray_rho1": (trials.mgus2, MGUS, {"rho": 1}),
    "mgus2_cuminc_gray_strata": (lambda: older(trials.mgus2()), MGUS, {"stratum": "old"}),
    "mgus2_cuminc_gray_strata_rho05": (
        lambda: older(trials.mgus2()),
        MGUS,
        {"stratum": "old", "rho": 0.5},
    ),
    "epileptic_cuminc_gray": (
        trials.epileptic,
        {
            "time": "with.time",
            "status": "with.status2",
            "arm": "treat",
            "causes": ("ISC", "UAE"),
            "n_own": 2,
        },
        {},
    ),
    "transplant_cuminc_gray": (
        trials.transplant,
        {
            "time": "futime",
            "status": "code",
            "arm": "abo",
            "causes": ("death", "ltx", "withdraw"),
            "n_own": 3,
        },
        {},
    ),
}


@pytest.mark.parametrize("entry", CASES)
def test_grays_test_agrees_with_r(entry):
    read, columns, choices = CASES[entry]
    frame = read()
    made = trials.followed(frame, [c for c in ["old"] if c in frame], **columns)
    known = r_result(entry)["gray_tests"]
    rows = estimate_gray_test(made, **choices)
    statistics = rows.only(quantity="gray_test").frame
    p_values = rows.only(quantity="gray_test_p").frame

    assert statistics["value"].tolist() == pytest.approx(list(known["stat"].values()), rel=1e-8)
    assert p_values["value"].tolist() == pytest.approx(list(known["pv"].values()), rel=1e-6)
    assert statistics["unit"].tolist() == [f"{df} df" for df in known["df"].values()]


def test_the_statistic_of_three_patients_is_the_one_worked_by_hand():
    # Day 1: death in arm a (2 at risk in a, 1 in b). Day 2: relapse in a. Day 3: relapse in b.
    # Subdistribution: those with relapse still possible are Y (1 - F) / S, in a on day 2
    # 1 * 1 / (1/2) = 2, in b 1; R is the same. Score of a: day 2 observes 1 and expects 2/3; then
    # F of a is 1/2, its Y is 0. Score 1/3. Variance, with now(a, a) = 2 (1 - 2/3) = 2/3,
    # now(a, b) = -1 * 2/3 on day 2, where the pooled F becomes 1/3 and the step is 1/3;
    # day 3 is b alone and moves nothing, so later than day 2 nothing follows.
    #   relapses on day 2: (2/3)^2 (1/2) / (3 * 1) in a and (2/3)^2 * 1 / (3 * 1) in b;
    #   death on day 1 in a: left (1 - 0) / (1/2) = 2, later 2/3 * 1/3 = 2/9:
    #   (4/9)^2 * 1 * 1 / 2^2.
    three = follow_up(days=[1, 2, 3], status=[2, 1, 1], arm=["a", "a", "b"], causes=BOTH)
    variance = (4 / 9) * (1 / 2) / 3 + (4 / 9) / 3 + (16 / 81) / 4

    statistic = estimate_gray_test(three).frame["value"].iloc[0]
    assert statistic == pytest.approx((1 / 3) ** 2 / variance)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 12), st.integers(0, 2), st.sampled_from("abc")),
        min_size=12,
        max_size=40,
    ).filter(lambda rows: {arm for _, state, arm in rows if state == 1} == set("abc")),
    st.randoms(use_true_random=False),
)
def test_neither_order_nor_names_of_arms_matter(listed, shuffler):
    shuffled = list(listed)
    shuffler.shuffle(shuffled)

    def statistic(rows, names):
        days, status, arm = map(list, zip(*rows, strict=True))
        arm = [names[x] for x in arm]
        made = follow_up(days=days, status=status, arm=arm, causes=BOTH)
        return estimate_gray_test(made).frame["value"].iloc[0]

    one = statistic(listed, {"a": "a", "b": "b", "c": "c"})
    assert statistic(shuffled, {"a": "c", "b": "a", "c": "b"}) == pytest.approx(one, rel=1e-7)


def test_a_risk_table_gives_the_same_test():
    made = trials.followed(trials.mgus2(), [], **MGUS)

    pd.testing.assert_frame_equal(
        estimate_gray_test(made).frame, estimate_gray_test(tally(made)).frame
    )


def test_it_sees_a_competing_hazard_that_the_log_rank_test_does_not():
    # The hazard of relapse is the same; death takes the patients of arm b before they relapse.
    rng = np.random.default_rng(8)
    relapse = rng.exponential(100, 4000)
    death = rng.exponential(np.repeat([1000, 50], 2000))
    frame = pd.DataFrame(
        {
            "days": np.ceil(np.minimum(np.minimum(relapse, death), 365)),
            "status": np.where(relapse < death, 1, 2) * (np.minimum(relapse, death) < 365),
            "arm": ["a"] * 2000 + ["b"] * 2000,
        }
    )
    made = follow_up_from_frame(frame, time="days", status="status", arm="arm", causes=BOTH)
    gray, log_rank = (
        x(made).frame["value"].iloc[1] for x in (estimate_gray_test, estimate_log_rank)
    )

    assert gray < 1e-6
    assert log_rank > 0.01


def test_weights_and_late_entry_are_refused_with_a_way_forward():
    weighted = follow_up(days=[1, 2], status=[1, 1], arm=["a", "b"], weight=[1, 2])
    late = follow_up(days=[1, 2], status=[1, 1], arm=["a", "b"], entry=[0, 1])
    with pytest.raises(DesignError, match="estimate_fine_gray"):
        estimate_gray_test(weighted)
    with pytest.raises(DesignError, match="estimate_log_rank"):
        estimate_gray_test(late)
    with pytest.raises(DesignError, match="at least two arms"):
        estimate_gray_test(follow_up(days=[1, 2]))


def test_without_any_event_there_is_no_test():
    nothing = follow_up(days=[1, 2, 3], status=[0, 2, 0], arm=["a", "b", "a"], causes=BOTH)
    rows = estimate_gray_test(nothing).frame

    assert rows["value"].isna().all()
    assert rows["unit"].tolist() == ["0 df", "0 df"]
