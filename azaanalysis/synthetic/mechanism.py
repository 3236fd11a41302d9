"""The mechanism: patients followed forward in time, week by week."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from azaanalysis.synthetic.baseline import Patients, invent_patients
from azaanalysis.synthetic.choice import choose_drug, choose_strategy
from azaanalysis.synthetic.draws import Draws, LineDraws, draw_lines
from azaanalysis.synthetic.formulary import Formulary, first_day_of_year
from azaanalysis.synthetic.infection import InfectionSettings, infect, prepare_infection
from azaanalysis.synthetic.life import LifeSettings, end_observation, live, prepare_life
from azaanalysis.synthetic.monitoring import (
    MonitoringSettings,
    prepare_monitoring,
    starting_dose,
    suppress_marrow,
    take_tests,
)
from azaanalysis.synthetic.parameters import DAYS_PER_WEEK, Parameters
from azaanalysis.synthetic.response import (
    ResponseSettings,
    begin_response,
    prepare_response,
    respond,
)
from azaanalysis.synthetic.state import (
    OPEN,
    STOP_REASONS,
    Now,
    Record,
    State,
    blank_record,
    initial_state,
)
from azaanalysis.synthetic.steroid import (
    SteroidSettings,
    adjust_steroids,
    bridge,
    prepare_steroids,
)
from azaanalysis.synthetic.stopping import (
    N_CLOCKS,
    StopSettings,
    begin_clocks,
    prepare_stopping,
    stop_companions,
    stop_leading,
)
from azaanalysis.synthetic.switching import (
    SwitchSettings,
    due_to_start,
    plan_next,
    prepare_switching,
    start_drug,
)
from azaanalysis.synthetic.traits import Traits, invent_traits
from azaanalysis.synthetic.visits import Course, hold_visits

_People = TypeVar("_People", Patients, Traits)


@dataclass(frozen=True, eq=False)
class Block:
    """Patients of one block before anything has happened to them."""

    draws: Draws
    patients: Patients
    traits: Traits
    strategy: np.ndarray

    def only(self, kept: np.ndarray) -> Block:
        """Keep some of the patients, who then meet the luck of a smaller block."""
        return Block(
            draws=replace(self.draws, n=int(kept.sum())),
            patients=_rows(self.patients, kept),
            traits=_rows(self.traits, kept),
            strategy=self.strategy[kept],
        )


@dataclass(frozen=True, eq=False)
class History:
    """What happened to the patients of one block; days are counted from the index day."""

    block: Block
    state: State
    record: Record
    visits: dict[str, np.ndarray]
    course: Course


@dataclass(frozen=True, eq=False)
class _Settings:
    response: ResponseSettings
    steroid: SteroidSettings
    monitoring: MonitoringSettings
    infection: InfectionSettings
    stopping: StopSettings
    switching: SwitchSettings
    life: LifeSettings


def _rows(people: _People, kept: np.ndarray) -> _People:
    """Keep the entries of some patients in every array."""
    arrays = {name: part for name, part in vars(people).items() if isinstance(part, np.ndarray)}
    return replace(people, **{name: part[kept] for name, part in arrays.items()})


def invent_block(draws: Draws, formulary: Formulary, parameters: Parameters) -> Block:
    """Invent the patients of one block and choose their strategies."""
    patients = invent_patients(draws, parameters)
    traits = invent_traits(draws, patients, parameters)
    strategy = choose_strategy(draws, patients, traits, formulary, parameters)
    return Block(draws, patients, traits, strategy)


def simulate(
    block: Block,
    formulary: Formulary,
    parameters: Parameters,
    *,
    strategy: np.ndarray | None = None,
    has_no_end: bool = False,
) -> History:
    """Follow patients from their index day, under the strategies chosen or given ones.

    The random numbers belong to the patient and the week, not to the treatment: two calls that
    differ only in ``strategy`` give two potential outcomes of the same people.

    Parameters
    ----------
    block
        Patients and their random numbers.
    formulary
        Drugs and strategies.
    parameters
        Everything numeric.
    strategy
        Code of the strategy of each patient; what was chosen if None.
    has_no_end
        Whether to go on past the end of data, so that nobody is censored but by the last week.
    """
    chosen = block.strategy if strategy is None else strategy
    weeks = int(parameters["follow_up_weeks_most"])
    settings = _prepare(block, chosen, formulary, parameters, weeks)
    lines = draw_lines(block.draws, settings.switching.lines, N_CLOCKS)
    last_day = _last_days(block.patients, parameters, weeks, has_no_end)
    state = initial_state(formulary.companion[chosen], last_day, block.draws, N_CLOCKS)
    record = blank_record(settings.switching.lines, len(block.patients))
    state.next_drug = choose_drug(block.draws, block.patients, chosen, formulary)
    state.dose_fraction = starting_dose(block.patients, parameters)
    _begin(state, block, settings, lines, record)
    for week, luck in zip(range(weeks), block.draws.weeks(), strict=False):
        if not (state.until > DAYS_PER_WEEK * week).any():
            break
        _pass_week(Now(week, state, luck, lines, record), settings)
    _close_at_death(state, record)
    course = Course(np.array(record.effect), np.array(record.steroid_mg), state.until)
    visits = hold_visits(block.draws, course, block.patients, block.traits, parameters)
    return History(block, state, record, visits, course)


def _prepare(
    block: Block, strategy: np.ndarray, formulary: Formulary, parameters: Parameters, weeks: int
) -> _Settings:
    patients, traits = block.patients, block.traits
    return _Settings(
        response=prepare_response(patients, traits, formulary, parameters),
        steroid=prepare_steroids(patients, formulary, parameters),
        monitoring=prepare_monitoring(patients, traits, formulary, parameters),
        infection=prepare_infection(patients, traits, formulary, parameters),
        stopping=prepare_stopping(patients, traits, formulary, parameters, weeks),
        switching=prepare_switching(patients, formulary, parameters),
        life=prepare_life(patients, strategy, formulary, parameters),
    )


def _last_days(
    patients: Patients, parameters: Parameters, weeks: int, has_no_end: bool
) -> np.ndarray:
    """Return the last day on which each patient can be observed, from the index day."""
    last = np.full(len(patients), DAYS_PER_WEEK * weeks - 1.0)
    end_of_data = first_day_of_year(parameters["end_of_data_year"]) - 1
    return last if has_no_end else np.minimum(end_of_data - patients.index_day, last)


def _begin(
    state: State, block: Block, settings: _Settings, lines: LineDraws, record: Record
) -> None:
    """Start everybody on the index drug, its companion and, in some, a steroid."""
    everybody = np.arange(len(state))
    state.next_start = np.zeros(len(state))
    start_drug(state, everybody, record)
    begin_response(state, everybody, settings.response, lines)
    begin_clocks(state, everybody, lines)
    state.companion_left = lines.companion_clocks.copy()
    record.companion.drug[0] = state.companion
    record.companion.start[0, state.companion > 0] = 0
    record.companion.dose_fraction[0] = state.dose_fraction
    record.courses.dose_fraction[:] = state.dose_fraction
    bridge(state, block.draws, settings.steroid, record)


def _pass_week(now: Now, settings: _Settings) -> None:
    """Let one week pass for everybody."""
    state = now.state
    respond(state, now.week, settings.response)
    now.record.effect.append(state.effect.astype(np.float32))
    now.record.steroid_mg.append(state.steroid_mg.astype(np.float32))
    lymphocytes = suppress_marrow(state, settings.monitoring)
    end_observation(now, settings.life)
    infect(now, settings.infection, lymphocytes)
    take_tests(now, settings.monitoring, lymphocytes)
    live(now, settings.life)
    stop_companions(now, settings.stopping)
    plan_next(now, *stop_leading(now, settings.stopping), settings.switching)
    _start_planned(now, settings)
    adjust_steroids(now, settings.steroid)


def _start_planned(now: Now, settings: _Settings) -> None:
    """Start the next drug of those whose day has come."""
    state, who = now.state, due_to_start(now.state, now.week)
    if len(who):
        start_drug(state, who, now.record)
        begin_response(state, who, settings.response, now.lines)
        begin_clocks(state, who, now.lines)
        state.next_test[who] = now.week + 1
        state.is_overdue[who] = False


def _close_at_death(state: State, record: Record) -> None:
    """End what was being taken on the day of death."""
    day, why = np.floor(state.death_day), STOP_REASONS.index("death")
    for courses in (record.courses, record.companion):
        is_open = (courses.start != OPEN) & (courses.stop == OPEN) & np.isfinite(day)
        courses.stop[is_open] = np.broadcast_to(day, is_open.shape)[is_open]
        courses.reason[is_open] = why
