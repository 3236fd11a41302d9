"""Everything in the folder of a report as tables and texts: pages, paper, Word, archives, data.

Each kind of file is read by a reader of its kind (HTML and XML by a parser, PDF by ``pdftotext``,
Word and archives by opening them), not by the code that wrote it.
"""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lxml.etree
import lxml.html

_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_SAID = ("alt", "title", "aria-label", "aria-description", "content", "desc")


@dataclass(frozen=True)
class Sheet:
    """One table: where it stands, of which notebook, and its rows by heading."""

    place: str
    notebook: str
    rows: tuple[dict[str, str], ...]


@dataclass(frozen=True)
class Text:
    """One piece of text, where it stands, and at what place in a drawing.

    ``kind`` is its element or attribute.
    """

    place: str
    kind: str
    words: str
    at: tuple[float, float] | None = None


def list_files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every file by name; those in archives too, but not the parts of a Word file."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        yield name, path.read_bytes()
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                yield from ((inner, archive.read(inner)) for inner in archive.namelist())


def read_files(folder: Path) -> tuple[list[Sheet], list[Text]]:
    """Return the tables and the texts of all files."""
    sheets: list[Sheet] = []
    texts: list[Text] = []
    for name, content in list_files(folder):
        if Path(name).name.startswith("table_") and name.endswith(".csv"):
            sheets.append(_read_csv(name, content.decode("utf-8-sig")))
        elif name.endswith(".html"):
            page = lxml.html.fromstring(content)
            sheets += _tables_of_page(name, page)
            texts += _texts_of_tree(name, page)
        elif name.endswith(".svg"):
            texts += _texts_of_tree(name, lxml.etree.fromstring(content))
        elif name.endswith(".docx") and content:
            document = lxml.etree.fromstring(
                zipfile.ZipFile(io.BytesIO(content)).read("word/document.xml")
            )
            sheets += _tables_of_word(name, document)
            texts += _texts_of_word(name, document)
        elif name.endswith(".json"):
            texts += [Text(name, "json", words) for words in _words_of(json.loads(content))]
        elif name.endswith(".pdf"):
            texts += _texts_of_paper(folder / name)
    return sheets, texts


def list_unread(folder: Path) -> set[str]:
    """Return the kinds of files that nothing here reads."""
    known = (".html", ".svg", ".docx", ".json", ".pdf", ".csv", ".zip", ".parquet")
    return {Path(name).suffix for name, _ in list_files(folder)} - set(known)


def _read_csv(name: str, content: str) -> Sheet:
    rows = [row for row in csv.DictReader(io.StringIO(content)) if any(row.values())]
    return Sheet(name, Path(name).parent.name, tuple(rows))


def _tables_of_page(name: str, page: Any) -> Iterator[Sheet]:
    for number, table in enumerate(page.iter("table"), 1):
        heads = [_cells(line) for line in table.xpath("./thead/tr")]
        if not heads:
            continue
        headings = _join_headings(heads)
        rows, group = [], ""
        for line in table.xpath("./tbody/tr"):
            cells = _cells(line)
            if line.xpath("./th[@scope='rowgroup']"):
                group = cells[0]
            elif len(cells) == len(headings):
                rows.append({"Group": group, **dict(zip(headings, cells, strict=True))})
        yield Sheet(f"{name}, table {number}", Path(name).stem, tuple(_drop_empty_group(rows)))


def _cells(line: Any) -> list[str]:
    """Return the texts of a line, each as often as it has columns."""
    found = []
    for cell in line.xpath("./th | ./td"):
        text = " ".join("".join(cell.itertext()).split())
        found += [text] * int(cell.get("colspan", 1))
    return found


def _join_headings(lines: list[list[str]]) -> list[str]:
    width = max(map(len, lines))
    columns = zip(*(line + [""] * (width - len(line)) for line in lines), strict=True)
    return [" ".join(filter(None, column)) for column in columns]


