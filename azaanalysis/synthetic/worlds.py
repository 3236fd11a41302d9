"""Named worlds: each bends the base world in one way that an estimator may or may not survive."""

from __future__ import annotations

from importlib.resources import files
from types import MappingProxyType

import pandas as pd

from azaanalysis.synthetic.parameters import BASE_WORLD

# What each world is for. Its numbers are the rows of parameters.csv that carry its name.
WORLDS = MappingProxyType(
    {
        BASE_WORLD: (
            "Adults with Crohn's disease or ulcerative colitis who start azathioprine, an "
            "anti-TNF, both or a JAK inhibitor between 2012 and 2024. Choice depends on severity, "
            "earlier biologics, comorbidity, cancer, TPMT and the calendar. The numbers are "
            "anchored to published persistence, remission and infection rates."
        ),
        "randomised": (
            "The same patients and drugs, but the strategy is drawn by lot and every drug is "
            "available throughout. Crude comparisons are unbiased: whatever an estimator adds in "
            "bias here is its own."
        ),
        "null_effect": (
            "Every drug behaves like azathioprine and a companion does nothing, while the choice "
            "of strategy is confounded as in the base world. Under each strategy the same "
            "patient has the same first treatment to the day, so every true effect is exactly "
            "null: the place to measure type I error."
        ),
        "delayed_effect": (
            "Azathioprine sets in after about five months, but then in most, the others within "
            "weeks. Hazards are far from proportional: an early difference says nothing about a "
            "late one, and a single hazard ratio describes nobody."
        ),
        "crossing_curves": (
            "A third stops azathioprine in the first months and few later; the other drugs are "
            "stopped seldom at first and often later. The persistence curves cross, so the "
            "answer depends on the day, and a log-rank test may see nothing."
        ),
        "strong_confounding": (
            "The base world with the dial at 2: severity and history decide twice as strongly. "
            "Adjustment has to do more, with fewer comparable patients."
        ),
        "poor_overlap": (
            "The dial at 4: some patients have next to no chance of one of the strategies. "
            "Inverse weights explode; overlap weights and trimming change the question instead."
        ),
        "unmeasured_confounding": (
            "A standard normal trait that is in no table raises the odds of every strategy but "
            "azathioprine, raises infections and stops for lack of efficacy, and lowers response. "
            "No adjustment for the tables can be right; sensitivity analyses should say so."
        ),
        "informative_switching": (
            "The iller and those who do not respond leave their drug early and start another. "
            "Censoring at the switch takes away those at high risk; on-treatment analyses need "
            "weights for it."
        ),
        "arm_dependent_censoring": (
            "Users of anti-TNF and JAK inhibitors are lost to follow-up several times as often, "
            "above all while not responding. Methods that pool the censoring distribution over "
            "arms go wrong."
        ),
        "competing_hazard_doubled": (
            "Stops for adverse events and by choice come twice as fast on anti-TNF and JAK "
            "inhibitors, everything else as in the base world. The risk of response falls though "
            "its own hazard does not: the difference between cause-specific hazard and risk."
        ),
        "rare_events": (
            "Infections are twenty times rarer. Intervals that lean on the normal distribution "
            "fail, and arms with no event have to be survived."
        ),
        "missed_visits": (
            "Half of the visits are missed and half of the others late by weeks. Response is seen "
            "long after it began; dating it to the visit biases times to response."
        ),
        "small": (
            "One hospital: 150 starters within three years, followed for two at most. Arms hold a "
            "few dozen patients and a handful of events; whatever leans on large numbers is put "
            "to the test, and every difference has a wide interval."
        ),
        "constant_hazard": (
            "By lot, and with every hazard of stopping, serious infection and death constant and "
            "the same for everybody: 30 adverse events and 10 choices per 100 patient-years stop "
            "azathioprine, 15 and 20 an anti-TNF (alone or with azathioprine), 20 and 25 a JAK "
            "inhibitor; 2 per 100 die; serious infections come at 10 per 100, times 1, 1.5 and 2. "
            "Every truth is an exponential that can be worked by hand."
        ),
        "rheumatoid_arthritis": (
            "Another disease: rheumatoid arthritis, followed by DAS28-CRP, with azathioprine, "
            "anti-TNF, JAK inhibitors, rituximab and abatacept. Azathioprine works in few and is "
            "stopped by many; biologics are fast; zoster marks the JAK inhibitors."
        ),
        "lupus_nephritis": (
            "Another disease: lupus nephritis, followed by proteinuria, with azathioprine, "
            "mycophenolate, belimumab and rituximab on a background of steroids. Most patients "
            "are young women; mycophenolate goes to the iller and is stopped in pregnancy; "
            "infections are frequent."
        ),
        "anca_vasculitis": (
            "Another disease: ANCA vasculitis, followed by BVAS, with azathioprine, rituximab and "
            "mycophenolate as maintenance. Nearly all start on high steroids and most respond; "
            "relapses (event flare) set the drugs apart, and treatment ends as planned after "
            "about two years."
        ),
    }
)


def load_naive_errors() -> pd.DataFrame:
    """Read what a naive analysis gets wrong in each world.

    Returns
    -------
    pandas.DataFrame
        One row per world and naive analysis: ``quantity`` (the question), ``analysis`` (what was
        done naively), ``truth`` and ``naive`` in percent, ``error`` (naive minus true) in
        percentage points with its Monte-Carlo ``std_error``, ``n_patients`` and ``seed``.
        Measured by ``benchmarks/naive_errors.py``; a test measures a part of it again.
    """
    table = files("azaanalysis.synthetic").joinpath("naive_errors.csv")
    with table.open(encoding="utf-8") as file:
        return pd.read_csv(file)


def describe_world(world: str) -> str:
    """Return the paragraph on a world.

    Raises
    ------
    KeyError
        If there is no such world; ``WORLDS`` lists them.
    """
    return WORLDS[world]
