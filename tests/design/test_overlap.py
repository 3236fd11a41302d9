"""Who could have received what: by hand, and against the definition of the preference score."""

import numpy as np
import pandas as pd
import pytest

from azaanalysis.design import (
    follow_up_from_frame,
    measure_equipoise,
    measure_preference,
    measure_support,
    measure_weights,
    weigh,
)
from azaanalysis.design.target_weights import preference_scores
from azaanalysis.errors import DesignError


def followed(frame):
    return follow_up_from_frame(
        frame.assign(days=1.0, state=0), time="days", status="state", arm="arm"
    )


def three_kinds():
    """Return 40 patients: of kind u 2 of 20 in arm b, of v 4 of 10, of w 9 of 10."""
    kinds = {"u": (18, 2), "v": (6, 4), "w": (1, 9)}
    rows = [
        {"arm": arm, "kind": kind}
        for kind, counts in kinds.items()
        for arm, count in zip("ab", counts, strict=True)
        for _ in range(count)
    ]
    return followed(pd.DataFrame(rows))


def test_the_preference_score_takes_the_size_of_the_arms_away():
    # Walker: logit F = logit e - logit of the share. With e the share itself, F is one half.
    chances = np.array([[0.8, 0.2], [0.5, 0.5]])
    scores = preference_scores(chances, np.array([0.8, 0.2]))[:, 1]

    assert scores[0] == pytest.approx(0.5)
    assert np.log(scores[1] / (1 - scores[1])) == pytest.approx(0 - np.log(0.2 / 0.8))


def test_equipoise_is_counted_by_hand():
    # 15 of 40 are in arm b: odds of the share 0.6. Odds of b by kind: 1/9, 2/3 and 9, over 0.6:
    # scores 0.156, 0.526 and 0.9375. Only the ten of kind v lie from 0.3 to 0.7.
    found = measure_equipoise(weigh(three_kinds(), target="ate")).iloc[0]

    assert (found["patients"], found["in_equipoise"], found["share"]) == (40, 10, 0.25)


def test_every_patient_stands_in_one_bin_of_the_preference_score():
    weighted = weigh(three_kinds(), target="overlap")
    frame = measure_preference(weighted)
    filled = frame[(frame["received"] == "b") & (frame["patients"] > 0)]

    assert filled["score_from"].to_numpy() == pytest.approx([0.15, 0.5, 0.9])
    assert filled["patients"].tolist() == [2, 4, 9]
    # Overlap weights of arm b are the chances of a: 2 * 0.9, 4 * 0.6, 9 * 0.1.
    assert filled["weighted_share"].to_numpy() == pytest.approx(np.array([1.8, 2.4, 0.9]) / 5.1)


def test_the_map_of_support_counts_who_received_what():
    frame = measure_support(weigh(three_kinds(), target="ate"))
    kind_u = frame[(frame["covariate"] == "kind") & (frame["level"] == "u")].set_index("arm")

    assert kind_u["received"].to_dict() == {"a": 18, "b": 2}
    assert kind_u["chance"].to_dict() == pytest.approx({"a": 0.9, "b": 0.1})
    # A fifth of an even share is a tenth: 0.156 is open; 1 - 0.9375 is closed to arm a.
    assert kind_u["share_open"].to_dict() == {"a": 1, "b": 1}
    kind_w = frame[(frame["covariate"] == "kind") & (frame["level"] == "w")].set_index("arm")
    assert kind_w["share_open"].to_dict() == {"a": 0, "b": 1}


def test_numbers_are_cut_where_the_words_say():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"arm": rng.choice(list("ab"), 200), "year": rng.uniform(2012, 2024, 200)})
    made = followed(frame)
    support = measure_support(weigh(made, target="ate"))
    groups = support[support["covariate"] == "year"].drop_duplicates("level")

    first = groups.iloc[0]
    assert first["level"].startswith("below ")
    assert first["patients"] == (made.frame["year"] < float(first["level"].split()[1])).sum()
    assert groups["patients"].sum() == 200


def test_the_effective_number_of_equal_weights_is_the_number_of_patients():
    frame = measure_weights(three_kinds())

    assert frame["effective"].tolist() == [25, 15]
    assert frame["effective_share"].tolist() == [1, 1]


def test_without_a_model_there_are_no_preference_scores():
    with pytest.raises(DesignError, match=r"Pass it through weigh\(\) first"):
        measure_preference(three_kinds())