def _drop_empty_group(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    if any(row["Group"] for row in rows):
        return rows
    return [{key: cell for key, cell in row.items() if key != "Group"} for row in rows]


def _texts_of_tree(name: str, tree: Any) -> Iterator[Text]:
    """Yield text, and what is said in attributes, drawing by drawing."""
    drawings = [node for node in tree.iter() if str(node.tag).endswith("svg")]
    for number, drawing in enumerate(drawings, 1):
        yield from _texts_of_nodes(f"{name}, drawing {number}", drawing)
        if drawing is not tree:
            yield from _tail_of(name, drawing)
            drawing.getparent().remove(drawing)
    if tree not in drawings:
        yield from _texts_of_nodes(name, tree)


def _texts_of_nodes(name: str, tree: Any) -> Iterator[Text]:
    for node in tree.iter():
        if not isinstance(node.tag, str) or node.tag.endswith("style"):
            continue
        at = (float(node.get("x")), float(node.get("y"))) if node.get("x") and node.text else None
        if node.text and node.text.strip():
            yield Text(name, node.tag, " ".join(node.text.split()), at)
        yield from _tail_of(name, node)
        for key, value in node.attrib.items():
            if key in _SAID or key.startswith("data-"):
                yield Text(name, key, value)


def _tail_of(name: str, node: Any) -> Iterator[Text]:
    if node.tail and node.tail.strip():
        yield Text(name, "tail", " ".join(node.tail.split()))


def _tables_of_word(name: str, document: Any) -> Iterator[Sheet]:
    notebook = ""
    for node in document.iter(f"{_WORD}p", f"{_WORD}tbl"):
        if node.tag.endswith("}tbl"):
            lines = [_word_cells(line) for line in node.iter(f"{_WORD}tr")]
            n_heads = len(list(node.iter(f"{_WORD}tblHeader")))
            if lines and n_heads:
                headings = _join_headings(lines[:n_heads])
                yield Sheet(name, notebook, tuple(_word_rows(headings, lines[n_heads:])))
        elif any(style.get(f"{_WORD}val") == "Heading1" for style in node.iter(f"{_WORD}pStyle")):
            notebook = _word_text(node)


def _word_rows(headings: list[str], lines: list[list[str]]) -> list[dict[str, str]]:
    """Return the rows by heading; a line with a first cell only stands above a group of them."""
    rows, group = [], ""
    for line in lines:
        if line[0] and not any(line[1:]):
            group = line[0]
        else:
            rows.append({"Group": group, **dict(zip(headings, line, strict=False))})
    return _drop_empty_group(rows)


def _word_cells(line: Any) -> list[str]:
    return [_word_text(cell) for cell in line.iter(f"{_WORD}tc")]


def _word_text(node: Any) -> str:
    return "".join(part.text or "" for part in node.iter(f"{_WORD}t"))


def _texts_of_word(name: str, document: Any) -> Iterator[Text]:
    for paragraph in document.iter(f"{_WORD}p"):
        if words := _word_text(paragraph).strip():
            yield Text(name, "p", words)


def _words_of(entry: Any) -> Iterator[str]:
    if isinstance(entry, str):
        yield entry
    elif isinstance(entry, dict):
        for key, value in entry.items():
            yield key
            yield from _words_of(value)
    elif isinstance(entry, list):
        for value in entry:
            yield from _words_of(value)


def _texts_of_paper(path: Path) -> Iterator[Text]:
    """Yield the lines of a PDF; of several columns, each by itself."""
    if shutil.which("pdftotext") is None:
        raise RuntimeError("The paper cannot be read here: pdftotext (poppler) is not installed.")
    made = subprocess.run(
        ["pdftotext", "-layout", str(path), "-"], check=True, capture_output=True, text=True
    )
    for line in made.stdout.splitlines():
        for words in re.split(r" {3,}", line.strip()):
            if words:
                yield Text(path.name, "line", words)
