"""Methods and summary: what was asked, drawn and defined; what was answered, and what to mind."""

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from azaanalysis.adjustment import describe_adjustment
from azaanalysis.display import draw_forest, tabulate_estimate
from azaanalysis.display.timeline import draw_design
from azaanalysis.protocol import describe_estimand
from azaanalysis.report.emulation import describe_design, tabulate_emulation
from azaanalysis.report.methods import MEANINGS, describe_methods
from azaanalysis.report.summary import _contrasts
from azaanalysis.result import Estimate, stack
from azaanalysis.study import load_study
from azaanalysis.vocab import QUANTITIES
from tests.builders import comparison, study
from tests.display import builders
from tests.report.builders import STUDY, write_small_report, write_study

INFECTION = "  infection: {kind: event, event: infection, lag_days: 30, label: <b>Infection</b>}"
TWO_ENDPOINTS = STUDY.replace("endpoints:", f"endpoints:\n{INFECTION}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    curves = builders.curves(arms=("azathioprine", "anti_tnf"), causes=("",))
    ratios = builders.hazard_ratios(endpoints=("discontinuation",)).only(arm="anti_tnf")
    estimates = {"risk": curves, "ratios": ratios}
    return write_small_report(
        tmp_path_factory.mktemp("methods") / "out",
        shown=[tabulate_estimate(ratios), draw_forest(ratios)],
        estimates=estimates,
        study=TWO_ENDPOINTS + "show: {at_days: [100, 300]}\n",
    )


def soup(folder, name):
    return BeautifulSoup((folder / name).read_text("utf-8"), "html.parser")


def test_the_methods_state_every_estimand_in_the_words_of_the_study(folder, tmp_path):
    asked = load_study(write_study(tmp_path, TWO_ENDPOINTS + "show: {at_days: [100, 300]}\n"))
    text = soup(folder, "methods.html").main.get_text()

    for endpoint in asked.endpoints:
        assert describe_estimand(asked, endpoint) in text


def test_each_endpoint_has_a_drawing_whose_words_hold_the_days(folder):
    figures = soup(folder, "methods.html").find_all("figure")

    assert len(figures) == 2
    assert "without the class, for 365 days" in figures[0].svg["aria-label"]
    assert "follow-up ends 30 days later" in figures[0].svg["aria-label"]


def test_what_is_common_is_told_once_and_the_rest_with_its_endpoint(tmp_path):
    methods = describe_methods(load_study(write_study(tmp_path, TWO_ENDPOINTS)))

    assert "Time zero" in methods["protocol"]
    assert all("Time zero" not in part["table"] for part in methods["endpoints"])
    assert "Setting lag days" in methods["endpoints"][0]["table"]
    assert "Setting lag days" not in methods["endpoints"][1]["table"]


def test_the_arms_are_spelled_out_drug_by_drug_with_their_codes(folder):
    text = soup(folder, "methods.html").main.get_text()

    assert "azathioprine (L04AX01)" in text
    assert "infliximab (L04AB02)" in text
    assert "upadacitinib" not in text


def test_a_study_without_washout_is_drawn_without_one():
    plain = study(comparison=comparison(washout_days=0))

    assert "Washout" not in draw_design(plain, endpoint="stopping").alt
    assert "Washout" in draw_design(study(), endpoint="stopping").alt


def test_a_competing_event_ends_the_bar_and_a_policy_does_not():
    ends = draw_design(study(), endpoint="stopping").drawing.axes[0].patches
    policy = study(comparison=comparison(strategy="as_started"))
    goes_on = draw_design(policy, endpoint="stopping").drawing.axes[0].patches
    widths = [[round(bar.get_width()) for bar in bars] for bars in (ends, goes_on)]

    # Washout 365, follow-up 365, then stopping (the outcome), switch, death, other endings:
    # an example event lies at 60 % of 365 days.
    assert widths[0] == [365, 365, 219, 219, 219, 219]
    assert widths[1] == [365, 365, 219, 365, 219, 219]


def test_the_summary_gives_answer_interval_counts_and_comparison(folder):
    table = soup(folder, "index.html").find("table")
    rows = [[c.get_text() for c in line.find_all(["th", "td"])] for line in table.tbody("tr")]
    curve = builders.curves(arms=("azathioprine", "anti_tnf"), causes=("",))
    (at_300,) = curve.only(quantity="survival", arm="anti_tnf").at([300]).frame.itertuples()

    assert "by day 300" in table.caption.text
    assert rows[1][:2] == ["Anti-TNF", f"{at_300.events} / 400"]
    assert rows[1][2].startswith(f"{100 * at_300.value:.1f}% ({100 * at_300.lower:.1f} to ")
    assert [row[3] for row in rows] == ["reference", "0.62 (0.48 to 0.80)"]


def test_the_summary_warns_of_what_must_be_minded(tmp_path):
    rates = builders.rates(endpoint="discontinuation", counts=(31, 3, 12), smallest_count=5)
    folder = write_small_report(
        tmp_path / "out",
        shown=[tabulate_estimate(rates)],
        estimates={"rates": rates.with_about(notes=("Read <with> care.",))},
    )
    section = soup(folder, "index.html").find("section", class_="question")

    warnings = [item.get_text() for item in section.select(".warnings li")]
    assert "The arms are compared as observed; nothing is adjusted for." in warnings
    assert "Small counts are hidden, in 1 rows of the results." in warnings
    assert "Read <with> care." in warnings
    # The table of the notebook stands in: it says that a count is small, and not which.
    assert "<5" in section.table.get_text()


def test_a_weighted_answer_is_not_called_unadjusted(tmp_path):
    rates = builders.rates(endpoint="discontinuation").with_about(weighting="overlap")
    folder = write_small_report(tmp_path / "out", estimates={"rates": stack(rates)})

    assert "nothing is adjusted for" not in (folder / "index.html").read_text("utf-8")


def test_every_kind_of_number_is_explained():
    assert {quantity.scale for quantity in QUANTITIES.values()} <= set(MEANINGS)


def test_the_answer_is_the_weighted_one_of_the_study_as_it_stands(tmp_path):
    def rates(n_events, **about):
        counts = (n_events, 44, 12)
        return builders.rates(endpoint="discontinuation", counts=counts).with_about(**about)

    asked = load_study(write_study(tmp_path, STUDY)).hash
    estimates = {
        "observed": rates(101),
        "changed": rates(102, weighting="overlap", study="another", base_study=asked),
        "weighted": rates(103, weighting="overlap", study=asked, base_study=asked),
    }
    folder = write_small_report(tmp_path / "out", estimates=estimates)

    first = soup(folder, "index.html").table.tbody.tr
    assert first.find_all("td")[0].get_text() == "103 / 400"


def test_the_summary_compares_on_the_day_of_the_answer():
    rows = [
        {"endpoint": "stopping", "cause": "", "arm": "anti_tnf", "versus": "azathioprine",
         "quantity": "risk_difference", "at_days": day, "value": value}
        for day, value in [(84, 0.25), (300, 0.07)]
    ]  # fmt: skip
    answer = pd.DataFrame([{"endpoint": "stopping", "cause": "", "at_days": 300.0}])

    found = _contrasts([Estimate.from_rows(rows)], answer)

    assert found.frame["value"].tolist() == [0.07]


def test_a_trial_is_described_as_one_and_never_as_an_emulation():
    chosen, drawn = study(), study(comparison=comparison(assignment="randomised"))
    told = [describe_design(one) + tabulate_emulation(one).to_text() for one in (chosen, drawn)]

    assert describe_design(drawn).startswith("A randomised trial: patients on ")
    assert "emulate" in told[0]
    assert "emulate" not in told[1]
    assert "whoever prescribed" not in told[1]
    assert "compared as randomised" in describe_adjustment(drawn)["Adjustment"]
    assert "emulate" not in describe_methods(drawn)["trial_title"]


def test_how_patients_came_to_their_arm_changes_the_hash_only_where_chance_did_it():
    # Studies written before the setting existed keep their hash.
    said = study(comparison=comparison(assignment="chosen"))

    assert said.hash == study().hash
    assert study(comparison=comparison(assignment="randomised")).hash != study().hash
