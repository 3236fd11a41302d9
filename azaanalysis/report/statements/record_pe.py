"""RECORD and RECORD-PE: what routinely collected data and drugs add to STROBE.

Benchimol et al. (2015), PLoS Med 12:e1001885; Langan et al. (2018), BMJ 363:k3532. Numbers with a
letter are those of RECORD-PE. The wording is ours and shorter than the original.
"""

from azaanalysis.report.statements.item import Item

_JOINED = "the data come to this package already joined; whoever linked them says how"

RECORD_PE = (
    Item("1.1", "The kind of data and their name stand up front", "source"),
    Item("1.2", "Region and time stand up front: time", "dates"),
    Item("1.2", "Region and time stand up front: region"),
    Item("1.3", "Whether databases were linked", "", _JOINED),
    Item("4.a", "The specific design and its features, and every design if several", "design"),
    Item("4.b", "A drawing of washout, exposure and follow-up", "drawing"),
    Item("6.1", "Codes or rules by which the patients were chosen", "eligibility"),
    Item("6.1.a", "The order of these rules, and how often a patient may enter", "flow"),
    Item("6.2", "Whether these codes were validated"),
    Item("6.3", "A flow diagram of the linkage", "", _JOINED),
    Item("7.1", "Codes of treatments, outcomes and confounders", "arms"),
    Item("7.1.a", "How the definition of exposure came about", "new users"),
    Item("7.1.b", "Which data tell of exposure", "source"),
    Item("7.1.c", "When a patient counts as exposed", "follow-up"),
    Item("7.1.d", "How events are ascribed to current or past use", "stopping"),
    Item(
        "7.1.e",
        "How dose and time on treatment enter",
        "",
        "doses of the study drugs do not enter; time does, in the curves",
    ),
    Item("7.1.f", "Which comparator, and why", "reference"),
    Item("7.1.g", "What happens when a patient takes more than one of the drugs", "switching"),
    Item("8.a", "The health system, and how its records of drugs come about"),
    Item("12.1", "Whose database it is, and what the authors could see of it"),
    Item("12.1.a", "How the assumptions of the methods were examined", "gate"),
    Item("12.1.b", "Several designs or analyses, and why", "sensitivity"),
    Item("12.2", "How the data were cleaned", "loading"),
    Item("12.3", "How records were linked, and how well", "", _JOINED),
    Item("13.1", "How the patients were selected, stage by stage", "flow"),
    Item("19.1", "What follows from data that were not made for this question", "limits"),
    Item("19.1.a", "How well the database captures the treatments"),
    Item("20.a", "Confounding by indication and other explanations", "reading"),
    Item("22.1", "Where protocol, data and code can be had", "origin"),
)
