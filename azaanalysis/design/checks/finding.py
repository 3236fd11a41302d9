"""What a check of a design found, in the words of an analyst."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Finding:
    """One fault of a design.

    Parameters
    ----------
    check
        Name of the check, e.g. ``immortal_time``.
    severity
        ``error``: no estimate should be made before it is mended. ``warning``: an estimate can
        be made, but a reader must know.
    where
        The endpoint, arm, covariate or setting concerned; ``the study`` if all of it is.
    found
        What was found, with numbers. Never a patient.
    remedy
        What to do about it.
    """

    check: str
    severity: Severity
    where: str
    found: str
    remedy: str

    def __str__(self) -> str:
        """One paragraph: what, where, what was found, what to do."""
        what = self.check.replace("_", " ")
        return f"{self.severity}, {what} ({self.where}): {self.found} To fix: {self.remedy}"


def findings_to_frame(findings: Sequence[Finding]) -> pd.DataFrame:
    """Return findings as a table: severity, check, where, found, to_fix."""
    rows = [
        {
            "severity": one.severity,
            "check": one.check.replace("_", " "),
            "where": one.where,
            "found": one.found,
            "to_fix": one.remedy,
        }
        for one in findings
    ]
    return pd.DataFrame(rows, columns=["severity", "check", "where", "found", "to_fix"])


def percent(share: float) -> str:
    """Spell a proportion; findings show shares, so that no small count is told."""
    return f"{100 * share:.0f}%" if share >= 0.01 else "fewer than 1%"
