"""STROBE for cohort studies: 22 items, those with several parts in several lines.

von Elm et al. (2007), PLoS Med 4:e296. The wording is ours and shorter than the original.
"""

from azaanalysis.report.statements.item import Item

STROBE = (
    Item("1a", "The design is named where a reader begins", "design"),
    Item("1b", "A summary says what was done and found", "answers"),
    Item("2", "Why the question is asked: what is known so far"),
    Item("3", "What is to be found out, said beforehand", "question"),
    Item("4", "The main features of the design come early", "drawing"),
    Item("5", "Dates: recruitment, treatment, follow-up", "dates"),
    Item("5", "Setting and places"),
    Item("6a", "Who was eligible, and how they were chosen", "eligibility"),
    Item("6a", "How they were followed", "follow-up"),
    Item("6b", "If matched: by what, and how many", "", "nobody is matched: all who started count"),
    Item("7", "Outcomes are defined", "outcome"),
    Item("7", "Treatments are defined", "arms"),
    Item("7", "Possible confounders are named", "covariates"),
    Item("8", "Where each variable comes from and how it was measured", "definition"),
    Item("9", "What was done against bias", "adjustment"),
    Item("10", "How the size of the study came about", "", "all who are eligible are in it"),
    Item("11", "How numbers were handled, and grouped", "baseline"),
    Item("12a", "All statistical methods", "conventions"),
    Item("12b", "How subgroups and interactions were looked at", "subgroups"),
    Item("12c", "How missing values were handled", "missing values"),
    Item("12d", "How loss to follow-up was handled", "endings"),
    Item("12e", "Which assumptions were changed to see what depends on them", "sensitivity"),
    Item("13a", "How many remained at each stage", "flow"),
    Item("13b", "Why the others left", "flow"),
    Item("13c", "A flow diagram", "flow diagram"),
    Item("14a", "Who the patients are, by arm", "baseline"),
    Item("14b", "How many values each variable misses", "missing values"),
    Item("14c", "How long they were followed, in all", "time at risk"),
    Item("15", "How many events, over time", "events"),
    Item("16a", "Estimates adjusted for confounders, and for which", "weights"),
    Item("16a", "Their precision", "intervals"),
    Item(
        "16b",
        "Limits of the groups into which a number was cut",
        "",
        "covariates that are numbers enter as numbers",
    ),
    Item("16c", "Absolute as well as relative risks", "absolute"),
    Item("17", "Other analyses: subgroups", "subgroups"),
    Item("17", "Other analyses: sensitivity", "sensitivity"),
    Item("18", "The main results, held against what was asked", "answers"),
    Item("19", "Limits, and the direction of possible bias", "limits"),
    Item("20", "A careful reading of all of it", "reading"),
    Item("21", "To whom the results apply", "adjustment"),
    Item("22", "Who paid, and their part in it"),
)
