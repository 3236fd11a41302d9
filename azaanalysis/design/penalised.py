"""Chances of each arm from covariates that come by the hundred: logistic regression with L1."""

from __future__ import annotations

import warnings

import numpy as np

Array = np.ndarray

_STRENGTHS = 10  # penalties tried in cross-validation
_FOLDS = 5
_SEED = 20260101


def fit_penalised(
    design: Array, classes: Array, n_classes: int, *, times: Array | None = None
) -> Array:
    """Fit with an L1 penalty whose strength is chosen by cross-validation.

    Parameters
    ----------
    design
        Model matrix, its first column of ones (which is not penalised), shape (n, q).
    classes, n_classes
        Class of each row, from 0 on; how many classes there are.
    times
        How often each row counts.

    Returns
    -------
    Array
        Coefficients against the first class, shape (k - 1, q).

    Notes
    -----
    By scikit-learn. Source: Tibshirani (1996), J R Stat Soc B 58:267-288. Coefficients are drawn
    towards zero, so balance must be looked at; the intervals of estimates do not contain the
    choice of covariates.
    """
    # Loaded here because scikit-learn takes a second to import, and only this needs it.
    from sklearn.linear_model import LogisticRegressionCV

    model = LogisticRegressionCV(
        Cs=_STRENGTHS,
        cv=_FOLDS,
        l1_ratios=(1.0,),
        solver="saga",
        scoring="neg_log_loss",
        max_iter=500,
        tol=1e-4,
        random_state=_SEED,
        use_legacy_attributes=False,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(design[:, 1:], classes, sample_weight=times)
    coefficients = np.column_stack([model.intercept_, model.coef_])
    if n_classes == 2:
        return coefficients
    against_first: Array = coefficients[1:] - coefficients[0]
    return against_first
