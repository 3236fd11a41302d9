"""What each table of a cohort must be: the one place where it is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "date", "number", "count", "truth", "code"]


@dataclass(frozen=True)
class Column:
    """What one column must hold.

    Parameters
    ----------
    name
        Name in the cohort.
    kind
        ``"code"`` is a word written in small letters with underscores; ``"text"`` is kept as it is.
    meaning
        One sentence for the data dictionary.
    required
        Whether every row must have a value.
    unit
        Unit of a number.
    low, high
        Smallest and largest value that can be true; None if there is no such limit.
    codes
        All words allowed; empty if any word is.
    aliases
        Other spellings of the codes, resolved on reading.
    """

    name: str
    kind: Kind
    meaning: str
    required: bool = False
    unit: str = ""
    low: float | None = None
    high: float | None = None
    codes: tuple[str, ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Table:
    """What one table must be."""

    name: str
    one_row_is: str
    columns: tuple[Column, ...]
    required: bool = False

    def __getitem__(self, name: str) -> Column:
        """Return the column of that name."""
        return next(column for column in self.columns if column.name == name)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(column.name for column in self.columns)


DISEASES = (
    *("crohns_disease", "ulcerative_colitis", "rheumatoid_arthritis", "lupus", "lupus_nephritis"),
    *("anca_vasculitis", "atopic_dermatitis", "autoimmune_hepatitis", "myasthenia_gravis"),
    *("kidney_transplant", "other"),
)
STOP_REASONS = (
    *("adverse_event", "lack_of_efficacy", "remission", "patient_choice", "pregnancy", "death"),
    *("administrative", "lost_to_follow_up", "completed", "other"),
)
_GENE = ("normal", "intermediate", "deficient", "untested")
_SEX = (("f", "female"), ("m", "male"), ("woman", "female"), ("man", "male"))
_DISEASE = (
    *(("crohn", "crohns_disease"), ("crohns", "crohns_disease"), ("cd", "crohns_disease")),
    *(("uc", "ulcerative_colitis"), ("ra", "rheumatoid_arthritis")),
    *(("sle", "lupus"), ("systemic_lupus_erythematosus", "lupus"), ("aih", "autoimmune_hepatitis")),
)
_SMOKING = (("ex", "former"), ("ex_smoker", "former"), ("never_smoker", "never"))
_PATIENT = Column(
    "patient_id", "text", "Pseudonym of the person; never shown in a report.", required=True
)


def _tables() -> tuple[Table, ...]:
    return (
        Table("patients", "a person", (_PATIENT, *_PATIENTS), required=True),
        Table("courses", "a spell on one drug", (_PATIENT, *_COURSES), required=True),
        Table("visits", "an assessment of the disease", (_PATIENT, *_VISITS)),
        Table("labs", "a laboratory result", (_PATIENT, *_LABS)),
        Table("events", "something that happened to a person", (_PATIENT, *_EVENTS)),
        Table("steroids", "a spell of steroid at one dose", (_PATIENT, *_STEROIDS)),
        Table("times", "a time to an event, as derived by the source", (_PATIENT, *_TIMES)),
    )


_PATIENTS = (
    Column("birth_date", "date", "Date of birth. This or age_years is required."),
    Column(
        "age_years",
        "number",
        "Age when observation starts; worked out from birth_date if empty.",
        unit="years",
        low=0,
        high=120,
    ),
    Column("sex", "code", "Sex.", codes=("female", "male", "other"), aliases=_SEX),
    Column("disease", "code", "Disease treated.", required=True, codes=DISEASES, aliases=_DISEASE),
    Column("diagnosis_date", "date", "Date of diagnosis of that disease."),
    Column("ancestry", "text", "Ancestry, in the words of the source."),
    Column("weight_kg", "number", "Weight when observation starts.", unit="kg", low=1, high=400),
    Column(
        "smoking",
        "code",
        "Smoking when observation starts.",
        codes=("never", "former", "current"),
        aliases=_SMOKING,
    ),
    Column("tpmt", "code", "Thiopurine methyltransferase activity.", codes=_GENE),
    Column("nudt15", "code", "NUDT15 status.", codes=_GENE),
    Column(
        "prior_biologics",
        "count",
        "Biologics or JAK inhibitors before observation starts.",
        unit="drugs",
        low=0,
        high=30,
    ),
    Column("comorbidity_score", "number", "Comorbidity score; the study says which."),
    Column("has_liver_disease", "truth", "Chronic liver disease when observation starts."),
    Column("has_cancer_history", "truth", "Any cancer before observation starts."),
    Column("site", "text", "Hospital or centre."),
    Column("observed_from", "date", "First day on which an event would be known.", required=True),
    Column("observed_to", "date", "Last day on which an event would be known.", required=True),
    Column("death_date", "date", "Date of death; empty if alive or unknown."),
)
_COURSES = (
    Column("drug", "code", "Ingredient; brand names are resolved on reading.", required=True),
    Column("treatment_class", "code", "Class of the drug; filled from the drug if empty."),
    Column("start_date", "date", "First day covered.", required=True),
    Column("stop_date", "date", "Last day covered, inclusive; empty if treatment continues."),
    Column(
        "stop_reason",
        "code",
        "Why treatment stopped; empty if it continues or nobody knows.",
        codes=STOP_REASONS,
    ),
    Column("dose_mg_per_day", "number", "Dose.", unit="mg per day", low=0, high=20_000),
    Column("route", "code", "Route of administration, e.g. oral, subcutaneous, intravenous."),
)
_VISITS = (
    Column("visit_date", "date", "Date of the assessment.", required=True),
    Column(
        "measure", "code", "What was measured: cdai, mayo, das28_crp, clinical ...", required=True
    ),
    Column("value", "number", "Score; empty if the source gives only response or remission."),
    Column("has_response", "truth", "Whether there was a response, as judged by the source."),
    Column("has_remission", "truth", "Whether there was remission, as judged by the source."),
)
_LABS = (
    Column("test_date", "date", "Date of the sample.", required=True),
    Column("test", "code", "What was measured: wbc, neutrophils, alt, crp ...", required=True),
    Column("value", "number", "Result, in the unit given beside it.", required=True),
    Column("unit", "text", "Unit of the result and of its limit.", required=True),
    Column("upper_limit_normal", "number", "Upper limit of normal of that laboratory.", low=0),
)
_EVENTS = (
    Column("event_date", "date", "First day of the event.", required=True),
    Column("event", "code", "infection, malignancy, hospitalisation, surgery, ...", required=True),
    Column("is_serious", "truth", "Hospital admission, intravenous antimicrobials or death."),
    Column("is_opportunistic", "truth", "Opportunistic by the published consensus list."),
    Column("site_of_infection", "code", "herpes_zoster, pneumonia, urinary_tract, ..."),
    Column("end_date", "date", "Last day of the event."),
)
_STEROIDS = (
    Column("start_date", "date", "First day at this dose.", required=True),
    Column("stop_date", "date", "Last day at this dose, inclusive; empty if it continues."),
    Column(
        "prednisolone_mg_per_day",
        "number",
        "Dose as prednisolone-equivalent.",
        required=True,
        unit="mg per day",
        low=0,
        high=5_000,
    ),
)
_TIMES = (
    Column("endpoint", "text", "Name of the endpoint in the source.", required=True),
    Column("start_date", "date", "Day from which the source counts.", required=True),
    Column(
        "time_days", "number", "Time as derived by the source.", required=True, unit="days", low=0
    ),
    Column("cause", "code", "What ended the time; empty if it was censored."),
)

TABLES: dict[str, Table] = {table.name: table for table in _tables()}
