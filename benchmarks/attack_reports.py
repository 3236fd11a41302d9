"""Random small studies of patients who must stay unknown, and their reports.

Everything is displayed and written by the package's own code; only the kernel that would execute a
notebook is left out, because it adds nothing but time.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import nbformat
import numpy as np
import pandas as pd

import azaanalysis.report.site as site
from azaanalysis import (
    draw_endings,
    draw_incidence,
    draw_rates,
    draw_stacked_incidence,
    estimate_incidence,
    estimate_quantiles,
    estimate_rate_ratio,
    estimate_rates,
    estimate_restricted_mean,
    estimate_risk_difference,
    measure_balance,
    measure_baseline,
    measure_endings,
    measure_follow_up,
    tabulate_attrition,
    tabulate_balance,
    tabulate_baseline,
    tabulate_estimate,
    write_estimates,
)
from azaanalysis.design import FollowUp, follow_up_from_frame
from azaanalysis.design.attrition import Attrition
from azaanalysis.report.page import Page, read_page
from azaanalysis.report.results import FOLDER_VARIABLE
from azaanalysis.study import Study
from benchmarks.attack_kinds import KINDS, Extra, draw_extra, show_extra
from benchmarks.attack_patients import ARMS, CAUSES, HORIZON

STUDY = """
title: A small study of patients who must stay unknown
question: Who has the event sooner?
source: {{folder: nowhere, smallest_count: {k}, name: a register}}
comparison:
  arms: {{azathioprine: [azathioprine], anti_tnf: [anti_tnf], jak_inhibitor: [jak_inhibitor]}}
  reference: azathioprine
endpoints:
  infection: {{kind: discontinuation}}
  serious_infection: {{kind: discontinuation}}
  response: {{kind: discontinuation}}
  flare: {{kind: event, event: flare, count: all}}
