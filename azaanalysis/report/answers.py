"""The answers of the summary, each with the results behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from azaanalysis.report.links import link_table
from azaanalysis.report.page import Page
from azaanalysis.report.parents import SUMMARY, Shown, number_results
from azaanalysis.report.summary import summarise
from azaanalysis.report.tables import read_table
from azaanalysis.study import Study


def answer_pages(
    pages: Sequence[Page], record: Mapping[str, Any], study: Study
) -> tuple[tuple[Page, ...], dict[str, dict[str, Any]]]:
    """Return the pages with what the summary prints of them, and the summary's answer to each.

    An answer is ``table`` (HTML, its numbers linked to the page of results), ``warnings`` and
    ``gate``. Where the results give no answer, the first short table of estimates of the
    page stands for it.
    """
    answered, answers = [], {}
    for page in pages:
        answer = summarise(record, study, notebook=page.name)
        table = answer["table"]
        shown = (
            _stand_in(page)
            if table is None
            else Shown(SUMMARY, table.caption, table.sources, table=table)
        )
        html = page.answer
        if shown is not None:
            all_shown, results = number_results([*page.shown, shown])
            page = replace(page, shown=all_shown, results=results)
            if table is not None:
                html = link_table(table.to_html(), all_shown[-1], results, notebook=page.name)
        answered.append(page)
        answers[page.name] = {**answer, "table": html}
    return tuple(answered), answers


def _stand_in(page: Page) -> Shown | None:
    """Return the table of the page that the summary repeats, if there is one."""
    if not page.answer:
        return None
    caption = read_table(page.answer).caption
    found = (one for one in page.shown if one.table is not None and one.caption == caption)
    return next((replace(one, place=SUMMARY) for one in found), None)
