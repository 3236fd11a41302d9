"""The negative control as a table, or a sentence that there is none."""

from __future__ import annotations

from azaanalysis.display.beside import tabulate_beside
from azaanalysis.display.statement import Statement
from azaanalysis.display.table import Table
from azaanalysis.result import Estimate


def tabulate_negative_control(estimate: Estimate, *, caption: str = "") -> Table | Statement:
    """Tabulate the rate ratios of a negative control, as observed beside as weighted.

    Parameters
    ----------
    estimate
        The result of ``estimate_negative_control``.
    caption
        Words above the table, in place of the usual ones.
    """
    if reason := estimate.about.get("reason"):
        return Statement((str(reason),), "reason")
    label = str(estimate.about.get("label", "the negative control")).lower()
    parts = {
        name: Estimate(
            estimate.only(endpoint=name).frame.assign(endpoint="negative_control"),
            estimate.about if name == "as weighted" else {**estimate.about, "blocked": ()},
        )
        for name in estimate.frame["endpoint"].unique()
    }
    named = {name[:1].upper() + name[1:]: part for name, part in parts.items()}
    return tabulate_beside(named, caption=caption or f"Negative control: rate ratio of {label}")
