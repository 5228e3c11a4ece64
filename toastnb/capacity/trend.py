"""The model behind growth and forecasts: a level that walks, a growth that stays, noise, a weekly season, steps.

::

    amount = level + noise + season of the weekday
    level' = level + growth + step + innovation            innovation ~ variance * walk
    growth' = growth + innovation                          innovation ~ variance * bend
    noise' = memory * noise + innovation                   noise ~ variance * (1 - walk)

statsmodels' Kalman filter does the arithmetic: days without a snapshot are missing, and level, growth, season and steps
start diffuse, so that what is not known of them is in every interval. How much of the unrest is a walk (instances made
and deleted), how much is noise that passes again, and how soon it passes, cannot be told well from a short history. So
none is chosen: a forecast is the mixture over `UNREST`, each weighed by its likelihood.

A project in which hardly anything happens seems to stand still, by any of them: that nothing came in 60 days does not
say that nothing comes in the next 60. So `SELDOM` instances, spread over the history, are added to what was seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from toastnb.extras import needs

Floats = npt.NDArray[np.float64]


class Unrest(NamedTuple):
    """One way in which a series may be restless, and how likely it is taken to be before any is seen."""

    walk: float  # the part of the variance that stays: what was made or deleted
    memory: float = 0.0  # how much of the rest, the noise, is left a day later
    bend: float = 0.0  # how fast the growth itself changes
    prior: float = 1.0


UNREST = (
    *(Unrest(walk) for walk in (0.0, 0.002, 0.01, 0.04, 0.15, 0.4, 0.75)),
    Unrest(1.0, prior=2.0),
    *(Unrest(walk, memory, prior=0.25) for memory in (0.5, 0.8) for walk in (0.0, 0.05)),
    *(Unrest(walk, bend=bend, prior=0.25) for walk in (0.15, 1.0) for bend in (0.0003, 0.003)),
)
ROUGHLY = (UNREST[0], UNREST[3], UNREST[5], UNREST[7])  # enough to find steps and a season by
_LEVEL, _GROWTH, _NOISE, _FIRST_SEASON = 0, 1, 2, 3
WEEK = 7
SELDOM = 2  # the posterior of a Poisson rate: what was seen and this many more, in as many days


@dataclass(frozen=True)
class Model:
    """One daily series (NaN where there was no snapshot) and what is taken to shape it.

    Parameters
    ----------
    values : ndarray of float
        A value a day.
    weekday : int
        The weekday of the first.
    unit : float
        What one more instance would add: nothing is known better than to one of them.
    season : bool
        Whether there is a weekly season.
    steps : tuple of int
        The days on which the level steps.
    """

    values: Floats
    weekday: int
    unit: float
    season: bool = False
    steps: tuple[int, ...] = ()

    @property
    def seasons(self) -> int:
        """How many figures the season has."""
        return WEEK - 1 if self.season else 0

    @property
    def seldom(self) -> float:
        """The variance a day of what comes so seldom that a history need not have it."""
        return SELDOM * self.unit**2 / len(self.values)


@dataclass(frozen=True)
class Fit:
    """A model fitted: a row each of `UNREST`, with its weight; errors are those of Student's t."""

    model: Model
    weights: Floats
    freedom: int
    means: Floats  # by unrest and day ahead
    errors: Floats
    states: Floats  # by unrest, after the last day: level without steps, growth, noise, six of the season, steps
    covariances: Floats

    @property
    def growth(self) -> tuple[Floats, Floats]:
        """The growth a day and its error, by unrest."""
        seldom = self.model.seldom / len(self.model.values)
        return self.states[:, _GROWTH], np.sqrt(self.covariances[:, _GROWTH, _GROWTH] + seldom)

    @property
    def level(self) -> float:
        """The level on the last day, with the steps."""
        return float(self.weights @ (self.states[:, _LEVEL] - self.states[:, _GROWTH]) + self.sizes.sum())

    @property
    def sizes(self) -> Floats:
        """How much the level stepped at each step."""
        return self.weights @ self.states[:, _FIRST_SEASON + self.model.seasons :]

    @property
    def season(self) -> Floats:
        """What each day of the week adds, from Monday; nothing without a season."""
        found = self.weights @ self.states[:, _FIRST_SEASON : _FIRST_SEASON + self.model.seasons]
        return np.append(found, -found.sum()) if self.model.season else np.zeros(WEEK)

    @property
    def best(self) -> int:
        """Which row is the likeliest."""
        return int(self.weights.argmax())


