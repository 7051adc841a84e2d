"""What the scaling-laws page computes: by names, tables and plain values, so that it can run in another process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.fits.fitting import Fit, fit
from analysis.fits.staged import fit_staged
from analysis.laws import Law, get_law
from analysis.laws.terms import Terms, on_terms
from analysis.trust.cases import CASES
from analysis.trust.compare import Rival, compare
from analysis.trust.design import Design, grid_of, next_runs
from analysis.trust.holdout import rolling
from analysis.trust.influence import influence
from analysis.trust.profile import Profiles, profiles
from analysis.trust.refits import refit

STARTS = 64
DRAWS = 400
FEWER_STARTS = 24  # for each of many fits to parts of the same runs
CUTS = 6
MOST_PROFILES = 12  # with more parameters, those of single formats have bootstrap intervals only
Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Settings:
    """How a fit is made: its loss, one of analysis.fits.fitting.LOSSES, its delta (None for least squares), a column
    of weights, how many starts, parameters that are held (`fixed`), and the terms of analysis.laws.terms."""

    loss: str = "log-huber"
    delta: float | None = 1e-3
    fixed: tuple[tuple[str, float], ...] = ()
    tied: tuple[tuple[str, str], ...] = ()
    bounds: tuple[tuple[str, tuple[float, float]], ...] = ()
    per: tuple[tuple[str, str], ...] = ()
    shared: tuple[str, ...] = ()
    weights: str | None = None
    starts: int = STARTS

    def law(self, name: str) -> Law:
        """The law of that name, on these settings' terms."""
        return on_terms(get_law(name), Terms(dict(self.bounds), dict(self.per), self.shared, dict(self.tied)))

    @property
    def objective(self) -> dict[str, Any]:
        """What is minimized, as options of analysis.fits.fitting.fit."""
        return {"loss": self.loss, "delta": self.delta, "weights": self.weights}

    @property
    def options(self) -> dict[str, Any]:
        """What is minimized and what is held, as options of analysis.fits.fitting.fit."""
        return {**self.objective, "fixed": dict(self.fixed)}


@dataclass(frozen=True)
class BaseRuns:
    """Which runs without a low-precision pass fit a base: up to `max_n` parameters, without some families."""

    max_n: float | None = None
    left_out: tuple[str, ...] = ()

    def keep(self, runs: pd.DataFrame) -> pd.DataFrame:
        """The runs without the families left out."""
        return runs[~runs["family"].isin(self.left_out)]


@dataclass(frozen=True)
class Fitted:
    """A fit with the base it stands on (the same one unless fitted in stages)."""

    base: Fit
    full: Fit


@dataclass(frozen=True)
class Examined:
    """What was found out about a fit besides its values; of a weighted one only its errors on rows held out, since
    weights do not say how noisy a row is."""

    profiles: Profiles | None
    influence: pd.DataFrame | None
    rolled: pd.DataFrame


@dataclass(frozen=True)
class Report:
    """One published fit refitted with its own objective: see analysis.trust.refits.Refit."""

    is_optimum: bool
    verdict: str
    note: str
    objectives: pd.DataFrame
    changes: pd.DataFrame


def fit_runs(
    law_name: str,
    runs: pd.DataFrame,
    base: BaseRuns | None,
    settings: Settings,
    draws: int = DRAWS,
    on_progress: Progress | None = None,
) -> Fitted:
    """The fit of these runs, in two stages when a `base` is given; ValueError with a sentence when impossible."""
    law = settings.law(law_name)
    options: dict[str, Any] = {
        **settings.options,
        "starts": settings.starts,
        "draws": draws,
        "on_progress": on_progress,
    }
    if base is None:
        found = fit(law, runs, **options)
        return Fitted(found, found)
    return Fitted(*fit_staged(law, base.keep(runs), base.max_n, **options))


def examine(law_name: str, runs: pd.DataFrame, settings: Settings, on_progress: Progress) -> Examined:
    """Profiles, what the fit owes to single runs, and errors beyond a moving cut."""
    law = settings.law(law_name)
    on_progress("holding runs out", 0.1)
    rolled = rolling(law, runs, CUTS, starts=FEWER_STARTS, draws=0, **settings.options)
    if settings.weights:
        return Examined(None, None, rolled)
    found = fit(law, runs, starts=settings.starts, draws=0, **settings.options)
    on_progress("leaving single runs out", 0.4)
    owed = influence(found, runs)
    on_progress("profiles of the parameters", 0.6)
    named = [name for name in found.free if "[" not in name] if len(found.free) > MOST_PROFILES else None
    return Examined(profiles(found, runs, only=named), owed, rolled)


def compare_laws(names: tuple[str, ...], runs: pd.DataFrame, settings: Settings, on_progress: Progress) -> list[Rival]:
    """The named laws side by side on the same runs, with the same objective and every parameter free."""
    laws = [get_law(name) for name in names]
    return compare(laws, runs, on_progress=on_progress, starts=FEWER_STARTS, **settings.objective)


def design(
    law_name: str,
    runs: pd.DataFrame,
    base: BaseRuns | None,
    settings: Settings,
    target: pd.DataFrame,
    budget: float,
    count: int,
    beyond: float,
) -> Design:
    """The runs within a total budget [FLOPs] that shrink the uncertainty of the prediction of `target` the most."""
    found = fit_runs(law_name, runs, base, settings, draws=0).full
    return next_runs(found, runs, target, budget, count, grid_of(found, runs, beyond, target))


def refit_published(source: str, runs: pd.DataFrame, coefficients: pd.DataFrame, on_progress: Progress) -> list[Report]:
    """Every published fit to the runs of a source, refitted with its own objective."""
    cases = [case for case in CASES if case.runs_source == source]
    reports = []
    for done, case in enumerate(cases):
        on_progress(case.variants[0], done / len(cases))
        found = refit(case, runs, coefficients[coefficients["law"] == case.law])
        if found:
            reports.append(Report(found.is_optimum, found.verdict, case.note, found.objectives, found.changes))
    return reports
