"""The pages of the site: the same head, navigation and foot around each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from nbconvert.filters import markdown2html

from azaanalysis.display.table import Column, Table
from azaanalysis.report.checklist import count_answers, fill_checklist
from azaanalysis.report.emulation import describe_design
from azaanalysis.report.evidence import Evidence
from azaanalysis.report.ledger import compose_ledger
from azaanalysis.report.links import RESULTS_PAGE
from azaanalysis.report.manifest import source_in_words
from azaanalysis.report.methods import describe_methods, list_methods
from azaanalysis.report.page import Page, without_blank_lines
from azaanalysis.report.record import as_frame
from azaanalysis.report.tables import dress_tables
from azaanalysis.report.verify import digest_of
from azaanalysis.study import Study
from azaanalysis.vocab import sentence_case

_TEMPLATES = Path(__file__).parent / "template"
_LABELS = {
    "source": "Source",
    "study": "Study file",
    "study_hash": "Study",
    "cohort_fingerprint": "Cohort",
    "data_from": "First day of the data",
    "data_to": "Last day of the data",
    "seed": "Seed",
    "commit": "Commit of the code",
    "smallest_count_shown": "Smallest count shown",
    "masked_rows": "Rows with a masked number",
    "results_schema": "Schema of the results",
}
_FOOT = ("data_to", "study_hash", "cohort_fingerprint", "commit")


@dataclass(frozen=True)
class Chapter:
    """A page of the site and a chapter of the paper: its name, title, body and sections.

    A chapter that is not on paper would be too long there, and its links lead nowhere.
    """

    name: str
    title: str
    body: str
    contents: tuple[tuple[str, str], ...] = ()
    label: str = ""
    is_on_paper: bool = True


@dataclass(frozen=True)
class Site:
    """Everything that the pages of a report have in common.

    ``answers`` holds the summary's answer to each page, ``files`` other forms of the same report,
    each with what it is.
    """

    study: Study
    pages: tuple[Page, ...]
    record: Mapping[str, Any]
    manifest: Mapping[str, Any]
    answers: Mapping[str, Mapping[str, Any]]
    left_out: tuple[tuple[str, str], ...] = ()
    files: tuple[tuple[str, str], ...] = field(default=())


def compose_chapters(site: Site, *, folder: Path) -> list[Chapter]:
    """Return the chapters of a report: summary, notebooks, methods and so on, manifest last.

    Parameters
    ----------
    site
        What the chapters are made of.
    folder
        Where the files lie whose digests the last chapter shows.
    """
    notebooks = [
        Chapter(page.name, page.title, page.body, page.contents, name_in_words(page.name))
        for page in site.pages
    ]
    conventions = _compose_conventions()
    answering = [
        _compose_summary(site),
        *notebooks,
        _compose_methods(site),
        *([conventions] if conventions else []),
    ]
    return [
        *answering,
        _compose_checklist(site, answering),
        _compose_results(site),
        _compose_manifest(site.manifest, folder),
    ]


def write_chapters(chapters: Sequence[Chapter], site: Site, *, folder: Path) -> list[Path]:
    """Write each chapter as a page that is complete by itself."""
    written = []
    for chapter in chapters:
        context = {
            "title": chapter.title,
            "body": chapter.body,
            "contents": chapter.contents,
            "aza": describe_site(site, [(c.name, c.label) for c in chapters], chapter.name),
        }
        path = folder / f"{chapter.name}.html"
        path.write_text(render("page.html.j2", context), encoding="utf-8")
        written.append(path)
    return written


def describe_site(
    site: Site, names: Sequence[tuple[str, str]] = (), here: str = ""
) -> dict[str, Any]:
    """Return what every page says about the study and the report."""
    shown = [(_LABELS[key], str(site.manifest[key])) for key in _FOOT if site.manifest.get(key)]
    return {
        "study": site.study.title,
        "source": source_in_words(site.study),
        "is_synthetic": site.study.is_synthetic,
        "site": names,
        "here": here,
        "foot": [*shown, ("azaanalysis", site.manifest["versions"]["azaanalysis"])],
    }


def render(template: str, context: Mapping[str, Any]) -> str:
    """Fill a template; whatever comes from data or study is escaped in the template."""
    environment = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=False)
    return without_blank_lines(environment.get_template(template).render(context))


def name_in_words(name: str) -> str:
    """Spell the name of a notebook: ``"02_time_to_response"`` becomes ``"Time to response"``."""
    return sentence_case(re.sub(r"^\d+[a-z]?_", "", name))


def _compose_summary(site: Site) -> Chapter:
    context = {
        "study": site.study,
        "design": describe_design(site.study),
        "pages": site.pages,
        "answers": site.answers,
        "left_out": [(name_in_words(name), why) for name, why in site.left_out],
        "files": site.files,
    }
    return Chapter("index", site.study.title, render("summary.html.j2", context), label="Summary")


def _compose_methods(site: Site) -> Chapter:
    quantities = list(dict.fromkeys(as_frame(site.record)["quantity"]))
    body = render("methods.html.j2", describe_methods(site.study, quantities=quantities))
    contents = list_methods(site.study, has_quantities=bool(quantities))
    return Chapter("methods", "Methods", body, contents, "Methods")


def _compose_conventions() -> Chapter | None:
    """Return the conventions of the estimators, if the package has written them down."""
    path = resources.files("azaanalysis").joinpath("estimate", "CONVENTIONS.md")
    if not path.is_file():
        return None
    html = dress_tables(str(markdown2html(path.read_text(encoding="utf-8"))))
    body = f'<section class="step prose wide" aria-label="Conventions">{html}</section>'
    return Chapter("conventions", "Conventions", body, label="Conventions")


def _compose_checklist(site: Site, chapters: Sequence[Chapter]) -> Chapter:
    bodies = {chapter.name: chapter.body for chapter in chapters}
    evidence = Evidence(site.study, site.pages, bodies, site.record, site.manifest)
    answers = fill_checklist(evidence)
    counts = list(count_answers(answers))
    body = render(
        "checklist.html.j2",
        {"answers": answers, "counts": counts, "is_randomised": site.study.is_randomised},
    )
    contents = tuple((name.lower(), name) for name, *_ in counts)
    return Chapter("checklist", "Checklist", body, contents, "Checklist")


def _compose_results(site: Site) -> Chapter:
    body = render("results.html.j2", {"rows": compose_ledger(site.pages, site.record)})
    contents = tuple((page.name, name_in_words(page.name)) for page in site.pages)
    title = "Where each number comes from"
    return Chapter(RESULTS_PAGE, title, body, contents, "Results", is_on_paper=False)


def _compose_manifest(manifest: Mapping[str, Any], folder: Path) -> Chapter:
    inputs = [(label, str(manifest[key])) for key, label in _LABELS.items() if manifest.get(key)]
    inputs += list(manifest["versions"].items())
    results = [p for p in (folder / "results.json", folder / "results.parquet") if p.is_file()]
    context = {
        "inputs": _two_columns("What the report was made from", "Input", "Value", inputs),
        "notebooks": _two_columns(
            "Notebooks, as they were before they were executed",
            "Notebook",
            "Hash",
            list(manifest["notebooks"].items()),
        ),
        "digests": _two_columns(
            "Digests", "File", "SHA-256", [(path.name, digest_of(path)) for path in results]
        ),
    }
    titles = ("Study, data and versions", "Notebooks", "Results")
    contents = tuple((f"section-{number}", title) for number, title in enumerate(titles, 1))
    body = render("manifest.html.j2", context)
    return Chapter("manifest", "What this was made from", body, contents, "Manifest")


def _two_columns(caption: str, left: str, right: str, rows: Sequence[tuple[str, str]]) -> str:
    columns = (Column(left, is_number=False), Column(right, is_number=False))
    return Table(caption, columns, tuple(rows)).to_html()