def fitted(model: Model, horizon: int = 1, among: Sequence[Unrest] = UNREST) -> Fit:
    """Fit a model, and look so many days ahead."""
    days = len(model.values)
    filtering = smoother(model, horizon)
    results = [_filtered(filtering, unrest) for unrest in among]
    told = [_told(result, model.unit) for result in results]
    likelihood = np.array([one.likelihood for one in told])
    weights = np.exp(likelihood - likelihood.max()) * np.array([unrest.prior for unrest in among])
    variance = np.array([one.variance for one in told])
    means = np.array([result.forecasts[0, days:] for result in results])
    spread = np.array([result.forecasts_error_cov[0, 0, days:] for result in results])
    ahead = np.arange(1, horizon + 1)
    seldom = model.seldom * (ahead + ahead**2 / days)
    return Fit(
        model,
        weights / weights.sum(),
        told[0].freedom,
        means,
        np.sqrt(spread * variance[:, None] + seldom),
        np.array([result.predicted_state[:, days] for result in results]),
        np.array([result.predicted_state_cov[:, :, days] for result in results]) * variance[:, None, None],
    )


def smoother(model: Model, horizon: int = 0) -> Any:
    """Return statsmodels' filter and smoother of a model, to which only the share of the walk is missing."""
    with needs("history"):
        from statsmodels.tsa.statespace.kalman_smoother import KalmanSmoother
    days = len(model.values) + horizon
    fixed = _design(model, days)
    states = _FIRST_SEASON + fixed.shape[1]
    filtering = KalmanSmoother(k_endog=1, k_states=states, k_posdef=3)
    filtering.bind(np.append(model.values, np.full(horizon, np.nan))[:, None])
    design = np.zeros((1, states, days))
    design[0, [_LEVEL, _NOISE]], design[0, _FIRST_SEASON:] = 1, fixed.T
    transition = np.eye(states)
    transition[_LEVEL, _GROWTH] = 1
    filtering["design"], filtering["transition"] = design, transition
    filtering["selection"] = np.eye(states)[:, :_FIRST_SEASON]
    return filtering


def _design(model: Model, days: int) -> Floats:
    """Return what season and steps add, a row a day: six weekdays against the seventh, and 1 from each step on."""
    weekday = np.eye(WEEK)[(model.weekday + np.arange(days)) % WEEK]
    season = (weekday[:, : WEEK - 1] - weekday[:, [WEEK - 1]])[:, : model.seasons]
    steps = np.arange(days)[:, None] >= np.array(model.steps, dtype=int)[None, :]
    return np.hstack([season, steps.astype(float)])


def with_unrest(filtering: Any, unrest: Unrest) -> Any:
    """Return the filter with one of `UNREST`."""
    from statsmodels.tsa.statespace.initialization import Initialization

    filtering["transition", _NOISE, _NOISE] = unrest.memory
    noise = 1 - unrest.walk
    filtering["state_cov"] = np.diag([unrest.walk, unrest.bend, noise * (1 - unrest.memory**2)])
    start = Initialization(filtering.k_states)
    start.set((0, _NOISE), "diffuse")
    start.set(_NOISE, "known", constant=[0.0], stationary_cov=[[noise]])
    if filtering.k_states > _FIRST_SEASON:
        start.set((_FIRST_SEASON, filtering.k_states), "diffuse")
    filtering.initialize(start)
    return filtering


