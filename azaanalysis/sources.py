"""The cohort that a study asks for, wherever it comes from."""

from __future__ import annotations

from pathlib import Path

from azaanalysis.cohort import Cohort
from azaanalysis.load import load_cohort as load_files
from azaanalysis.settings import Source
from azaanalysis.synthetic import keep_cohort


def load_cohort(
    source: Source | Path | str,
    *,
    mapping: Path | str | None = None,
    smallest_count: int = 5,
    name: str | None = None,
) -> Cohort:
    """Load the cohort of a study, or of a folder; or make it, if its patients are invented.

    Invented patients are kept on disk (``.cache/azaanalysis``), so that they are made only once.

    Parameters
    ----------
    source
        ``study.source``; or a folder of CSV, Parquet, Excel or CDISC ADaM files.
    mapping, smallest_count, name
        For a folder only, as in :func:`azaanalysis.load.load_cohort`; a study says them itself.

    Returns
    -------
    Cohort
        Checked tables.

    Raises
    ------
    DataError
        If the data cannot be used; every fault is listed.
    """
    if not isinstance(source, Source):
        return load_files(source, mapping=mapping, smallest_count=smallest_count, name=name)
    if source.synthetic is not None:
        invented = source.synthetic
        return keep_cohort(invented.patients, seed=invented.seed, world=invented.world)
    assert source.folder is not None
    return load_files(
        source.folder,
        mapping=source.mapping,
        smallest_count=source.smallest_count,
        name=source.name or None,
    )
