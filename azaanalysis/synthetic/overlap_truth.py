"""The truth of those who could have received any strategy, without following anybody else."""

from __future__ import annotations

from collections.abc import Sequence

from azaanalysis.errors import ParameterError
from azaanalysis.synthetic.formulary import open_formulary
from azaanalysis.synthetic.outcomes import Reading
from azaanalysis.synthetic.parameters import load_parameters
from azaanalysis.synthetic.truth import (
    DEFAULT_READING,
    Truth,
    Wanted,
    truth_of,
    without_censoring,
)


def simulate_overlap_truth(
    world: str,
    strategies: Sequence[str],
    *,
    n_patients: int = 50_000,
    seed: int = 20_240_101,
    horizon_days: int = 1095,
    reading: Reading = DEFAULT_READING,
) -> Truth:
    """Simulate the truth of those who could have received any of some strategies.

    Most people of a world weigh little or nothing in its overlap population, and what becomes of
    them would be simulated for nothing. Here each is followed with a chance in proportion to the
    weight, and stands for all those who are not.

    Parameters
    ----------
    world, seed, horizon_days, reading
        As in :func:`simulate_truth`.
    strategies
        Strategies that overlap.
    n_patients
        People who are invented; as precise a truth as :func:`simulate_truth` has from as many, at
        a fraction of the time.

    Returns
    -------
    Truth
        As from :func:`simulate_truth`, in the overlap population; in others it is valid, too,
        except that those to whom one of the strategies is closed are not there.

    Raises
    ------
    ParameterError
        If a strategy or the world is unknown.

    Notes
    -----
    Source of the idea: Owen (2013), Monte Carlo theory, methods and examples, chapter 9
    (importance sampling).
    """
    numbers = without_censoring(load_parameters(world), horizon_days)
    _refuse_unknown(strategies, open_formulary(numbers).strategies)
    wanted = Wanted(numbers, n_patients, seed, reading, horizon_days, tuple(strategies))
    return truth_of(wanted, world).among("overlap", strategies=strategies)


def _refuse_unknown(strategies: Sequence[str], known: Sequence[str]) -> None:
    for strategy in strategies:
        if strategy not in known:
            raise ParameterError(
                f"'{strategy}' is not a strategy of this world; it has {', '.join(known)}."
            )
