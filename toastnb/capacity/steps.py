"""Step changes: what came or went within one snapshot's interval and is no part of growth, as a migration.

Change-point libraries look for levels that stay; between two creations a growing account has none. Here a step is what
stands out from the model of the series, one after the other, the largest first (the auxiliary residuals of Harvey and
Koopman, 1992), as long as it is large by what is usual and large for who reads it.

In a small group, or one of instances of unlike sizes, most days have no change, and a few have a large one: an instance
more or less stands out there from what is usual. What comes again is no step but how such a group grows. So a step is
also far larger than every other change and than an instance, and rare.

What the newest snapshot alone says may be wrong, or gone tomorrow. So a step is one when two later days with a snapshot
have it. Until then it is unrest as any other, and the interval is as wide as that.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from toastnb.capacity.trend import ROUGHLY, WEEK, Floats, Model, fitted, has_season, surprise

STANDS_OUT = 6.0  # times what is usual from day to day
LEAST_SHARE = 0.05  # of what was allocated
TIMES_OTHERS = 3.0  # times the largest change that is no step
TIMES_UNIT = 6.0  # times what an instance has
DAYS_EACH = 60  # as many days of history for every step
LATER = 2  # days with a snapshot after it
_MOST = 12
_LEAST_WEEKS = 3


def shaped(values: Floats, weekday: int, unit: float) -> Model:
    """Return the model of a series with the steps that stand out, and a weekly season where there is one.

    Parameters
    ----------
    values : ndarray of float
        A value a day, NaN where there was no snapshot.
    weekday : int
        The weekday of the first, Monday is 0.
    unit : float
        What one more instance would add.
    """
    model = with_steps(Model(values, weekday, unit))
    if not may_have_season(values):
        return model
    seasonal = with_steps(Model(values, weekday, unit, season=True))
    return seasonal if has_season(fitted(seasonal, among=ROUGHLY)) else model


def may_have_season(values: Floats) -> bool:
    """Tell whether there are three weeks, and at least as many snapshots as 6 of 7 days would have."""
    known = np.isfinite(values)
    return len(values) >= _LEAST_WEEKS * 7 and known.mean() >= 6 / 7


def with_steps(model: Model) -> Model:
    """Return a model with the steps that stand out from it, apart from those that are how it grows."""
    found = _standing_out(model)
    return _rare(found) if found.steps else found


def _rare(model: Model) -> Model:
    """Return a model with its largest steps: as many as are rare, and far larger than every other change.

    Where each larger one has its like, none is left. What is too new to be a step does not speak against the others.
    """
    fit = fitted(model, among=ROUGHLY)
    sizes = np.abs(fit.sizes)
    largest_first = sizes.argsort()[::-1]
    known = np.flatnonzero(np.isfinite(model.values))
    season = fit.season[(model.weekday + known) % WEEK]
    changes = np.abs(np.diff(model.values[known] - season))
    for count in range(min(len(sizes), max(1, len(model.values) // DAYS_EACH)), 0, -1):
        chosen = largest_first[:count]
        steps = tuple(sorted(model.steps[number] for number in chosen))
        others = changes[:-LATER][~np.isin(known[1:-LATER], steps)].max(initial=0)
        if sizes[chosen].min() >= max(TIMES_OTHERS * others, TIMES_UNIT * model.unit):
            return replace(model, steps=steps)
    return replace(model, steps=())


def _standing_out(model: Model) -> Model:
    known = np.flatnonzero(np.isfinite(model.values))
    if not _may_step(model.values[known]):
        return model
    newest = known[-1 - LATER]
    for _ in range(_MOST):
        level, standing = surprise(model)
        standing = standing[:newest]
        day = known[np.searchsorted(known, int(standing.argmax()) + 1)]
        before = known[known < day][-1]
        more = replace(model, steps=tuple(sorted({*model.steps, int(day)})))
        is_known = more.steps == model.steps
        if is_known or standing.max() < STANDS_OUT or not _is_large(more, int(day), level[before]):
            return model
        model = more
    return model


def _may_step(values: Floats) -> bool:
    """Tell whether any change is as large as half of what a step is; most series are told by that at once."""
    base = np.maximum(np.abs(values[:-1]), np.abs(values[1:]))
    return bool((np.abs(np.diff(values)) > base * LEAST_SHARE / 2).any())


def _is_large(model: Model, day: int, before: float) -> bool:
    size = abs(float(fitted(model, among=ROUGHLY).sizes[model.steps.index(day)]))
    return size >= LEAST_SHARE * max(abs(before), size)
