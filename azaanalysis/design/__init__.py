"""From a cohort and a question to patients followed from the same day on."""

from azaanalysis.design.baseline import measure_baseline
from azaanalysis.design.clones import Grace, clone_censor_weight
from azaanalysis.design.follow import follow
from azaanalysis.design.follow_up import FollowUp, follow_up_from_frame
from azaanalysis.design.observed_time import measure_follow_up
from azaanalysis.design.weigh import weigh

__all__ = [
    "FollowUp",
    "Grace",
    "clone_censor_weight",
    "follow",
    "follow_up_from_frame",
    "measure_baseline",
    "measure_follow_up",
    "weigh",
]