def has_season(fit: Fit) -> bool:
    """Tell whether the season of a fit is more than chance: an F test of its figures, at one in a hundred."""
    from scipy import stats

    where = slice(_FIRST_SEASON, _FIRST_SEASON + fit.model.seasons)
    found, spread = fit.states[fit.best, where], fit.covariances[fit.best, where, where]
    ratio = found @ np.linalg.solve(spread, found) / fit.model.seasons
    return bool(stats.f.sf(ratio, fit.model.seasons, fit.freedom) < 0.01)


def surprise(model: Model) -> tuple[Floats, Floats]:
    """Return the level by day (steps in it, season not), and how far a step on each day would stand out.

    That is the t of a step that was added to the likeliest model, with the variance that is left without it.
    """
    likeliest = ROUGHLY[fitted(model, among=ROUGHLY).best]
    result = with_unrest(smoother(model), likeliest).smooth()
    told = _told(result, model.unit)
    steps = np.arange(len(model.values))[:, None] >= np.array(model.steps, dtype=int)[None, :]
    at = _FIRST_SEASON + model.seasons
    level = result.smoothed_state[_LEVEL] + (steps * result.smoothed_state[at:].T).sum(axis=1)
    spread = result.scaled_smoothed_estimator_cov[_LEVEL, _LEVEL]
    squared = np.square(result.scaled_smoothed_estimator[_LEVEL]) / np.maximum(spread, 1e-12) / told.variance
    left = np.maximum(told.freedom - squared, 1e-9) / max(told.freedom - 1, 1)
    standing = np.where(spread > 1e-9, np.sqrt(squared / left), 0.0)
    return level, standing


def _filtered(filtering: Any, unrest: Unrest) -> Any:
    return with_unrest(filtering, unrest).filter()


@dataclass(frozen=True)
class Told:
    """What a run of the filter tells of the whole: its likelihood, the variance, the degrees of freedom."""

    likelihood: float
    variance: float
    freedom: int


def _told(result: Any, unit: float) -> Told:
    """Return the likelihood with the variance at its best, from what each day came as a surprise by.

    A change of one instance is added to what was seen: a series that never moved is not known to stand for ever.
    """
    error, spread = result.forecasts_error[0], result.forecasts_error_cov[0, 0]
    diffuse = result.forecasts_error_diffuse_cov[0, 0] > 1e-9
    counts = np.isfinite(error) & ~diffuse & ~result.missing[0].astype(bool)
    freedom = int(counts.sum())
    variance = float((np.square(error[counts]) / spread[counts]).sum() + unit**2) / freedom
    likelihood = -0.5 * (freedom * np.log(variance) + np.log(spread[counts]).sum())
    return Told(float(likelihood), variance, freedom)


def quantiles(weights: Floats, means: Floats, errors: Floats, freedom: int, shares: Sequence[float]) -> Floats:
    """Return the quantiles of a mixture of Student's t by day, a row a share; means and errors have a row a part."""
    with needs("history"):
        from scipy.special import stdtr, stdtrit
    heavy = weights > weights.max() * 1e-4  # what is lighter moves no end by anything that could be read
    part, mean, error = weights[heavy] / weights[heavy].sum(), means[heavy], errors[heavy]
    wanted = np.asarray(shares)
    each = mean[None] + stdtrit(freedom, wanted)[:, None, None] * error[None]
    low, high = each.min(axis=1), each.max(axis=1)  # the mixture's quantile lies between those of its parts
    for _ in range(25):
        middle = (low + high) / 2
        under = np.einsum("q,sqd->sd", part, stdtr(freedom, (middle[:, None] - mean[None]) / error[None]))
        low, high = np.where(under < wanted[:, None], middle, low), np.where(under < wanted[:, None], high, middle)
    return np.asarray((low + high) / 2)
