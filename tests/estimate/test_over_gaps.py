"""Persistence under several permissible gaps: by hand, in a table and in a figure."""

import numpy as np
import pytest

from azaanalysis.design import follow, weigh
from azaanalysis.display import draw_gaps, tabulate_beside, tabulate_gaps
from azaanalysis.errors import EstimationError
from azaanalysis.estimate import (
    estimate_fine_gray,
    estimate_hazard_ratio,
    estimate_incidence,
    estimate_over_gaps,
)
from azaanalysis.synthetic import make_cohort
from tests.builders import cohort, comparison, course, follow_up, patient, study


def renewed_late():
    """Two on azathioprine: a with a pause of 45 days from day 30 on, b without; two without."""
    courses = [
        course("a", "azathioprine", "2012-03-01", "2012-03-31", stop_reason="other"),
        course("a", "azathioprine", "2012-05-15", None),
        course("b", "azathioprine", "2012-03-01", None),
        *(course(name, "infliximab", "2012-03-01", None) for name in "cd"),
    ]
    return cohort([patient(name) for name in "abcd"], courses)


def test_a_pause_of_45_days_is_a_stop_under_30_days_and_none_under_60():
    # Under a limit of 30 days a stops on day 30: one of two is left, for 30 + 365 of 2 * 365 days.
    found = estimate_over_gaps(
        renewed_late(), study(), endpoint="stopping", gap_days=[30, 60], level=0.9
    )
    own = found.only(arm="azathioprine", quantity="survival").frame
    gained = found.only(quantity="restricted_mean_difference").frame

    assert own["endpoint"].tolist() == ["gap_of_30_days"] * 2 + ["gap_of_60_days"] * 2
    assert own["at_days"].tolist() == [90, 180, 90, 180]
    assert own["value"].tolist() == pytest.approx([0.5, 0.5, 1, 1])
    assert gained["value"].tolist() == pytest.approx([365 - (30 + 365) / 2, 0])
    assert found.about["level"] == 0.9


def test_the_studys_own_limit_gives_the_persistence_of_the_study():
    asked = study(
        comparison=comparison(permissible_gap_days=60),
        covariates=["severity_score", "age_years"],
        weighting={"target": "overlap"},
    )
    made = make_cohort(1200, seed=5)
    balanced = weigh(follow(made, asked, endpoint="stopping"))
    known = estimate_incidence(balanced).only(quantity="survival").at([90, 180]).frame
    found = estimate_over_gaps(made, asked, endpoint="stopping", gap_days=[60, 0])
    own = found.only(endpoint="gap_of_60_days", quantity="survival").frame

    columns = ["value", "lower", "upper"]
    np.testing.assert_allclose(own[columns], known[columns], rtol=1e-12)
    assert found.about["interval"] == "sampling of patients and estimation of the weights"
    words = repr(tabulate_gaps(found))
    assert words.count("sampling of patients and estimation of the weights") == 1
    assert "Gap of 60 days" in words
    assert "Difference in mean time on treatment (days)" in words


def test_what_is_no_gap_is_refused():
    made = renewed_late()
    for gaps in ([], [30, 30], [-1]):
        with pytest.raises(EstimationError, match="none negative and none twice"):
            estimate_over_gaps(made, study(), endpoint="stopping", gap_days=gaps)
    visits = study(endpoints={"response": {"kind": "visit"}})
    with pytest.raises(EstimationError, match="not the end of treatment"):
        estimate_over_gaps(made, visits, endpoint="response")
    risk = estimate_incidence(follow_up(days=[1, 2], status=[1, 0]))
    for show in (tabulate_gaps, draw_gaps):
        with pytest.raises(EstimationError, match="no permissible gaps"):
            show(risk)


def test_the_figure_reads_its_numbers_out_and_draws_them():
    found = estimate_over_gaps(renewed_late(), study(), endpoint="stopping", gap_days=[60, 30])
    figure = draw_gaps(found)

    assert "azathioprine 50.0% with a gap of 30 days and 100.0% with a gap of 60 days" in figure.alt
    panels = figure.drawing.axes
    assert [panel.get_xticklabels()[0].get_text() for panel in panels] == ["30", "30"]
    heights = panels[0].get_lines()[0].get_ydata()
    assert list(heights) == pytest.approx([0.5, 1.0])


def test_small_counts_stay_hidden_over_gaps():
    found = estimate_over_gaps(renewed_late(), study(), endpoint="stopping", gap_days=[30])
    careful = found.with_about(smallest_count=5)

    assert "50.0%" in repr(tabulate_gaps(found))
    assert "50.0%" not in repr(tabulate_gaps(careful))
    assert "50.0%" not in draw_gaps(careful).alt


def test_two_kinds_of_hazard_ratio_stand_in_one_row():
    random = np.random.default_rng(5)
    made = follow_up(
        days=random.integers(1, 90, 80).tolist(),
        status=random.integers(0, 3, 80).tolist(),
        arm=["a", "b"] * 40,
        causes=("harm", "other"),
    )
    hazard = estimate_hazard_ratio(made).only(quantity="hazard_ratio")
    table = tabulate_beside({"Hazard": hazard, "Subdistribution": estimate_fine_gray(made)})

    (row,) = table.rows
    ours, theirs = (
        f"{each.frame['value'].item():.2f}" for each in (hazard, estimate_fine_gray(made))
    )
    assert [row[-4], row[-2]] == [ours, theirs]
    # Quantities of different scales never share a row.
    risk = estimate_incidence(made).only(quantity="risk", cause="harm").at([50])
    assert len(tabulate_beside({"Hazard": hazard, "Risk": risk}).rows) == 3
