"""Faults within one column: missing, out of range, not a word of the vocabulary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from difflib import get_close_matches

import numpy as np
import pandas as pd

from azaanalysis.errors import Fault
from azaanalysis.schema.origins import Flags
from azaanalysis.schema.tables import TABLES, Column
from azaanalysis.schema.view import View
from azaanalysis.vocab import drugs

EARLIEST = date(1900, 1, 1)


def column_faults(view: View, *, today: date) -> Iterator[Fault]:
    """Find every fault that shows in one column alone."""
    for column in TABLES[view.name].columns:
        if column.required:
            yield from _empty(view, column)
        if column.kind == "date":
            yield from _impossible_dates(view, column, today)
        if column.kind in ("number", "count"):
            yield from _impossible_numbers(view, column)
        if column.codes:
            yield from _unknown_codes(view, column)
    if view.name == "courses":
        yield from _unknown_drugs(view)


def _empty(view: View, column: Column) -> list[Fault]:
    fault = Fault(
        view.name,
        *("", column.name, (), "an empty cell", f"a value in every row ({column.meaning[:-1]})"),
        "fill the cell, or leave the row out with 'where' in the mapping file",
    )
    return view.faults(fault, view.missing(column.name))


def _impossible_dates(view: View, column: Column, today: date) -> Iterator[Fault]:
    days = view[column.name]
    found = "{" + column.name + "}"
    early = Fault(
        view.name,
        *("", column.name, (), found + ", before 1900", "a date from 1900 on"),
        "correct the date, or list the stand-in for 'unknown' under 'missing' in the mapping file",
    )
    yield from view.faults(early, days < np.datetime64(EARLIEST))
    late = Fault(
        view.name,
        *("", column.name, (), found + ", a date in the future", f"a date up to {today}"),
        "correct the date; leave it empty if the end is not known yet",
    )
    yield from view.faults(late, days > np.datetime64(today))


def _impossible_numbers(view: View, column: Column) -> list[Fault]:
    values = view[column.name].astype("float64", copy=False)
    flags = np.isinf(values)
    if column.low is not None:
        flags |= values < column.low
    if column.high is not None:
        flags |= values > column.high
    fault = Fault(
        view.name,
        *("", column.name, (), "{" + column.name + "}", _limits(column)),
        "correct the number or its unit ('factor' in the mapping file), or list the stand-in for "
        "'unknown' under 'missing'",
    )
    return view.faults(fault, flags)


def _limits(column: Column) -> str:
    unit = f" {column.unit}" if column.unit else ""
    if column.low is None:
        return "a finite number"
    if column.high is None:
        return f"a number from {column.low:g}{unit} up"
    return f"a number from {column.low:g} to {column.high:g}{unit}"


def _unknown_codes(view: View, column: Column) -> Iterator[Fault]:
    words = view.frame[column.name].cat.categories
    for word in words.difference(list(column.codes)):
        fault = Fault(
            view.name,
            *("", column.name, (), f"'{word}'", f"one of {', '.join(column.codes)}"),
            f"say what it means under 'codes' in the mapping file{nearest(word, column.codes)}",
        )
        yield from view.faults(_literal(fault), view.words(column.name, [word]))


def _unknown_drugs(view: View) -> Iterator[Fault]:
    names = {alias: drug.name for drug in drugs().values() for alias in (drug.name, *drug.aliases)}
    names |= {name: name for name in view.drug_classes}
    for word in view.frame["drug"].cat.categories.difference(list(view.drug_classes)):
        fault = Fault(
            "courses",
            *("", "drug", (), f"the drug '{word}'", "an ingredient or brand of the vocabulary"),
            "correct the spelling, or declare it under 'drugs' in the mapping file"
            + nearest_drug(word, names),
        )
        yield from view.faults(_literal(fault), view.words("drug", [word]))


def nearest(word: str, known: Iterable[str]) -> str:
    """Name the known words most like a word, as the end of a remedy; nothing if none is."""
    close = get_close_matches(word, list(known), n=3, cutoff=0.7)
    return f" (nearest: {', '.join(close)})" if close else ""


def nearest_drug(word: str, names: Mapping[str, str]) -> str:
    """Name the drugs one of whose names is most like a word, as the end of a remedy."""
    close = get_close_matches(word.replace("_", " "), list(names), n=5, cutoff=0.7)
    drugs_named = list(dict.fromkeys(names[name] for name in close))[:3]
    return f" (nearest: {', '.join(drugs_named)})" if close else ""


def _literal(fault: Fault) -> Fault:
    """Keep braces in the data from being read as names of columns."""
    return Fault(**{**vars(fault), "found": fault.found.replace("{", "{{").replace("}", "}}")})


def contradicted_class(view: View) -> Flags:
    """Flag the courses whose class is not the class of their drug."""
    drugs_in_use, classes = view.frame["drug"].cat, view.frame["treatment_class"].cat
    expected = [view.drug_classes.get(name, "") for name in drugs_in_use.categories]
    places = pd.Index(classes.categories).get_indexer(pd.Index(expected, dtype=object))
    known = np.append(np.array([bool(word) for word in expected], dtype=bool), False)
    should = np.append(places, -1)[drugs_in_use.codes]
    given = classes.codes.to_numpy()
    return np.asarray(known[drugs_in_use.codes] & (given >= 0) & (given != should))
