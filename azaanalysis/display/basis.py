"""How numbers arose that are no estimates: one sentence each, with what they are counted over."""

ATTRITION = "Patients counted at each step; who left and who remains add up to the line before."
BALANCE = (
    "Differences between all patients of two arms, in units of the standard deviation, from the "
    "cohort on the index day."
)
BASELINE = (
    "The patients of each arm on the index day; the number in the heading of an arm is what its "
    "percentages are of."
)
EQUIPOISE = "Preference scores of all patients of two arms, from the propensity model of the study."
GATE = "Balance, overlap and effective size after weighting, beside the limits of the study file."
LOADING = "Rows of the tables, counted as they were read."
PROTOCOL = "Settings of the study file, in words."
REALISM = "Counted on the invented patients; the published numbers have their source beside them."
SUPPORT = "Patients of each group; a share is of all patients of the group, whatever they received."
TRUTH = "Estimates of this page, beside what is true of the invented patients."
WEIGHTS = "The weights of all patients of an arm; its effective size is computed from them."
WORLDS = "Computed before, on invented patients whose truth is known; stored with the package."
FILES = "Rows of the files of this report, counted."
CONFOUNDING = "Shares and risks of the patients of two arms as observed, with a trait and without."
WAYS = "Answers of this page under every combination of choices, counted; all are in its results."
LOST = "The shares of patients lost, in the note, stand in the results of the page as well."
TESTS = "The tests that were made, counted."
