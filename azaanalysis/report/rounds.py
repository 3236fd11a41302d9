"""Notebooks executed again, showing less, until nothing small follows from two of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from azaanalysis.errors import ReportError
from azaanalysis.report.linked import Link, find_links, withholding
from azaanalysis.report.manifest import threshold_of
from azaanalysis.report.page import Page
from azaanalysis.report.record import JSON_NAME, gather_results, read_record
from azaanalysis.study import Study

# Each round hides what the one before gave away; what is hidden gives nothing away.
_MOST_ROUNDS = 4
Made = Sequence[Page | ReportError]


def find_earlier(folder: Path, study: Study, *, is_named: bool) -> dict[str, Any] | None:
    """Return the results of an earlier report, if there may be any that matter."""
    if threshold_of(study) == 1 or not (is_named or (folder / JSON_NAME).is_file()):
        return None
    return read_record(folder)


def make_until_safe(
    make: Callable[[], Made], study: Study, folder: Path, *, tell: Callable[[str], None] | None
) -> Made:
    """Make the pages; again, showing less, while two of them give small counts away.

    Raises
    ------
    ReportError
        If something is given away after the last round.
    """
    if threshold_of(study) == 1:
        return make()
    links: dict[tuple[str, str, str], Link] = {}
    for _ in range(_MOST_ROUNDS):
        with withholding(links.values()):
            made = make()
        tables = {page.name: page.tables for page in made if isinstance(page, Page)}
        record = gather_results(folder, notebooks=list(tables), study=study)
        found = {link.place: link for link in find_links(record, tables)}
        if not found.keys() - links.keys():
            if tell is not None:
                for link in links.values():
                    tell(link.in_words(threshold_of(study)))
            return made
        links |= found
    raise ReportError(
        "The notebooks show numbers that differ by small counts in ways that could not be hidden "
        "one by one. Nothing was published. Ask fewer questions of the same patients in one "
        "report: leave out a notebook, or an endpoint that nearly coincides with another."
    )
