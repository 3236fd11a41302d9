"""What a report was made from: enough to make it again, nothing about the machine."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import azaanalysis
from azaanalysis.study import Study

_PACKAGES = ("numpy", "pandas", "scipy", "lifelines", "matplotlib")


def make_manifest(notebook: Any, *, name: str, study: Study, results: Path) -> dict[str, Any]:
    """Return what the report of one notebook was made from.

    Parameters
    ----------
    notebook
        The notebook as it was written, before it was executed.
    name
        Its name without the ending.
    study
        The study it was executed with.
    results
        The file that ``write_estimates`` wrote; the fingerprint of the cohort and the
        disclosure threshold are taken from it. It need not exist.

    Returns
    -------
    dict
        Numbers and words only. No path, no user, no date: the same inputs give the same
        manifest on every machine.
    """
    written = json.loads(results.read_text(encoding="utf-8")) if results.is_file() else {}
    return {
        "notebook": name,
        "notebook_hash": hash_notebook(notebook),
        "study": study.name,
        "study_hash": study.hash,
        "source": source_in_words(study),
        "cohort_fingerprint": written.get("cohort", ""),
        "smallest_count_shown": written.get("smallest_count", _threshold(study)),
        "masked_rows": written.get("masked_rows", 0),
        "commit": find_commit(),
        "versions": find_versions(),
    }


def write_manifest(manifest: dict[str, Any], path: Path) -> Path:
    """Write a manifest as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


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


def _threshold(study: Study) -> int:
    return 1 if study.is_synthetic else study.source.smallest_count
