"""One executed notebook as one page: the answer first, the code folded away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import nbformat
from nbconvert import HTMLExporter
from nbconvert.filters import markdown2html

from azaanalysis.report.manifest import source_in_words
from azaanalysis.study import Study
from azaanalysis.vocab import sentence_case

_HERE = Path(__file__).parent
_H2 = re.compile(r"^## +(.+?)\s*$", re.MULTILINE)
_H1 = re.compile(r"^# +(.+?)\s*$", re.MULTILINE)
_WARNING = re.compile(r"\b(\w*Warning: .+)")
_SVG_ID = re.compile(r'(\bid="|url\(#|href="#)')
ANSWER_FIRST = "Reading"
ANSWER_SECTION = "Estimate"
_LAST = "Setup"
_ESTIMAND = 'class="estimand"'


@dataclass(frozen=True)
class Page:
    """What the list of pages needs to know about one of them.

    Parameters
    ----------
    name
        Name of the notebook without its ending; the page is ``<name>.html``.
    title, question
        The notebook's title, and its first paragraphs as HTML.
    estimand
        The sentence that states what is estimated, as HTML; empty if there is none.
    answer
        The first table of the section "Estimate" as HTML; empty if there is none.
    """

    name: str
    title: str
    question: str
    estimand: str
    answer: str


@dataclass
class _Section:
    title: str
    cells: list[Any]


def render_page(
    notebook: Any, *, name: str, study: Study, manifest: dict[str, Any], siblings: list[str]
) -> tuple[str, Page]:
    """Turn an executed notebook into one self-contained page.

    Parameters
    ----------
    notebook
        The executed notebook.
    name
        Name of the notebook without its ending.
    study
        The study it was executed with.
    manifest
        What it was made from, printed at the foot of the page.
    siblings
        Names of the other notebooks of the same report, for links.

    Returns
    -------
    str, Page
        The HTML, and what the list of pages says about it.
    """
    head, *sections = _split(notebook)
    sections = _answer_first(sections)
    estimand = _lift_estimand(head, sections)
    page = Page(name, head.title or name, _question(head), estimand, _answer(sections))
    number_figures(cell for section in [head, *sections] for cell in section.cells)
    for number, section in enumerate([head, *sections]):
        _mark_section(section, number)
    arranged = nbformat.v4.new_notebook(  # type: ignore[no-untyped-call]
        cells=[cell for section in [head, *sections] for cell in section.cells]
    )
    exporter = HTMLExporter(  # type: ignore[no-untyped-call]
        template_name="template",
        extra_template_basedirs=[str(_HERE)],
        exclude_anchor_links=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
    )
    context = {
        "title": page.title,
        "contents": [(f"section-{i}", s.title) for i, s in enumerate(sections, 1)],
        "siblings": [(other, _name_in_words(other)) for other in siblings],
        "manifest": manifest_rows(manifest),
        **describe_study(study),
    }
    html, _ = exporter.from_notebook_node(arranged, resources={"aza": context})
    return _without_blank_lines(html), page


def describe_study(study: Study) -> dict[str, Any]:
    """Return what every page says about the study."""
    return {
        "study": study.title,
        "source": source_in_words(study),
        "is_synthetic": study.is_synthetic,
    }


def manifest_rows(manifest: dict[str, Any]) -> list[tuple[str, str]]:
    """Return a manifest as words for the foot of a page."""
    words = {
        "study_hash": "Study",
        "cohort_fingerprint": "Cohort",
        "notebook_hash": "Notebook",
        "commit": "Code",
        "smallest_count_shown": "Smallest count shown",
    }
    rows = [(label, str(manifest[key])) for key, label in words.items() if manifest.get(key)]
    versions = ", ".join(f"{name} {number}" for name, number in manifest["versions"].items())
    return [*rows, ("Versions", versions)]


def _name_in_words(name: str) -> str:
    """Spell the name of a notebook: ``"02_time_to_response"`` becomes ``"Time to response"``."""
    return sentence_case(re.sub(r"^\d+_", "", name))


def _split(notebook: Any) -> list[_Section]:
    """Cut a notebook before every second-level heading; what stands first is the head."""
    sections = [_Section("", [])]
    for cell in notebook.cells:
        if "injected" in cell.metadata.get("tags", ()):
            continue
        if cell.cell_type != "markdown":
            sections[-1].cells.append(cell)
            continue
        for part in re.split(r"(?m)^(?=## +\S)", cell.source):
            found = _H2.match(part)
            if found:
                sections.append(_Section(found.group(1), []))
            elif not sections[-1].title and (title := _H1.search(part)):
                sections[-1].title = title.group(1)
            if part.strip():
                sections[-1].cells.append(_markdown(part))
    return sections


def _markdown(source: str) -> Any:
    return nbformat.v4.new_markdown_cell(source)  # type: ignore[no-untyped-call]


def _answer_first(sections: list[_Section]) -> list[_Section]:
    """Put the answer before everything else, and the imports behind it."""
    place = {ANSWER_FIRST: 0, _LAST: 2}
    return sorted(sections, key=lambda section: place.get(section.title, 1))


def _lift_estimand(head: _Section, sections: list[_Section]) -> str:
    """Move the cell that states the estimand under the title, and return the sentence."""
    for section in sections:
        for cell in section.cells:
            for output in _outputs_of([cell]):
                html = str(output.get("data", {}).get("text/html", ""))
                if _ESTIMAND in html:
                    section.cells.remove(cell)
                    head.cells.append(cell)
                    return html
    return ""


def _question(head: _Section) -> str:
    texts = [cell.source for cell in head.cells if cell.cell_type == "markdown"]
    words = _H1.sub("", texts[0], count=1).strip() if texts else ""
    return str(markdown2html(words)) if words else ""


def _answer(sections: list[_Section]) -> str:
    for section in sections:
        if section.title != ANSWER_SECTION:
            continue
        for output in _outputs_of(section.cells):
            html = output.get("data", {}).get("text/html", "")
            if "aza-table" in html:
                return str(html)
    return ""


def _outputs_of(cells: list[Any]) -> Iterator[Any]:
    for cell in cells:
        yield from cell.get("outputs", ())


def number_figures(cells: Iterator[Any]) -> None:
    """Give each figure its number in the order of the page, its caption and its words."""
    number = 0
    for output in _outputs_of(list(cells)):
        data = output.get("data", {})
        if not {"image/svg+xml", "image/png"} & set(data):
            continue
        number += 1
        caption, _, words = str(data.get("text/plain", "")).partition("\n")
        output.metadata["aza"] = {"number": number, "caption": caption, "words": words}
        if "image/svg+xml" in data:
            # Two figures may share the name of a clipping path; in one page it would repeat.
            data["image/svg+xml"] = _SVG_ID.sub(rf"\g<1>f{number}-", data["image/svg+xml"])


def _mark_section(section: _Section, number: int) -> None:
    """Let the template open and close the section around its cells."""
    for cell in section.cells:
        if cell.cell_type == "code":
            cell.outputs = [tidy for output in cell.outputs if (tidy := _tidy(output))]
    if not section.cells:
        return
    css = {ANSWER_FIRST: "answer", _LAST: "setup"}.get(section.title, "step" if number else "head")
    label = escape(section.title, quote=True)
    opening = f'<section id="section-{number}" class="{css}" aria-label="{label}">'
    section.cells[0].metadata["aza_open"] = opening
    section.cells[-1].metadata["aza_close"] = "</section>"


def _tidy(output: Any) -> Any:
    """Keep the words of a warning, without the file of the machine that it came from."""
    if output.output_type != "stream" or output.name != "stderr":
        return output
    found = _WARNING.findall(output.text)
    if not found:
        return None
    text = "\n".join(found)
    return nbformat.v4.new_output("stream", name="stdout", text=text)  # type: ignore[no-untyped-call]


def _without_blank_lines(html: str) -> str:
    lines = [line.rstrip() for line in html.splitlines()]
    return "\n".join(line for line in lines if line) + "\n"
