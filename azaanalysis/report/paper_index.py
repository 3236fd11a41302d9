"""The index of a PDF, written by differences: a tagged paper has some fifty thousand objects."""

from __future__ import annotations

import re
import zlib

_INDEX = re.compile(
    rb"<<(/Type /XRef[^>]*?/W \[(\d) (\d) (\d)\][^>]*?)/Filter /FlateDecode/Length \d+>>\s*stream\n"
)
_ROW_ABOVE = b"\x02"


def shorten_index(pdf: bytes) -> bytes:
    """Return a PDF whose last index says of each object how it differs from the one before.

    Nothing else changes. A file whose index is written in another way is returned as it is.
    """
    start = int(pdf[pdf.rindex(b"startxref") :].split()[1])
    found = _INDEX.search(pdf, start)
    if found is None:
        return pdf
    about, *widths = found.groups()
    width = sum(int(one) for one in widths)
    cells = zlib.decompressobj().decompress(pdf[found.end() :])
    rows = [cells[place : place + width] for place in range(0, len(cells), width)]
    packed = zlib.compress(b"".join(_differences(rows, width)), 9)
    how = b"/DecodeParms <</Predictor 12/Columns %d>>/Filter /FlateDecode" % width
    head = b"<<%s%s/Length %d>>\nstream\n" % (about, how, len(packed))
    tail = b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % start
    return pdf[: found.start()] + head + packed + tail


def _differences(rows: list[bytes], width: int) -> list[bytes]:
    """Return each row as PNG writes it: byte by byte less the row above."""
    above = [bytes(width), *rows[:-1]]
    return [
        _ROW_ABOVE + bytes((new - old) % 256 for new, old in zip(row, last, strict=True))
        for row, last in zip(rows, above, strict=True)
    ]
