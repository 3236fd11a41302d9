"""Whether a comparison is fair enough to be shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from azaanalysis.design.balance import TARGET, measure_balance
from azaanalysis.design.follow_up import FollowUp
from azaanalysis.design.moments import AFTER
from azaanalysis.design.overlap import measure_equipoise, measure_weights
from azaanalysis.errors import DesignError
from azaanalysis.result import SMALLEST_COUNT_IF_UNSTATED
from azaanalysis.settings_weighting import GateSettings
from azaanalysis.vocab import in_words

# The largest difference that chance alone would exceed in one comparison of twenty.
_BY_CHANCE = 0.05
_COLUMNS = ["arm", "versus", "mark", "found", "limit", "passes", "where"]


@dataclass(frozen=True, eq=False)
class GateResult:
    """What was found for each comparison, held against the pass marks.

    Parameters
    ----------
    frame
        One row per comparison (``arm``, ``versus``) and mark: ``mark`` (``largest_smd``,
        ``equipoise``, ``effective_share``), ``found``, ``limit``, ``passes`` and, of the
        largest difference, ``where`` it was found.
    override
        The written reason for which comparisons that fail are shown all the same; empty if none.
    smallest_count
        The smallest count that may be shown.
    """

    frame: pd.DataFrame
    override: str = ""
    smallest_count: int = SMALLEST_COUNT_IF_UNSTATED

    @property
    def failures(self) -> dict[tuple[str, str], str]:
        """The comparisons that fail, each with the reason in words."""
        reasons: dict[tuple[str, str], list[str]] = {}
        for row in self.frame.to_dict("records"):
            if not row["passes"]:
                reasons.setdefault((row["arm"], row["versus"]), []).append(_reason(row))
        return {pair: "; ".join(found) for pair, found in reasons.items()}

    @property
    def blocked(self) -> tuple[tuple[str, str, str], ...]:
        """The comparisons that may not be shown: arm, versus, reason; none under an override."""
        if self.override:
            return ()
        return tuple((*pair, reason) for pair, reason in self.failures.items())

    @property
    def marks(self) -> tuple[tuple[str, str, str, float, float, bool], ...]:
        """Each comparison and mark as arm, versus, mark, found, limit, passes; two decimals."""
        return tuple(
            (r["arm"], r["versus"], r["mark"], round(r["found"], 2), round(r["limit"], 2), passes)
            for r in self.frame.to_dict("records")
            for passes in [bool(r["passes"])]
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What every result must say if comparisons fail and are shown all the same."""
        if not self.override:
            return ()
        return tuple(
            f"{_pair_in_words(pair)} does not pass ({reason}), and is shown because the study "
            f"file says: {self.override}"
            for pair, reason in self.failures.items()
        )


def check_gate(follow_up: FollowUp, settings: GateSettings | None = None) -> GateResult:
    """Hold each comparison with the reference against the pass marks of the study.

    Parameters
    ----------
    follow_up
        After ``weigh``.
    settings
        Pass marks, in place of the ``gate`` section of the study.

    Returns
    -------
    GateResult
        What was found, what was asked for, and which comparisons are blocked. ``weigh`` asks this
        by itself when a study stands behind the follow-up, and blocked comparisons are then
        left out of every table, figure and file, with the reason. Empty if the study says that
        nobody is weighed.

    Raises
    ------
    DesignError
        If the follow-up is not weighted.

    Notes
    -----
    The allowance for chance: differences of all covariates are taken as independent with the
    spread that chance gives them; the limit is the largest that 95 of 100 fair comparisons
    would not exceed, if that is more than the pass mark. Preference scores: Walker et al. (2013),
    Comp Eff Res 3:11-20.
    """
    if follow_up.is_left_as_observed:
        return GateResult(pd.DataFrame(columns=_COLUMNS))
    if follow_up.weighting is None:
        raise DesignError("The gate looks at a weighted comparison. Pass it through weigh() first.")
    marks = settings or follow_up.about.get("gate_settings") or GateSettings()
    rows = [*_differences(follow_up, marks), *_equipoise(follow_up, marks)]
    rows += _effective_shares(follow_up, marks)
    order = {arm: place for place, arm in enumerate(follow_up.arms)}
    rows.sort(key=lambda row: order[str(row["arm"])])
    frame = pd.DataFrame(rows, columns=_COLUMNS)
    smallest = int(follow_up.about.get("smallest_count", SMALLEST_COUNT_IF_UNSTATED))
    return GateResult(frame, marks.override, smallest)


