"""The sample report that comes with the project: small, current, complete, unchanged."""

import json

import pytest

from azaanalysis.report.paper import PAPER_NAME
from azaanalysis.report.record import SCHEMA, SCHEMA_VERSION, check_results, read_results
from azaanalysis.report.verify import verify_report
from azaanalysis.study import load_study

_MOST_BYTES = 8_000_000


@pytest.fixture(scope="module")
def sample(request):
    return request.config.rootpath / "reports" / "synthetic"


@pytest.fixture(scope="module")
def manifest(sample):
    return json.loads((sample / "manifest.json").read_text("utf-8"))


def test_the_sample_is_small_enough_to_be_kept(sample, manifest):
    kept = {*manifest["files"], "manifest.json"} - {PAPER_NAME}
    sizes = {name: (sample / name).stat().st_size for name in kept}

    assert sum(sizes.values()) < _MOST_BYTES, sorted(sizes.items(), key=lambda s: -s[1])[:8]


def test_the_sample_has_the_schema_of_this_version(sample, manifest):
    assert manifest["results_schema"] == f"{SCHEMA} {SCHEMA_VERSION}"
    check_results(read_results(sample))


def test_the_sample_answers_the_study_file_of_the_project(manifest, request):
    study = load_study(request.config.rootpath / "notebooks" / "study.yml")

    assert manifest["study_hash"] == study.hash


def test_nothing_in_the_sample_was_changed_by_hand(sample, manifest):
    assert verify_report(sample) == len(manifest["files"])
