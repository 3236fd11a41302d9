"""From a cohort and a question to patients followed from the same day on."""

from azaanalysis.design.baseline import measure_baseline
from azaanalysis.design.follow import follow
from azaanalysis.design.follow_up import FollowUp, follow_up_from_frame

__all__ = ["FollowUp", "follow", "follow_up_from_frame", "measure_baseline"]
