"""From a cohort and a question to patients followed from the same day on."""

from azaanalysis.design.balance import measure_balance
from azaanalysis.design.baseline import measure_baseline
from azaanalysis.design.censoring import weigh_departures
from azaanalysis.design.checks import check_design, check_table, findings_to_frame
from azaanalysis.design.clones import Grace, clone_censor_weight
from azaanalysis.design.companions import follow_by_companion
from azaanalysis.design.dose import follow_by_dose
from azaanalysis.design.exposure import follow_by_drug, follow_by_level
from azaanalysis.design.follow import follow
from azaanalysis.design.follow_up import FollowUp, follow_up_from_frame
from azaanalysis.design.gate import GateResult, check_gate
from azaanalysis.design.harms import follow_cause, follow_harms
from azaanalysis.design.impute import impute
from azaanalysis.design.judged import Judged, judge_by_level
from azaanalysis.design.kinds import follow_kinds
from azaanalysis.design.late_tests import follow_by_testing
from azaanalysis.design.later_start import measure_later_start
from azaanalysis.design.leaving import Departures
from azaanalysis.design.levels import Levels, follow_levels, sample_individuals
from azaanalysis.design.line_follow_up import follow_line, follow_next_line, measure_lines
from azaanalysis.design.lines import describe_lines
from azaanalysis.design.matching import MatchingChoices, weigh_by_matching
from azaanalysis.design.monitoring import follow_by_trait, thin_tests
from azaanalysis.design.observed_time import (
    measure_endings,
    measure_follow_up,
    measure_potential_follow_up,
)
from azaanalysis.design.off_steroids import follow_off_steroids
from azaanalysis.design.over_time import Changing
from azaanalysis.design.overlap import (
    measure_equipoise,
    measure_preference,
    measure_support,
    measure_weights,
)
from azaanalysis.design.recurrent import follow_recurrent
from azaanalysis.design.strata import weigh_by_strata
from azaanalysis.design.strategies import describe_strategies
from azaanalysis.design.subgroups import Subgroup, follow_subgroups
from azaanalysis.design.thresholds import describe_thresholds
from azaanalysis.design.together import follow_together
from azaanalysis.design.ways import (
    Way,
    describe_estimands,
    list_estimands,
    list_specifications,
)
from azaanalysis.design.weigh import weigh
from azaanalysis.design.without import follow_without

__all__ = [
    "Changing",
    "Departures",
    "FollowUp",
    "GateResult",
    "Grace",
    "Judged",
    "Levels",
    "MatchingChoices",
    "Subgroup",
    "Way",
    "check_design",
    "check_gate",
    "check_table",
    "clone_censor_weight",
    "describe_estimands",
    "describe_lines",
    "describe_strategies",
    "describe_thresholds",
    "findings_to_frame",
    "follow",
    "follow_by_companion",
    "follow_by_dose",
    "follow_by_drug",
    "follow_by_level",
    "follow_by_testing",
    "follow_by_trait",
    "follow_cause",
    "follow_harms",
    "follow_kinds",
    "follow_levels",
    "follow_line",
    "follow_next_line",
    "follow_off_steroids",
    "follow_recurrent",
    "follow_subgroups",
    "follow_together",
    "follow_up_from_frame",
    "follow_without",
    "impute",
    "judge_by_level",
    "list_estimands",
    "list_specifications",
    "measure_balance",
    "measure_baseline",
    "measure_endings",
    "measure_equipoise",
    "measure_follow_up",
    "measure_later_start",
    "measure_lines",
    "measure_potential_follow_up",
    "measure_preference",
    "measure_support",
    "measure_weights",
    "sample_individuals",
    "thin_tests",
    "weigh",
    "weigh_by_matching",
    "weigh_by_strata",
    "weigh_departures",
]
