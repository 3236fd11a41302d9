"""The report in a real browser: no barrier, no request, no error; pictures are kept."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from azaanalysis.display import (
    draw_forest,
    draw_incidence,
    draw_rates,
    draw_stacked_incidence,
    tabulate_estimate,
)
from tests.display import builders
from tests.report.builders import STUDY, write_small_report

SCRIPT = Path(__file__).with_name("browser.mjs")
CAUSES = ("adverse_event", "lack_of_efficacy", "other")


def tools():
    """Node, a folder with playwright-core and axe-core, and a browser; or the reason to skip."""
    modules = Path(os.environ.get("AZAANALYSIS_NODE_MODULES", "node_modules")).resolve()
    node = shutil.which("node")
    browser = os.environ.get("AZAANALYSIS_BROWSER") or shutil.which("chromium")
    if not node or not browser:
        pytest.skip("needs node and chromium (apt-get install nodejs chromium)")
    if not (modules / "axe-core").is_dir() or not (modules / "playwright-core").is_dir():
        pytest.skip(
            "needs playwright-core and axe-core: npm install --prefix FOLDER playwright-core "
            "axe-core, and AZAANALYSIS_NODE_MODULES=FOLDER/node_modules"
        )
    return node, modules, browser


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """What the browser says of each page of a small report, in each view."""
    node, modules, browser = tools()
    curves = builders.curves(causes=CAUSES)
    rates, ratios = builders.rates(), builders.hazard_ratios()
    shown = [
        tabulate_estimate(curves.at([90, 180, 365])),
        draw_incidence(curves.only(quantity="survival")),
        draw_stacked_incidence(curves),
        tabulate_estimate(ratios),
        draw_forest(ratios),
        draw_rates(rates),
    ]
    folder = write_small_report(
        tmp_path_factory.mktemp("browser") / "out",
        shown=shown,
        estimates={"risk": curves, "ratios": ratios, "rates": rates},
        study=STUDY + "show: {at_days: [100, 300]}\n",
    )
    pictures = tmp_path_factory.mktemp("pictures")
    pages = [str(path) for path in sorted(folder.glob("*.html"))]
    command = [node, str(SCRIPT), str(modules), browser, str(pictures), *pages]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert run.returncode == 0, run.stderr
    print(f"pictures of the pages: {pictures}")
    return json.loads(run.stdout), pictures


def faults(seen, kind):
    return {(about["page"], about["view"]): about[kind] for about in seen[0] if about[kind]}


def test_no_page_has_a_barrier_that_axe_can_find(seen):
    assert faults(seen, "violations") == {}


def test_no_page_asks_for_anything_from_outside(seen):
    assert faults(seen, "outside") == {}


def test_no_page_makes_the_browser_complain(seen):
    assert faults(seen, "said") == {}


def test_no_page_scrolls_sideways_on_a_phone_or_at_twice_the_size(seen):
    wide = {(a["page"], a["view"]): a["wide"] for a in seen[0] if a["wide"] > 0}

    assert wide == {}


def test_the_first_thing_a_keyboard_reaches_is_the_way_to_the_results(seen):
    firsts = {about["page"]: about["first"] for about in seen[0] if about["view"] == "1280"}

    assert set(firsts.values()) == {"#main"}


def test_a_picture_of_every_page_in_every_view_is_kept(seen):
    assert len(list(seen[1].glob("*.png"))) == len(seen[0]) >= 20
