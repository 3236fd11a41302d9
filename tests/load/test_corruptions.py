from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from azaanalysis.errors import DataError, Fault
from azaanalysis.load import load_cohort
from tests.load.corruptions import CORRUPTIONS, Corruption
from tests.load.sound import IDENTIFIERS, Files


@pytest.fixture
def spoiled(corruption: Corruption, tmp_path: Path) -> Path:
    files = Files()
    if corruption.tables:
        corruption.tables(files)
    folder = files.write(tmp_path / "export")
    if corruption.files:
        corruption.files(folder)
    return folder


def _hashes(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()}


def _is_about(fault: Fault, corruption: Corruption) -> bool:
    return (
        fault.file == corruption.file
        and fault.column == corruption.column
        and (corruption.row is None or corruption.row in fault.rows)
        and corruption.says in str(fault)
    )


def test_the_corpus_is_large_and_every_entry_has_its_own_name() -> None:
    names = [corruption.name for corruption in CORRUPTIONS]
    assert len(set(names)) == len(names) >= 60


@pytest.mark.parametrize(
    "corruption", [c for c in CORRUPTIONS if c.is_error], ids=lambda corruption: corruption.name
)
def test_an_error_names_file_column_row_and_remedy(corruption: Corruption, spoiled: Path) -> None:
    before = _hashes(spoiled)
    with pytest.raises(DataError) as refusal:
        load_cohort(spoiled, mapping=corruption.mapping)
    faults = refusal.value.faults
    assert any(_is_about(fault, corruption) for fault in faults), str(refusal.value)
    assert sum(fault.is_error for fault in faults) <= 3, "one corruption, many messages"
    assert not any(identifier in str(refusal.value) for identifier in IDENTIFIERS)
    assert str(spoiled) not in str(refusal.value), "a message shows a path of this machine"
    assert _hashes(spoiled) == before


@pytest.mark.parametrize(
    "corruption", [c for c in CORRUPTIONS if not c.is_error], ids=lambda corruption: corruption.name
)
def test_a_warning_lands_in_the_loading_report(corruption: Corruption, spoiled: Path) -> None:
    before = _hashes(spoiled)
    notes = load_cohort(spoiled, mapping=corruption.mapping).report.notes
    warnings = notes[notes["kind"] == "warning"]
    about = warnings[
        (warnings["file"] == corruption.file)
        & (warnings["column"] == corruption.column)
        & (warnings["found"] + warnings["reason"]).str.contains(corruption.says, regex=False)
    ]
    assert len(about) == 1, warnings.to_string()
    assert not any(identifier in notes.to_string() for identifier in IDENTIFIERS)
    assert _hashes(spoiled) == before
