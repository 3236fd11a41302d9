"""TARGET: 21 items for observational studies that emulate a target trial.

Cashin et al. (2025), BMJ 390:e087179 and JAMA 334:1084. The wording is ours and shorter than the
original; the parts of item 7 are lettered in its order.
"""

from azaanalysis.report.statements.item import Item

TARGET = (
    Item("1a", "It says up front that a target trial is emulated, and why", "design"),
    Item("1b", "It says up front from which data", "source"),
    Item("1c", "It sums up assumptions, methods and results up front", "answers"),
    Item("2", "What is known so far, and what is not"),
    Item("3", "The causal question", "question"),
    Item("4", "Why a trial is emulated with these data"),
    Item("5", "The data: purpose, kind, place, time", "dates"),
    Item("6", "The target trial is specified", "target trial"),
    Item("7a", "Emulated: who is eligible", "emulated eligibility"),
    Item("7b", "Emulated: treatment strategies", "emulated strategies"),
    Item("7c", "Emulated: assignment", "emulated assignment"),
    Item("7d", "Emulated: start and end of follow-up", "emulated follow-up"),
    Item("7e", "Emulated: outcomes", "emulated outcomes"),
    Item("7f", "Emulated: causal contrasts", "emulated contrast"),
    Item("7g", "Emulated: identifying assumptions", "emulated assumptions"),
    Item("7h", "Emulated: analysis", "emulated analysis"),
    Item("8", "How many were selected, stage by stage", "flow"),
    Item("9", "Characteristics at time zero, by strategy", "baseline"),
    Item("10", "Length of follow-up, and why it ended", "endings"),
    Item("11", "Missing values, by strategy", "missing values"),
    Item("12", "How often the outcome happened, by strategy", "events"),
    Item("13", "Effects: absolute, with precision", "differences"),
    Item("13", "Effects: relative, with precision", "relative"),
    Item("14", "Additional analyses", "sensitivity"),
    Item("15", "What the results mean for the question", "reading"),
    Item("16", "Limits: where trial and emulation differ", "limits"),
    Item("17", "Approval by an ethics committee"),
    Item("18", "Where the protocol is registered"),
    Item("19", "Where data, code and material can be had", "origin"),
    Item("20", "Who paid"),
    Item("21", "Conflicts of interest"),
)
