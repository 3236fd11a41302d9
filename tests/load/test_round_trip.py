"""An invented cohort comes back from disk as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from azaanalysis.load import load_cohort
from azaanalysis.synthetic import make_cohort
from azaanalysis.synthetic.save import save_cohort


@pytest.mark.parametrize("file_format", ["parquet", "csv"])
def test_an_invented_cohort_comes_back_without_a_warning(
    file_format: Literal["parquet", "csv"], tmp_path: Path
) -> None:
    cohort = make_cohort(200, seed=4)
    save_cohort(cohort, tmp_path, file_format=file_format)
    loaded = load_cohort(tmp_path)
    assert loaded.fingerprint == cohort.fingerprint
    assert "warning" not in set(loaded.report.notes["kind"])
    for name, frame in cohort.tables.items():
        assert loaded.tables[name].dtypes.to_dict() == frame.dtypes.to_dict()