def _differences(follow_up: FollowUp, marks: GateSettings) -> list[dict[str, object]]:
    balance = measure_balance(follow_up)
    after = balance[(balance["stage"] == AFTER) & (balance["versus"] != TARGET)]
    rows: list[dict[str, object]] = []
    for (arm, versus), lines in after.groupby(["arm", "versus"], sort=False):
        # A difference where nothing varies within the arms has no size, and is the largest.
        sizes = lines["smd"].abs().fillna(np.inf).to_numpy()
        largest = lines.iloc[int(sizes.argmax())]
        limit = marks.largest_smd
        if marks.allow_for_chance:
            limit = max(limit, chance_limit(float(largest["chance_spread"]), len(lines)))
        found = float(sizes.max())
        named = {"arm": arm, "versus": versus, "mark": "largest_smd", "where": _place(largest)}
        rows.append({**named, "found": found, "limit": limit, "passes": found <= limit})
    return rows


def chance_limit(spread: float, n_lines: int) -> float:
    """Return what the largest of so many differences exceeds by chance once in twenty times."""
    each = (1 - _BY_CHANCE) ** (1 / n_lines)
    return float(spread * ndtri((1 + each) / 2))


def _place(line: pd.Series) -> str:
    level = "missing" if line["kind"] == "missing" else str(line["level"])
    return f"{in_words(str(line['covariate']))}{f' ({in_words(level)})' if level else ''}"


def _equipoise(follow_up: FollowUp, marks: GateSettings) -> list[dict[str, object]]:
    limit = marks.smallest_equipoise
    if follow_up.weighting is None or follow_up.weighting.chances is None:
        return []
    return [
        {
            "arm": row["arm"],
            "versus": row["versus"],
            "mark": "equipoise",
            "found": row["share"],
            "limit": limit,
            "passes": row["share"] >= limit,
            "where": "",
        }
        for row in measure_equipoise(follow_up).to_dict("records")
    ]


def _effective_shares(follow_up: FollowUp, marks: GateSettings) -> list[dict[str, object]]:
    """Return the smaller effective share of each pair of arms."""
    shares = measure_weights(follow_up).set_index("arm")["effective_share"]
    limit, reference = marks.smallest_effective_share, follow_up.reference
    rows: list[dict[str, object]] = []
    for arm in follow_up.arms:
        if arm == reference:
            continue
        found = float(np.min(shares[[arm, reference]]))
        lower = arm if shares[arm] <= shares[reference] else reference
        named = {"arm": arm, "versus": reference, "mark": "effective_share", "where": lower}
        rows.append({**named, "found": found, "limit": limit, "passes": found >= limit})
    return rows


def _reason(row: dict[Any, Any]) -> str:
    found, limit = row["found"], row["limit"]
    if row["mark"] == "largest_smd":
        return (
            f"after weighting, {row['where']} still differs by {found:.2f} standard deviations; "
            f"at most {limit:.2f} passes"
        )
    if row["mark"] == "equipoise":
        return (
            f"only {100 * found:.0f}% of the patients could as well have received the other arm; "
            f"at least {100 * limit:.0f}% passes"
        )
    return (
        f"the weights leave {100 * found:.0f}% of {in_words(str(row['where']))} in effect; "
        f"at least {100 * limit:.0f}% passes"
    )


def _pair_in_words(pair: tuple[str, str]) -> str:
    arm, versus = map(in_words, pair)
    return f"The comparison of {arm} with {versus}"
