"""What results of tests and measures can be.

Limits are deliberately wide: a value beyond ``impossible_above`` has another unit or a slipped
decimal point; one beyond ``unusual_above`` is worth a look. Both are this package's own judgement.
In 5,168 real panels of patients on thiopurines (Waljee 2010, Clin Gastroenterol Hepatol
8:143-150) white cells ran from 0.7 to 33.5 and ALT to 10,666, all within the limits.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class LabTest:
    """Unit and limits of one laboratory test.

    Parameters
    ----------
    unit
        Unit in the cohort.
    unusual_above, impossible_above
        Limits in that unit.
    needs_limit
        Whether the grade of a result depends on the laboratory's upper limit of normal
        (Common Terminology Criteria for Adverse Events 5.0, 2017: enzymes and bilirubin).
    factors
        Other units, and what to multiply by.
    aliases
        Other names of the test.
    """

    unit: str
    unusual_above: float
    impossible_above: float
    needs_limit: bool = False
    factors: dict[str, float] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Measure:
    """Limits of one measure of disease activity."""

    low: float
    high: float


_PER_MICROLITRE = {"/ul": 1e-3, "cells/ul": 1e-3, "/mm3": 1e-3, "cells/mm3": 1e-3}
_PER_DECILITRE = {"g/dl": 10.0}
_KATAL = {"ukat/l": 60.0}  # 1 katal is 1 mol per second, 1 enzyme unit 1 micromol per minute

TESTS: dict[str, LabTest] = {
    "wbc": LabTest(
        "10^9/L",
        100,
        1000,
        factors=_PER_MICROLITRE,
        aliases=("leukocytes", "leucocytes", "white_cells", "white_cell_count"),
    ),
    "neutrophils": LabTest(
        "10^9/L", 80, 800, factors=_PER_MICROLITRE, aliases=("neut", "anc", "neutrophil_count")
    ),
    "lymphocytes": LabTest(
        "10^9/L", 50, 800, factors=_PER_MICROLITRE, aliases=("lymph", "alc", "lymphocyte_count")
    ),
    "platelets": LabTest("10^9/L", 1500, 6000, factors=_PER_MICROLITRE, aliases=("plt", "plat")),
    "haemoglobin": LabTest(
        "g/L", 220, 350, factors=_PER_DECILITRE, aliases=("hb", "hgb", "hemoglobin")
    ),
    "alt": LabTest("U/L", 5000, 50_000, True, _KATAL, ("alat", "sgpt", "alanine_aminotransferase")),
    "ast": LabTest(
        "U/L", 5000, 50_000, True, _KATAL, aliases=("asat", "sgot", "aspartate_aminotransferase")
    ),
    "alp": LabTest("U/L", 3000, 20_000, True, _KATAL, ("alkaline_phosphatase",)),
    "amylase": LabTest("U/L", 10_000, 100_000, True, _KATAL),
    "lipase": LabTest("U/L", 20_000, 200_000, True, _KATAL),
    "bilirubin": LabTest("umol/L", 800, 2000, True, {"mg/dl": 17.1}, ("bili", "tbil")),
    "albumin": LabTest("g/L", 60, 100, factors=_PER_DECILITRE, aliases=("alb",)),
    "creatinine": LabTest("umol/L", 1500, 5000, factors={"mg/dl": 88.4}, aliases=("creat",)),
    "crp": LabTest("mg/L", 500, 1500, factors={"mg/dl": 10.0}, aliases=("c_reactive_protein",)),
    "calprotectin": LabTest("ug/g", 20_000, 100_000, factors={"mg/kg": 1.0}, aliases=("fcal",)),
    "mcv": LabTest("fL", 140, 200),
    "6tgn": LabTest("pmol/8x10^8 RBC", 6000, 20_000, aliases=("tgn", "6_tgn")),
    "6mmp": LabTest("pmol/8x10^8 RBC", 50_000, 300_000, aliases=("mmp", "6_mmp")),
}
TEST_ALIASES = {alias: name for name, test in TESTS.items() for alias in test.aliases}

# Spellings of a unit that mean exactly the same amount.
_SAME_UNIT = {
    "10^9/L": "10^9/l 10*9/l 10e9/l x10^9/l x10e9/l giga/l gi/l 10^3/ul 10*3/ul x10^3/ul "
    "k/ul thou/ul 10^3/mm3 1000/ul",
    "U/L": "u/l iu/l",
    "g/L": "g/l",
    "umol/L": "umol/l mcmol/l",
    "mg/L": "mg/l",
    "ug/g": "ug/g mcg/g",
    "fL": "fl",
    "pmol/8x10^8 RBC": "pmol/8x10^8rbc pmol/8x10^8 pmol/8x10^8erythrocytes",
}
_SPELLINGS = {word: unit for unit, words in _SAME_UNIT.items() for word in words.split()}

MEASURES: dict[str, Measure] = {
    "cdai": Measure(-50, 1100),
    "hbi": Measure(0, 60),
    "mayo": Measure(0, 12),
    "partial_mayo": Measure(0, 9),
    "mayo_endoscopic": Measure(0, 3),
    "das28_crp": Measure(0, 11),
    "das28_esr": Measure(0, 11),
    "sledai": Measure(0, 105),
    "proteinuria_g_per_day": Measure(0, 60),
    "bvas": Measure(0, 63),
    "easi": Measure(0, 72),
}


def convert_unit(test: str, unit: str) -> tuple[str, float] | None:
    """Return the cohort's unit of a test and what to multiply by; None if that is not known.

    A test that is not in ``TESTS`` keeps its unit.
    """
    if test not in TESTS:
        return unit, 1.0
    spelled = unit.lower().replace("µ", "u").replace("μ", "u").replace(" ", "")
    if _SPELLINGS.get(spelled) == TESTS[test].unit:
        return TESTS[test].unit, 1.0
    factor = TESTS[test].factors.get(spelled)
    return None if factor is None else (TESTS[test].unit, factor)
