"""The index of a PDF: the same objects in fewer bytes."""

import re
import zlib

from azaanalysis.report.paper_index import shorten_index

# Three objects at bytes 9, 60 and 111 of the file; the first entry is that of no object.
ROWS = bytes([0, 0, 0, 0, 1, 0, 9, 0, 1, 0, 60, 0, 1, 0, 111, 0])


def pdf_with(rows):
    packed = zlib.compress(rows)
    about = b"<</Type /XRef/W [1 2 1]/Size 4/Root 1 0 R/Filter /FlateDecode/Length %d>>" % len(
        packed
    )
    body = b"%PDF-1.7\n4 0 obj\n" + about + b"\nstream\n" + packed + b"\nendstream\nendobj\n"
    return body + b"startxref\n9\n%%EOF\n"


def test_each_entry_is_written_as_its_difference_to_the_one_above():
    pdf = shorten_index(pdf_with(ROWS))

    assert b"/Predictor 12/Columns 4" in pdf
    assert pdf.endswith(b"startxref\n9\n%%EOF\n")
    length = int(re.search(rb"/Length (\d+)", pdf).group(1))
    written = pdf[pdf.index(b"stream\n") + 7 :][:length]
    # Each row begins with 2, "less the row above": 60 - 9 and 111 - 60 are both 51.
    assert zlib.decompress(written) == bytes(
        [2, 0, 0, 0, 0, 2, 1, 0, 9, 0, 2, 0, 0, 51, 0, 2, 0, 0, 51, 0]
    )


def test_many_objects_at_even_distances_take_a_fifth():
    rows = b"".join(b"\1" + (51 * n).to_bytes(2, "big") + b"\0" for n in range(1, 1200))

    assert len(shorten_index(pdf_with(rows))) < 0.2 * len(pdf_with(rows))


def test_an_index_of_another_kind_stays_as_it_is():
    pdf = b"%PDF-1.4\nxref\n0 1\n0000000000 65535 f \ntrailer\n<<>>\nstartxref\n9\n%%EOF\n"

    assert shorten_index(pdf) == pdf
