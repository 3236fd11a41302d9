"""The methods page: protocol, arms, estimands, design and definitions, from the study file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from azaanalysis.display.numbers import spell_column
from azaanalysis.display.statement import state_estimand
from azaanalysis.display.summaries import tabulate_protocol
from azaanalysis.display.table import Column, Table
from azaanalysis.display.timeline import draw_design
from azaanalysis.protocol import describe_protocol, endpoint_label
from azaanalysis.report.drawings import name_apart
from azaanalysis.report.emulation import tabulate_emulation, title_of_trial
from azaanalysis.study import Study
from azaanalysis.vocab import QUANTITIES, drugs, in_words, lower_first, sentence_case

MEANINGS = {
    "probability": "a proportion of patients, shown in percent",
    "ratio": "one arm divided by the other; 1 means no difference",
    "rate": "events by time at risk",
    "days": "days from time zero",
    "count": "a number of patients or events",
    "statistic": "a test statistic",
    "p_value": "the probability of so large a statistic if there were no difference",
    "smd": "a difference in standard deviations",
    "mean": "an average over patients",
}


def describe_methods(study: Study, *, quantities: Sequence[str] = ()) -> dict[str, Any]:
    """Return what the methods page shows, ready for its template.

    ``quantities`` are those that the report estimates; they are explained in the last table.
    """
    protocols = {name: _protocol_of(study, name) for name in study.endpoints}
    common = _common(protocols)
    common |= {"Covariates": _listed_columns(study.covariates) or "None."}
    shown = tabulate_protocol(common.items(), caption="The protocol, the same for all endpoints")
    return {
        "protocol": shown.to_html(),
        "arms": _tabulate_arms(study).to_html(),
        "trial": tabulate_emulation(study).to_html(),
        "trial_title": title_of_trial(study),
        "is_randomised": study.is_randomised,
        "endpoints": [
            _describe_endpoint(study, name, number, own, common)
            for number, (name, own) in enumerate(protocols.items(), 1)
        ],
        "quantities": _tabulate_quantities(quantities).to_html() if quantities else "",
    }


def _listed_columns(names: Sequence[str]) -> str:
    first, *others = [spell_column(name) for name in names] or [""]
    return ", ".join([first, *map(lower_first, others)])


def list_methods(study: Study, *, has_quantities: bool) -> tuple[tuple[str, str], ...]:
    """Return anchor and title of each section of the methods page."""
    labels = [endpoint_label(settings, name) for name, settings in study.endpoints.items()]
    titles = ["The protocol", *labels, *(["What the quantities are"] if has_quantities else [])]
    first, *others = [(f"section-{number}", title) for number, title in enumerate(titles, 1)]
    return (first, ("emulation", title_of_trial(study)), *others)


def _protocol_of(study: Study, endpoint: str) -> dict[str, str]:
    frame = describe_protocol(study, endpoint)
    return dict(zip(frame["part"], frame["choice"], strict=True))


def _common(protocols: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Return the parts of the protocol that every endpoint shares."""
    first, *others = protocols.values()
    return {k: v for k, v in first.items() if all(other.get(k) == v for other in others)}


def _describe_endpoint(
    study: Study, name: str, number: int, own: Mapping[str, str], common: Mapping[str, str]
) -> dict[str, Any]:
    drawing = draw_design(study, endpoint=name)
    parts = {part: choice for part, choice in own.items() if part not in common}
    parts |= dict(_definition(study, name))
    return {
        "label": endpoint_label(study.endpoint(name), name),
        "estimand": state_estimand(study, endpoint=name).to_html(),
        "drawing": {
            "svg": name_apart(drawing.svg.decode(), f"d{number}-"),
            "caption": drawing.caption,
            "alt": drawing.alt,
        },
        "table": tabulate_protocol(parts.items(), caption="How it is defined").to_html(),
    }


def _definition(study: Study, name: str) -> Iterator[tuple[str, str]]:
    """Return each setting of an endpoint that its protocol does not spell out."""
    settings = study.endpoint(name)
    for field, value in settings.model_dump(exclude={"label", "competing", "strategy"}).items():
        if value not in (None, "", {}, (), 0):
            yield f"Setting {in_words(field)}", _spell(value)


def _spell(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{in_words(str(key))}: {_spell(entry)}" for key, entry in value.items())
    if isinstance(value, (tuple, list)):
        return ", ".join(map(_spell, value))
    return in_words(value) if isinstance(value, str) else str(value)


def _tabulate_arms(study: Study) -> Table:
    """Tabulate which drugs each arm stands for, with their ATC codes."""
    rows = tuple(
        (sentence_case(arm), " and ".join(map(in_words, parts)), _members(parts))
        for arm, parts in study.comparison.arms.items()
    )
    headers = (
        "Arm",
        "Started on the same day"
        if study.comparison.together_within_days == 0
        else f"Started within {study.comparison.together_within_days} days",
        "Drugs (ATC)",
    )
    return Table("The arms", tuple(Column(header, is_number=False) for header in headers), rows)


def _members(parts: tuple[str, ...]) -> str:
    known = [drug for drug in drugs().values() if {drug.name, drug.treatment_class} & {*parts}]
    named = [f"{in_words(d.name)} ({d.atc})" if d.atc else in_words(d.name) for d in known]
    # A drug that the formulary does not know stands for itself.
    others = [
        in_words(p) for p in parts if not any(p in (d.name, d.treatment_class) for d in known)
    ]
    return ", ".join([*named, *others])


def _tabulate_quantities(names: Sequence[str]) -> Table:
    columns = tuple(Column(header, is_number=False) for header in ("Quantity", "Kind of number"))
    known = [QUANTITIES[name] for name in names]
    rows = tuple((one.label, MEANINGS.get(one.scale, one.scale)) for one in known)
    return Table("What is estimated, and what kind of number it is", columns, rows)
