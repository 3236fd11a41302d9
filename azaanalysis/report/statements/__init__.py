"""What three reporting statements ask for: their numbers, our words, and what answers each item."""

from azaanalysis.report.statements.item import Item
from azaanalysis.report.statements.record_pe import RECORD_PE
from azaanalysis.report.statements.strobe import STROBE
from azaanalysis.report.statements.target import TARGET

__all__ = ["STATEMENTS", "Item"]

STATEMENTS: dict[str, tuple[Item, ...]] = {
    "STROBE": STROBE,
    "RECORD-PE": RECORD_PE,
    "TARGET": TARGET,
}
