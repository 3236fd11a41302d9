"""Which function measures which published number on invented patients."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from azaanalysis.synthetic import anchor_metabolites as metabolites
from azaanalysis.synthetic import anchor_safety as safety
from azaanalysis.synthetic import anchor_treatment as treatment
from azaanalysis.synthetic.samples import Measured, Samples

Measure = Callable[[Samples], Measured]


def _crohns(arm: str) -> Measure:
    return partial(treatment.trial_remission, trial="crohns_trial", arm=arm, week=26)


def _adalimumab(finding: str, week: int) -> Measure:
    return partial(
        treatment.trial_finding,
        trial="colitis_trial",
        arm="adalimumab",
        week=week,
        finding=finding,
    )


def _ratio(kind: str, strategy: str, versus: str) -> Measure:
    return partial(safety.infection_ratio, kind=kind, strategy=strategy, versus=versus)


def _on_tofacitinib(kind: str) -> Measure:
    return partial(safety.infection_rate, kind=kind, strategy="jak_inhibitor")


_TREATMENT: dict[str, Measure] = {
    **{
        f"thiopurine_persistence_month_{m}": partial(
            treatment.persistence, months=m, arm="azathioprine"
        )
        for m in (3, 6, 12, 24, 60)
    },
    **{
        f"persistence_12_{drug}_{name}": partial(
            treatment.persistence, months=12, drug=drug, disease=disease
        )
        for drug in treatment.ANTI_TNF
        for name, disease in (("crohns", "crohns_disease"), ("colitis", "ulcerative_colitis"))
    },
    **{
        f"thiopurine_stop_{reason}_month_60": partial(treatment.stopped, reason=reason, months=60)
        for reason in ("adverse_event", "lack_of_efficacy")
    },
    "thiopurine_stop_any_reason": treatment.stopped_any,
    "thiopurine_adverse_event_median_months": treatment.adverse_event_onset,
    "women_over_40_stop": treatment.women_over_40_stopped,
    "biologic_stop_12_crohns": partial(treatment.biologic_stopped, disease="crohns_disease"),
    "biologic_stop_12_colitis": partial(treatment.biologic_stopped, disease="ulcerative_colitis"),
    "stops_per_100_years_tofacitinib": treatment.stops_per_100_years,
    "mortality_anti_tnf": treatment.mortality,
    "steroid_free_remission_26_azathioprine": _crohns("azathioprine"),
    "steroid_free_remission_26_infliximab": _crohns("infliximab"),
    "steroid_free_remission_26_combination": _crohns("azathioprine and infliximab"),
    "steroid_free_remission_26_tofacitinib": partial(
        treatment.trial_remission, trial="colitis_trial", arm="tofacitinib", week=26
    ),
    "steroid_free_remission_52_adalimumab_crohns": partial(
        treatment.trial_remission, trial="crohns_trial", arm="adalimumab", week=52
    ),
    "stop_adverse_event_52_adalimumab_crohns": partial(
        treatment.trial_stopped, trial="crohns_trial", arm="adalimumab", week=52
    ),
    "combination_v_azathioprine_remission_16_colitis": treatment.remission_ratio,
    "remission_14_adalimumab_colitis": _adalimumab("remission", 13),
    "response_14_adalimumab_colitis": _adalimumab("response", 13),
    "remission_52_adalimumab_colitis": _adalimumab("remission", 52),
    "response_8_tofacitinib": treatment.response_at_week_8,
}
_SAFETY: dict[str, Measure] = {
    "thiopurine_pancreatitis": safety.pancreatitis,
    "pancreatitis_in_crohns": partial(safety.pancreatitis, disease="crohns_disease"),
    "pancreatitis_within_1_month": partial(safety.pancreatitis_by, months=1),
    "pancreatitis_within_2_months": partial(safety.pancreatitis_by, months=2),
    "smoking_and_pancreatitis": safety.smoking_and_pancreatitis,
    "thiopurine_white_cells_below_3": safety.white_cells_low,
    "thiopurine_alt_above_3_limits": safety.alt_high,
    "tpmt_reduced_in_europeans": safety.reduced_tpmt,
    "remission_above_6tgn_window": metabolites.remission_above_window,
    "6tgn_higher_in_remission": metabolites.higher_in_remission,
    "leukopenia_by_tpmt": partial(safety.leukopenia_by_gene, gene="tpmt"),
    "leukopenia_by_nudt15": partial(safety.leukopenia_by_gene, gene="nudt15"),
    "leukopenia_tpmt_deficient": partial(safety.leukopenia_if, weeks=52, tpmt="deficient"),
    "early_leukopenia_nudt15_normal": partial(
        safety.leukopenia_if, weeks=8, ancestry="east_asian", nudt15="normal"
    ),
    "serious_infection_anti_tnf_v_thiopurine": _ratio(
        "serious_infection", "anti_tnf", "azathioprine"
    ),
    "serious_infection_anti_tnf_v_thiopurine_singh": _ratio(
        "serious_infection", "anti_tnf", "azathioprine"
    ),
    "serious_infection_combination_v_anti_tnf": _ratio(
        "serious_infection", "azathioprine_with_anti_tnf", "anti_tnf"
    ),
    "serious_infection_combination_v_anti_tnf_singh": _ratio(
        "serious_infection", "azathioprine_with_anti_tnf", "anti_tnf"
    ),
    "serious_infection_combination_v_thiopurine": _ratio(
        "serious_infection", "azathioprine_with_anti_tnf", "azathioprine"
    ),
    "opportunistic_combination_v_anti_tnf": _ratio(
        "opportunistic_infection", "azathioprine_with_anti_tnf", "anti_tnf"
    ),
    "zoster_tofacitinib": _on_tofacitinib("herpes_zoster"),
    "zoster_tofacitinib_open_label": _on_tofacitinib("herpes_zoster"),
    "serious_infection_tofacitinib": _on_tofacitinib("serious_infection"),
    "serious_infection_tofacitinib_open_label": _on_tofacitinib("serious_infection"),
    "opportunistic_tofacitinib": partial(safety.opportunistic_rate, strategy="jak_inhibitor"),
}
MEASURES: dict[str, Measure] = {**_TREATMENT, **_SAFETY}
