"""Whatever stands in a file, loading ends in a cohort or in faults an analyst can read."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azaanalysis.errors import DataError
from azaanalysis.load import load_cohort
from tests.load.sound import IDENTIFIERS, TABLES, Files

ODD_WORDS = ["{", "{x}", "%s", "'", '"', "=1+1", "-", "1e999", "9999-12-31", "0000-00-00", "\x00"]
ODD = st.one_of(
    st.text(max_size=12), st.sampled_from(ODD_WORDS), st.floats().map(repr), st.dates().map(str)
)
ENDINGS = st.sampled_from(["csv", "tsv", "csv.gz", "parquet", "xlsx"])


def _ends_well(folder: Path, **settings: object) -> None:
    try:
        load_cohort(folder, **settings)  # type: ignore[arg-type]
    except DataError as refusal:
        said = str(refusal)
    else:
        return
    assert "To fix:" in said
    assert not any(identifier in said for identifier in IDENTIFIERS)


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Files().write(tmp_path_factory.mktemp("any") / "export")


@settings(max_examples=40, deadline=None)
@given(data=st.data(), word=ODD)
def test_any_word_in_any_cell(export: Path, data: st.DataObject, word: str) -> None:
    files = Files()
    table = data.draw(st.sampled_from(sorted(TABLES)))
    lines = files.tables[table]
    row = data.draw(st.integers(0, len(lines) - 1))
    place = data.draw(st.integers(0, len(lines[0]) - 1))
    lines[row][place] = word
    _ends_well(files.write(export))


@settings(max_examples=20, deadline=None)
@given(content=st.binary(max_size=200), ending=ENDINGS)
def test_any_bytes_in_a_file(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, ending: str
) -> None:
    folder = Files().write(tmp_path_factory.mktemp("any") / "export")
    (folder / "events.csv").unlink()
    (folder / f"events.{ending}").write_bytes(content)
    _ends_well(folder)


@settings(max_examples=40, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(
                st.sampled_from(
                    ["patients", "columns", "sex", "where", "file", "codes", "drugs", "x"]
                ),
                inner,
                max_size=3,
            )
        ),
        max_leaves=8,
    )
)
def test_any_mapping(export: Path, entries: object) -> None:
    mapping = entries if isinstance(entries, dict) else {"x": entries}
    _ends_well(Files().write(export), mapping=mapping)


@pytest.mark.parametrize("word", ["0001/1/1", "0001-01-01", "1600-02-29", "9999-12-31"])
def test_a_date_of_another_millennium_ends_well_in_every_column(export: Path, word: str) -> None:
    n_columns = len(Files().tables["patients"][0])
    for place in range(n_columns):
        files = Files()
        files.tables["patients"][1][place] = word
        _ends_well(files.write(export))
