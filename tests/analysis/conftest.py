"""The shipped runs read straight from their CSV files, and runs made up from any law."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.__main__ import main
from analysis.laws import Law
from analysis.laws.columns import COLUMNS
from analysis.laws.param import from_search, to_search

DATA = Path(__file__).resolve().parents[2] / "results_db" / "data"
GROUPS = {"q4": 0.6, "q3": 0.35}  # made-up formats and what their factor is


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of the shipped tables."""
    return DATA


@pytest.fixture(scope="session")
def chinchilla_245() -> pd.DataFrame:
    """Every reconstructed Chinchilla run, the five outliers among them."""
    return pd.read_csv(DATA / "runs" / "chinchilla_replication_2024.csv")


@pytest.fixture(scope="session")
def chinchilla_runs(chinchilla_245) -> pd.DataFrame:
    """The 240 runs that Epoch kept."""
    return chinchilla_245[~chinchilla_245["outlier"]].reset_index(drop=True)


@pytest.fixture(scope="session")
def quartet_runs() -> pd.DataFrame:
    """Every Quartet run."""
    return pd.read_csv(DATA / "runs" / "quartet_2025.csv")


@pytest.fixture(scope="session")
def quartet_base_runs(quartet_runs) -> pd.DataFrame:
    """The 24 BF16/BF16 runs up to 203M parameters."""
    bf16 = (quartet_runs["forward_format"] == "bf16") & (quartet_runs["backward_format"] == "bf16")
    return quartet_runs[bf16 & (quartet_runs["n_params"] <= 2.1e8)].reset_index(drop=True)


@pytest.fixture(scope="session")
def throughput() -> pd.DataFrame:
    """The shipped throughput table."""
    return pd.read_csv(DATA / "throughput.csv")


@pytest.fixture(scope="session")
def coefficients() -> pd.DataFrame:
    """The shipped table of published coefficients."""
    return pd.read_csv(DATA / "law_coefficients.csv")


@pytest.fixture(scope="session")
def published(coefficients) -> Callable[..., dict[str, float]]:
    """published(law, variant) -> the values by symbol of a published set: of the default one when none is named."""

    def find(law: str, variant: str | None = None) -> dict[str, float]:
        own = coefficients[coefficients["law"] == law]
        own = own[(own["variant"] == variant) if variant else (own["rank"] == own["rank"].min())]
        assert own["source_id"].nunique() == 1, (law, variant)
        return dict(zip(own["symbol"], own["value"], strict=True))

    return find


@pytest.fixture(scope="session")
def loss_curves() -> pd.DataFrame:
    """The shipped points of loss curves, numbers as numbers."""
    table = pd.read_parquet(DATA / "loss_curves.parquet")
    numbers = ["step", "learning_rate", "warmup_steps", "loss", "n_params", "peak_learning_rate"]
    return table.assign(**{name: pd.to_numeric(table[name]) for name in numbers})


@pytest.fixture(scope="session")
def made_up() -> Callable[..., tuple[dict[str, float], pd.DataFrame]]:
    """made_up(law, n, seed, noise) -> (true values, runs whose log losses deviate by Gaussian `noise`)."""

    def make(law: Law, n: int, seed: int = 0, noise: float = 0.0) -> tuple[dict[str, float], pd.DataFrame]:
        rng = np.random.default_rng(seed)
        values: dict[str, float] = {}
        columns = curve_points(n) if "curve_id" in law.inputs else {}
        grouped = {param.per: param for param in law.groups}
        for name in [name for name in law.inputs if name not in columns]:
            group = grouped.get(name)
            reference = [] if group and group.required else [(group and group.baseline) or "none"]
            columns[name] = rng.choice([*reference, *GROUPS], n) if group else usual(law, name, rng, n)
        for param in law.params:
            middle = from_search(np.mean(to_search(param.starts, param.sign)), param.sign)
            own = float(middle) if param.default is None else param.default
            values |= {f"{param.symbol}[{g}]": f for g, f in GROUPS.items()} if param.per else {param.symbol: own}
        runs = pd.DataFrame(columns)
        target = law.evaluate(values, runs) * np.exp(noise * rng.standard_normal(n))
        return values, runs.assign(**{law.target: target})

    return make


def curve_points(n: int) -> dict[str, np.ndarray]:
    """`n` points, in turn on four curves: constant, cosine, a drop to a tenth, and linear decay to a tenth."""
    curve, step = np.arange(n) % 4, np.geomspace(300, 20_000, n).round()
    part = step / 20_000
    shapes = [
        np.ones(n),
        0.55 + 0.45 * np.cos(np.pi * part),
        np.where(part < 0.4, 1.0, 0.1),
        np.minimum(1.0, 3.7 - 3.6 * part),
    ]
    rates = 3e-4 * np.choose(curve, shapes)
    return {"curve_id": curve.astype(str), "step": step, "learning_rate": rates, "warmup_steps": np.full(n, 250.0)}


def usual(law: Law, name: str, rng: np.random.Generator, n: int) -> np.ndarray:
    """`n` values of an input, spread log-evenly over its usual span where the law holds."""
    column = COLUMNS[name]
    own = [limit for limit in law.ranges if limit.column == name and not limit.published]
    low = max([column.usual[0], *(limit.low for limit in own)])
    high = min([column.usual[1], *(limit.high for limit in own)])
    values = np.exp(rng.uniform(np.log(low), np.log(high), n))
    return np.round(values) if column.whole else values


@pytest.fixture
def call(capsys):
    """call("fit", ...) -> (exit code, stdout, stderr) of `python -m analysis`; argparse's own exit included."""

    def run(*arguments: object) -> tuple[int, str, str]:
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as stop:
            code = stop.code
        out, err = capsys.readouterr()
        return code, out, err

    return run
