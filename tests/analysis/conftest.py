"""The shipped runs read straight from their CSV files, and runs made up from any law."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.__main__ import main
from analysis.laws import Law

DATA = Path(__file__).resolve().parents[2] / "results_db" / "data"
# How each column that a law may ask for is made up; groups come from the law itself.
COLUMNS = {
    "n_params": lambda rng, n: 10 ** rng.uniform(7, 10, n),
    "n_tokens": lambda rng, n: 10 ** rng.uniform(8.5, 11.5, n),
    "flops": lambda rng, n: 10 ** rng.uniform(17, 22, n),
    "weight_bits": lambda rng, n: rng.choice([3.0, 4.0, 6.0, 8.0, 16.0], n),
    "activation_bits": lambda rng, n: rng.choice([4.0, 6.0, 8.0, 16.0], n),
    "kv_bits": lambda rng, n: rng.choice([4.0, 6.0, 8.0, 16.0], n),
    "gradient_bits": lambda rng, n: rng.choice([4.0, 8.0, 16.0], n),
    "exponent_bits": lambda rng, n: rng.choice([1.0, 2.0, 3.0, 4.0, 5.0], n),
    "mantissa_bits": lambda rng, n: rng.choice([1.0, 2.0, 3.0, 7.0], n),
    "block_size": lambda rng, n: rng.choice([16.0, 32.0, 64.0, 128.0], n),
    "streams": lambda rng, n: rng.choice([1.0, 2.0, 4.0, 8.0], n),
}
GROUPS = {"q4": 0.6, "q3": 0.35}  # made-up formats and what their factor is


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
def made_up() -> Callable[..., tuple[dict[str, float], pd.DataFrame]]:
    """made_up(law, n, seed, noise) -> (true values, runs whose log losses deviate by Gaussian `noise`)."""

    def make(law: Law, n: int, seed: int = 0, noise: float = 0.0) -> tuple[dict[str, float], pd.DataFrame]:
        rng = np.random.default_rng(seed)
        values: dict[str, float] = {}
        columns = {}
        grouped = {param.per: param for param in law.groups}
        for name in law.inputs:
            group = grouped.get(name)
            choices = [group.baseline or "none", *GROUPS] if group else []
            columns[name] = rng.choice(choices, n) if group else COLUMNS[name](rng, n)
        for param in law.params:
            middle = float(np.clip(np.exp(np.mean(np.log(param.starts))), *param.bounds))
            values |= {f"{param.symbol}[{g}]": f for g, f in GROUPS.items()} if param.per else {param.symbol: middle}
        runs = pd.DataFrame(columns)
        return values, runs.assign(loss=law.loss(values, runs) * np.exp(noise * rng.standard_normal(n)))

    return make


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