show: {{at_days: {days}}}
limits: [Nobody has been weighed.]
"""
SHOWN_DAYS = (90.0, 180.0, 365.0)


@dataclass
class World:
    """What only the data owner knows: the patients behind a report.

    ``followed`` are the follow-ups by endpoint; ``attrition`` and ``baseline`` the frames with
    every count as it is; ``extra`` a further kind of results. Of a weighted study the patients of
    the first endpoint count for more or less than one. A whole report has pages and a Word file,
    and one in ten of these the paper; of the others only what holds data is written.
    """

    k: int
    followed: dict[str, FollowUp]
    attrition: pd.DataFrame
    baseline: dict[str, pd.DataFrame] = field(default_factory=dict)
    extra: Extra | None = None
    is_weighted: bool = False
    is_whole: bool = False
    has_paper: bool = False

    @property
    def fingerprint(self) -> str:
        """What changes with any value in the data."""
        followed = self.followed["infection"].frame[["exit_days", "status"]]
        return hashlib.sha256(followed.to_csv().encode()).hexdigest()[:12]


def make_world(patients: pd.DataFrame, k: int, *, seed: int) -> World:
    """Follow the patients for two endpoints, and make a further kind of results of the first."""
    rng = np.random.default_rng([seed, 7])
    kept = patients[patients["excluded"] == 0].reset_index(drop=True)
    milder = (kept["status"] == 1) & ~kept["is_serious"]
    serious = kept.assign(status=kept["status"].mask(milder, 0))
    asked = patients[patients["excluded"].isin([0, 3])].reset_index(drop=True)
    frames = {"infection": kept, "serious_infection": serious, "response": asked}
    # Which of the two others stands beside it changes from study to study.
    del frames["response" if len(patients) % 2 else "serious_infection"]
    followed = {name: _follow(frame, name, k) for name, frame in frames.items()}
    extra = draw_extra(KINDS[seed % len(KINDS)], followed["infection"], rng)
    world = World(k, followed, _count_attrition(patients, k), extra=extra)
    world.is_weighted, world.is_whole = seed % 5 == 0, seed % 3 == 1
    world.has_paper = seed % 30 == 1
    if world.is_weighted:
        first = followed["infection"]
        weight = rng.lognormal(0, 0.4, len(first.frame))
        followed["infection"] = replace(first, frame=first.frame.assign(weight=weight))
    return world


def _follow(frame: pd.DataFrame, endpoint: str, k: int) -> FollowUp:
    n_causes = max(int(frame["status"].max()), 1)
    arms = [arm for arm in ARMS if (frame["drug"] == arm).any()]
    columns = ["drug", "days", "status", "sex", "smoking", "prior_cancer", "age"]
    followed = follow_up_from_frame(
        frame[columns].assign(drug=pd.Categorical(frame["drug"], arms)),
        time="days",
        status="status",
        arm="drug",
        causes=CAUSES[:n_causes],
        endpoint=endpoint,
        reference=arms[0],
        smallest_count=k,
    )
    about = {**followed.about, "shown_days": SHOWN_DAYS, "horizon_days": HORIZON}
    return FollowUp(
        followed.frame,
        endpoint,
        followed.causes,
        n_own=1,
        covariates=followed.covariates,
        about=about,
    )


def _count_attrition(patients: pd.DataFrame, k: int) -> pd.DataFrame:
    arms = tuple(arm for arm in ARMS if (patients["drug"] == arm).any())
    starts = pd.DataFrame(
        {"position": np.arange(len(patients)), "arm": pd.Categorical(patients["drug"], arms)}
    )
    counted = Attrition(arms, len(patients))
    excluded = patients["excluded"].to_numpy()
    counted.keep(np.flatnonzero(excluded != 1), "Old enough", "younger than 18")
    starts = starts[excluded != 1]
    counted.assign_arms(starts)
    for code, step in ((2, "Observed before"), (3, "Not treated before")):
        starts = starts[excluded[starts["position"]] != code]
        counted.keep_starts(starts, step, f"not {step.lower()}")
    return counted.to_frame(smallest_count=k)


def write_report(world: World, folder: Path, *, previous: Path | None = None) -> Path:
    """Write the report of a world, one notebook for each endpoint, as the package writes any.

    Raises
    ------
    ReportError
        If the package refuses to publish it beside the earlier one.
    """
    desk = folder.parent / f"{folder.name}_desk"
    desk.mkdir(parents=True)
    (desk / "study.yml").write_text(
        STUDY.format(k=world.k, days=[int(day) for day in SHOWN_DAYS]), encoding="utf-8"
    )
    paths = []
    for number, endpoint in enumerate(world.followed, 1):
        paths.append(desk / f"{number:02}_{endpoint}.ipynb")
        nbformat.write(_as_notebook(endpoint, []), paths[-1])
    if world.extra is not None:
        paths.append(desk / f"{world.extra.notebook}.ipynb")
        nbformat.write(_as_notebook(world.extra.kind, []), paths[-1])
    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(site, "_AT_ONCE", 1))
        stack.enter_context(mock.patch.object(site, "_make_page", partial(_make_page, world)))
        # Pages, paper and Word hold the same tables once more, and take most of the time.
        if not (world.has_paper and world.is_whole):
            stack.enter_context(
                mock.patch.object(site, "find_obstacle", return_value="left out: paper")
            )
        if not world.is_whole:
            stack.enter_context(mock.patch.object(site, "write_word", _write_no_word))
            stack.enter_context(mock.patch.object(site, "compose_chapters", return_value=()))
            stack.enter_context(mock.patch.object(site, "write_chapters", return_value=[]))
        site.write_report(desk / "study.yml", notebooks=paths, folder=folder, previous=previous)
    return folder


def _write_no_word(_: Any, path: Path, **__: Any) -> Path:
    path.write_bytes(b"")
    return path


def _make_page(world: World, job: Any, path: Path, _: Any) -> Page:
    """Make a page without a kernel."""
    endpoint = path.stem.split("_", 1)[1]
    with mock.patch.dict(os.environ, {FOLDER_VARIABLE: str(job.folder)}):
        if endpoint in world.followed:
            shown = list(_show(world, world.followed[endpoint], path.stem, job.study))
        else:
            shown = list(_show_extra(world, job.study))
    executed = _as_notebook(endpoint, shown)
    (job.folder / path.stem).mkdir(exist_ok=True)
    site._write_figures(executed, job.folder / path.stem)
    return read_page(executed, name=path.stem)


def _show(world: World, followed: FollowUp, notebook: str, study: Study) -> Any:
    """Yield every table and figure of one endpoint, and write its estimates."""
    followed = FollowUp(
        followed.frame,
        followed.endpoint,
        followed.causes,
        n_own=1,
        covariates=followed.covariates,
        about={**followed.about, "study": study.hash, "cohort": world.fingerprint},
        attrition=world.attrition.copy(),
    )
    is_first = followed.endpoint == "infection"
    if is_first:
        yield tabulate_attrition(followed.attrition)
    unweighted = replace(followed, frame=followed.frame.assign(weight=1.0))
    world.baseline[followed.endpoint] = measure_baseline(unweighted)
    yield tabulate_baseline(world.baseline[followed.endpoint])
    yield tabulate_balance(measure_balance(unweighted))
    yield tabulate_estimate(measure_follow_up(followed))
    risk, rates = estimate_incidence(followed), estimate_rates(followed)
    endings = measure_endings(followed)
    gaps = estimate_risk_difference(followed, at_days=SHOWN_DAYS)
    for quantity in ("risk", "survival"):
        yield tabulate_estimate(risk.only(quantity=quantity).at(SHOWN_DAYS))
    yield tabulate_estimate(risk.only(quantity="risk").at([60, 91, 200, 300]))
    yield tabulate_estimate(endings.at(SHOWN_DAYS))
    yield tabulate_estimate(gaps)
    yield tabulate_estimate(rates)
    kept = {"risk": risk, "rates": rates, "gaps": gaps, "endings": endings}
    kept["medians"] = estimate_quantiles(followed)
    kept["areas"] = estimate_restricted_mean(followed)
    kept["ratios"] = estimate_rate_ratio(followed)
    yield tabulate_estimate(kept["medians"])
    yield tabulate_estimate(kept["ratios"])
    if is_first:
        yield draw_incidence(risk)
        if world.is_whole:
            yield draw_rates(rates)
            yield draw_endings(endings)
            yield draw_stacked_incidence(risk)
    yield write_estimates(kept, notebook=notebook, study=study)


def _show_extra(world: World, study: Study) -> Any:
    assert world.extra is not None
    kept: dict[str, Any] = {}
    yield from show_extra(world.extra, study, world.fingerprint, kept)
    if kept:
        yield write_estimates(kept, notebook=world.extra.notebook, study=study)


def _as_notebook(title: str, shown: list[Any]) -> Any:
    new: Any = nbformat.v4
    cells = [new.new_markdown_cell(f"# {title}"), new.new_markdown_cell("## Estimate")]
    for thing in shown:
        data, metadata = thing._repr_mimebundle_()
        output = new.new_output("execute_result", data=data, metadata=metadata)
        cells.append(new.new_code_cell("show()", outputs=[output]))
    cells.append(new.new_markdown_cell("## Reading\n\nNothing may be concluded."))
    return new.new_notebook(cells=cells)
