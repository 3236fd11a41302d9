"""What the tables of a cohort must be, and how faults in them are found."""

from azaanalysis.schema.check import check_tables, find_faults
from azaanalysis.schema.dictionary import write_dictionary, write_templates
from azaanalysis.schema.origins import Origin
from azaanalysis.schema.tables import TABLES, Column, Table
from azaanalysis.schema.types import as_schema_types

__all__ = [
    "TABLES",
    "Column",
    "Origin",
    "Table",
    "as_schema_types",
    "check_tables",
    "find_faults",
    "write_dictionary",
    "write_templates",
]
