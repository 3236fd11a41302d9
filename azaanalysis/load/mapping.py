"""The mapping file: how an export is read as the tables of a cohort.

It has a small, fixed set of words; it is data, not a program.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from azaanalysis.load.dates import FORMATS, format_of
from azaanalysis.vocab import Drug, as_code, drugs

MISSING = ("", "NA", "N/A", "NaN", "NULL", ".")
UNIT_FACTORS: dict[tuple[str, str], float] = {
    ("lb", "kg"): 0.45359237,
    ("g", "kg"): 0.001,
    ("months", "years"): 1 / 12,
    ("days", "years"): 1 / 365.25,
    ("weeks", "days"): 7.0,
    ("months", "days"): 365.25 / 12,
    ("years", "days"): 365.25,
    ("g per day", "mg per day"): 1000.0,
    ("mg per week", "mg per day"): 1 / 7,
}


class Strict(BaseModel):
    """An entry of the mapping file that knows no other words than its own."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Cells(Strict):
    """How cells are written; for a whole file or for one column."""

    date_format: str | None = None
    decimal: Literal[".", ","] | None = None
    thousands: Literal[",", ".", " ", "'"] | None = None
    missing: tuple[str, ...] | None = None

    @field_validator("date_format")
    @classmethod
    def _known_format(cls, written: str | None) -> str | None:
        if written is not None and written not in FORMATS and format_of(written) is None:
            raise ValueError(
                f"'{written}' is no date format; write it with YYYY, MM or MMM, and DD, for "
                "example DD/MM/YYYY, or 'excel' or 'sas' for day numbers"
            )
        return written


class Options(Cells):
    """How a file is written."""

    encoding: str | None = None
    delimiter: str | None = None
    skip_rows: Annotated[int, Field(ge=0)] = 0
    sheet: str | None = None


class DaysAfter(Strict):
    """A date counted in days from another."""

    date: str
    days: str


class Condition(Strict):
    """What a cell must be. A plain word or a list of words means: one of these."""

    one_of: tuple[str, ...] | None = None
    not_: tuple[str, ...] | None = Field(None, alias="not")
    like: str | None = None
    not_like: str | None = None
    is_: Literal["empty", "filled"] | None = Field(None, alias="is")

    def in_words(self) -> str:
        """Say the condition as a sentence would."""
        parts = {
            "is": " or ".join(self.one_of or ()),
            "is not": " or ".join(self.not_ or ()),
            "is like": self.like or "",
            "is not like": self.not_like or "",
            "is  ": self.is_ or "",
        }
        return " and ".join(f"{verb.strip()} {words}" for verb, words in parts.items() if words)


def _as_list(entry: Any) -> Any:
    return entry if isinstance(entry, list | tuple) else [entry]


def _as_condition(entry: Any) -> Any:
    if not isinstance(entry, Mapping):
        return {"one_of": _as_list(entry)}
    return {**entry, **({"not": _as_list(entry["not"])} if "not" in entry else {})}


def _as_recipe(entry: Any) -> Any:
    return entry if isinstance(entry, Mapping | BaseModel) else {"column": entry}


Where = dict[str, Annotated[Condition, BeforeValidator(_as_condition)]]


class Recipe(Cells):
    """How one column of a table is made."""

    column: str | None = None
    constant: str | None = None
    days_after: DaysAfter | None = None
    earliest: tuple[str, ...] | None = None
    latest: tuple[str, ...] | None = None
    codes: dict[str, str] = Field(default_factory=dict)
    otherwise: str | None = None
    between: tuple[str, str] | None = None
    where: Where = Field(default_factory=dict)
    unit: str | None = None
    factor: float | None = None
    kind: Literal["text", "number", "date", "truth"] | None = None
    optional: bool = False

    @model_validator(mode="after")
    def _one_source(self) -> Recipe:
        sources = ("column", "constant", "days_after", "earliest", "latest")
        if sum(getattr(self, name) is not None for name in sources) != 1:
            raise ValueError(f"give exactly one of {', '.join(sources)}")
        return self


class Part(Options):
    """How one file, or one sheet, is read as rows of one table."""

    file: str | None = None
    optional: bool = False
    where: Where = Field(default_factory=dict)
    columns: dict[str, Annotated[Recipe, BeforeValidator(_as_recipe)]] = Field(default_factory=dict)
    further: dict[str, Annotated[Recipe, BeforeValidator(_as_recipe)]] = Field(default_factory=dict)

    @field_validator("further", mode="before")
    @classmethod
    def _named_as_they_are(cls, entry: Any) -> Any:
        return {as_code(name): name for name in entry} if isinstance(entry, list) else entry

    @property
    def is_automatic(self) -> bool:
        """Whether the mapping file says nothing about the columns."""
        return not self.columns and not self.further


class DrugEntry(Strict):
    """A drug that the vocabulary does not know."""

    treatment_class: str
    aliases: tuple[str, ...] = ()
    atc: str = ""
    rxnorm: str = ""


Parts = Annotated[tuple[Part, ...], BeforeValidator(_as_list)]


class LoadMapping(Strict):
    """A whole mapping file."""

    name: str | None = None
    defaults: Options = Options()
    drugs: dict[str, DrugEntry] = Field(default_factory=dict)
    patients: Parts = ()
    courses: Parts = ()
    visits: Parts = ()
    labs: Parts = ()
    events: Parts = ()
    steroids: Parts = ()
    times: Parts = ()

    def parts(self, table: str) -> tuple[Part, ...]:
        """Return the parts of one table, each with the defaults of the file filled in."""
        parts: tuple[Part, ...] = getattr(self, table)
        given = self.defaults.model_dump(exclude_unset=True)
        return tuple(part.model_copy(update=_unset(part, given)) for part in parts)

    def drugs_known(self) -> dict[str, Drug]:
        """Return the drugs of the vocabulary and those declared here."""
        declared = {
            name: Drug(name, drug.treatment_class, drug.atc, drug.rxnorm, drug.aliases)
            for name, drug in ((as_code(name), drug) for name, drug in self.drugs.items())
        }
        return {**drugs(), **declared}


def _unset(part: Part, given: dict[str, Any]) -> dict[str, Any]:
    return {name: entry for name, entry in given.items() if name not in part.model_fields_set}
