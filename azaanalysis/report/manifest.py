"""What a report was made from: enough to make it again, nothing about the machine."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import azaanalysis
from azaanalysis.study import Study

_PACKAGES = ("numpy", "pandas", "scipy", "lifelines", "statsmodels", "matplotlib")


def make_manifest(
    notebooks: Mapping[str, Any], *, study: Study, record: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what a report was made from.

    Parameters
    ----------
    notebooks
        The notebooks by name, as they were written, before they were executed.
    study
        The study they were executed with.
    record
        The results of the report; the fingerprint of the cohort and the disclosure threshold
        are taken from it.

    Returns
    -------
    dict
        Numbers and words only. No path, no user, no date: the same inputs give the same
        manifest on every machine with the same versions.
    """
    synthetic = study.source.synthetic
    return {
        "study": study.name,
        "study_hash": study.hash,
        "source": source_in_words(study),
        "seed": synthetic.seed if synthetic else None,
        "cohort_fingerprint": record["cohort_fingerprint"],
        "data_from": next(iter(record["observed"]), ""),
        "data_to": next(iter(record["observed"][1:]), ""),
        "smallest_count_shown": max(record["smallest_count"], threshold_of(study)),
        "masked_rows": record["masked_rows"],
        "results_schema": f"{record['schema']} {record['version']}",
        "commit": find_commit(),
        "versions": find_versions(),
        "notebooks": {name: hash_notebook(notebook) for name, notebook in notebooks.items()},
    }


def hash_notebook(notebook: Any) -> str:
    """Return twelve hexadecimal digits that change with any word or code of a notebook.

    Outputs, numbers of execution and settings of the editor do not count.
    """
    cells = [[cell.cell_type, cell.source] for cell in notebook.cells]
    return hashlib.sha256(json.dumps(cells).encode()).hexdigest()[:12]


def find_versions() -> dict[str, str]:
    """Return the versions of Python, this package and those that compute its numbers."""
    versions = {"python": platform.python_version(), "azaanalysis": azaanalysis.__version__}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    return versions


def find_commit() -> str:
    """Return the commit of the package's code, or nothing if it was not cloned."""
    root = Path(azaanalysis.__file__).resolve().parent
    try:
        found = subprocess.run(
            ["git", "rev-parse", "--short=12", "HEAD"],
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return found.stdout.strip() if found.returncode == 0 else ""


def source_in_words(study: Study) -> str:
    """Say where the patients come from, in words fit for a report: no path."""
    synthetic = study.source.synthetic
    if synthetic is None:
        return study.source.name or "The analyst's own tables"
    return f"{synthetic.patients:,} invented patients, made with seed {synthetic.seed}"


def threshold_of(study: Study) -> int:
    """Return the smallest count of patients or events that a report of the study may show."""
    return 1 if study.is_synthetic else study.source.smallest_count
