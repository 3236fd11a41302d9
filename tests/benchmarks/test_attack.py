"""Nobody works out a small count from a report; and whoever looks on would see it if they did."""

import pytest

from benchmarks.attack import attack_study
from benchmarks.attack_weaken import weakened


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 103])
def test_no_small_count_follows_from_a_report(seed, tmp_path):
    found = attack_study(seed, tmp_path, has_second=False)

    assert found.reports == 1
    assert found.secrets > 0
    assert found.leaks == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rule", "seed"),
    [
        ("moments of release", 20261124),
        ("numbers at risk", 2),
        ("linked levels and leavers", 103),
        ("repeated events", 4),
        ("groups and ways", 3),
        ("two parts of a report", 3),
    ],
)
def test_the_attacker_notices_when_a_rule_is_taken_away(rule, seed, tmp_path):
    with weakened(rule):
        found = attack_study(seed, tmp_path, has_second=False, enough=1)

    assert found.leaks


@pytest.mark.slow
def test_a_second_report_with_few_more_is_refused_and_would_have_told(tmp_path):
    (tmp_path / "as_it_is").mkdir()
    (tmp_path / "weakened").mkdir()
    refused = attack_study(2, tmp_path / "as_it_is")
    with weakened("two reports"):
        told = attack_study(2, tmp_path / "weakened")

    assert (refused.refused, refused.leaks) == (1, [])
    assert any(leak.where.startswith("june less march") for leak in told.leaks)
