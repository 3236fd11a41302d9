"""CDISC ADaM: the rules by which a trial's data sets become the tables of a cohort."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from azaanalysis.load.folder import XPT, Folder
from azaanalysis.load.mapping_file import read_entries


def is_adam(folder: Folder) -> bool:
    """Tell whether the folder holds SAS transport files."""
    return any(name.lower().endswith(XPT) for name in folder.data_files)


def adam_entries() -> dict[str, Any]:
    """Return the rules for ADaM, in the words of a mapping file."""
    return read_entries(files("azaanalysis.load").joinpath("adam.yml"))
