"""What is said in words: small counts simply stated, and facts in tooltips and alt text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np

from azaanalysis.vocab import QUANTITIES
from benchmarks.attack_files import Sheet, Text
from benchmarks.attack_reading import ARMS, DAYS_PER_WEEK, Fact, as_code

_PEOPLE = "patients?|events?|people|persons?|women|men|deaths?|infections?|started|stopped|left"
_STATED = re.compile(rf"(?<![\d.,%–−-])(\d+) (?:more |other |fewer )?(?:{_PEOPLE})\b(?!-)")
_PART = re.compile(r"(?<![\d.,])(\d+) (?:of|/) (\d[\d,]*)(?![\d.%])")
# "fewer than 5 patients", "at least 5 events", "once 5 events", "per 1 patient": no counts of any.
_RULE = re.compile(r"(?:than|least|below|once|until|per|every|most|under|to|by|of the|Result)\s*$")
_COUNTED = re.compile(
    r"^(?:.* )?(?:patients|events|at risk|events by then|left|remain|n|starts)$", re.IGNORECASE
)
_TIP = re.compile(
    r"^(?P<name>.+?): (?P<of>.+)\. (?P<n>[\d,]+) patients(?P<when> at risk that day| at the start)?"
    r"(?:, (?P<e>[\d,]+) events?)?.* Result \d+\.$"
)
_POINT = re.compile(r"([\d.]+)% \([^)]*\) at (\d+) weeks")
_QUANTITY = {quantity.label: name for name, quantity in QUANTITIES.items()}


def find_stated(sheets: Sequence[Sheet], texts: Sequence[Text], k: int) -> Iterator[str]:
    """Yield every statement of a count from 1 to one less than the threshold, with its place."""
    for text in texts:
        for found in (*_STATED.finditer(text.words), *_PART.finditer(text.words)):
            is_small = 1 <= int(found[1]) < k and not _RULE.search(text.words[: found.start()])
            if is_small and not _is_about_files(text, found):
                yield f"{text.place} ({text.kind}): {text.words[:160]}"
    for sheet in sheets:
        cells = [(h or "", c or "", row) for row in sheet.rows for h, c in row.items()]
        for heading, cell, row in cells:
            count = re.match(r"^(\d+)(?: \(|$)", cell) if _COUNTED.match(heading) else None
            if count and 1 <= int(count[1]) < k:
                yield f"{sheet.place}: {heading} = {cell} in {row}"


def _is_about_files(text: Text, found: re.Match[str]) -> bool:
    """Tell whether a part of a whole counts items of a checklist or pages, not patients."""
    after = text.words[found.end() : found.end() + 12]
    if re.fullmatch(r"\d+ of \d+", text.words):
        return True  # the page of a paper
    return bool(re.match(r"\s*(?:items|pages|ways|tests|files|rows|criteria|arms)", after))


def read_tips(texts: Sequence[Text]) -> Iterator[Fact]:
    """Read the counts behind a number from the words that appear over it."""
    for text in texts:
        found = _TIP.match(text.words) if text.kind == "title" else None
        if found is None:
            continue
        endpoint, *between = [part.strip() for part in found["of"].split(", ")]
        days = [part for part in between if part.startswith("day ")]
        words = [part for part in between if part not in days]
        quantity = _QUANTITY.get(found["name"], "")
        if not words or " against " in words[-1] or as_code(words[-1]) not in ARMS:
            continue
        day = float(days[0][4:].replace(",", "")) if days else np.inf
        who = (as_code(endpoint), as_code(words[-1]))
        yield from _facts_of_tip(who, as_code(words[0]) if words[1:] else "", quantity, day, found)


def _facts_of_tip(
    who: tuple[str, str], cause: str, quantity: str, day: float, found: re.Match[str]
) -> Iterator[Fact]:
    if quantity.endswith("_in_window") or not quantity:
        return
    n = float(found["n"].replace(",", ""))
    is_whole = found["when"] == " at the start" or quantity.startswith("restricted_mean")
    is_whole |= bool(np.isinf(day))
    if is_whole:
        yield Fact(*who, "size", "", np.inf, n, n)
    else:
        yield Fact(*who, "at_risk", "", day, n, n)
    if found["e"] is None or quantity.startswith("restricted_mean"):
        return
    events = float(found["e"].replace(",", ""))
    is_ending = found["name"] in ("Follow-up ended", "Still followed")
    what = "ended" if is_ending else "events"
    if quantity == "median_follow_up_days":
        what = "own_events"
    yield Fact(*who, what, cause, day, events, events)


def read_alt_text(texts: Sequence[Text], endpoint_of: dict[str, str]) -> Iterator[Fact]:
    """Read the shares that the words of a figure give, to one decimal of a percentage."""
    for text in texts:
        endpoint = endpoint_of.get(re.split(r"[/.]", text.place)[0], "")
        if not endpoint or not text.words.startswith("Cumulative incidence of"):
            continue
        for sentence in re.split(r"(?<=[a-z%)])\. ", text.words)[1:]:
            cause, _, arms = sentence.partition(": ")
            for part in arms.split("; "):
                arm = next((a for a in ARMS if as_code(part).startswith(a)), "")
                for percent, weeks in _POINT.findall(part) if arm else ():
                    share, day = float(percent) / 100, float(weeks) * DAYS_PER_WEEK
                    # A drawn step waits until enough have come together: more may have happened.
                    low = max(share - 6e-4, 0.0)
                    yield Fact(endpoint, arm, "share", as_code(cause), day, low, 1.0)
