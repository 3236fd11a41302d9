"""Steps of the design refuse what is no follow-up, with the way to one."""

import pandas as pd
import pytest

from azaanalysis import design
from azaanalysis.errors import DesignError
from azaanalysis.estimate import tally
from tests.builders import follow_up

STEPS = [
    *("weigh", "weigh_by_matching", "weigh_by_strata", "measure_balance", "measure_baseline"),
    *("measure_follow_up", "measure_potential_follow_up", "measure_endings", "measure_weights"),
    *("measure_preference", "measure_equipoise", "measure_support"),
]


@pytest.mark.parametrize("step", STEPS)
def test_a_table_of_the_analyst_is_refused_with_the_way_to_a_follow_up(step):
    own = pd.DataFrame({"days": [3, 5], "arm": ["a", "b"]})
    with pytest.raises(DesignError, match=r"got a DataFrame\. Make one .*follow_up_from_frame"):
        getattr(design, step)(own)


@pytest.mark.parametrize("step", ["weigh", "measure_balance", "measure_follow_up"])
def test_counts_are_refused_where_the_rows_of_patients_are_needed(step):
    table = tally(follow_up(days=[1, 2], arm=["a", "b"]))
    with pytest.raises(DesignError, match="a row for each patient; got a RiskTable"):
        getattr(design, step)(table)
