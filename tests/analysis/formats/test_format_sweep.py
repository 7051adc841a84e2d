"""Every split of exponent and mantissa on one tensor: which wins where, and integers beside them."""

import numpy as np
import pytest

from analysis.formats.distributions import DISTRIBUTIONS
from analysis.formats.sweep import WIDTHS, splits, sweep, winners
from analysis.formats.table import ELEMENTS

SHAPE = (16, 512)


def sample(name):
    return DISTRIBUTIONS[name].sample(np.random.default_rng(0), SHAPE)


@pytest.fixture(scope="module")
def swept():
    return {name: sweep(sample(name)) for name in ("uniform", "normal", "outliers")}


def test_every_split_of_every_width_is_tried_beside_its_integer(swept):
    frame = swept["normal"]
    for bits in WIDTHS:
        rows = frame[frame["bits"] == bits]
        assert list(rows["exponent"].dropna()) == list(range(1, bits)), bits
        assert (rows["exponent"] + rows["mantissa"]).dropna().eq(bits - 1).all()
        assert rows["best"].sum() == 1
        assert rows.loc[rows["best"], "sqnr_db"].item() == rows.loc[rows["kind"] == "float", "sqnr_db"].max()
        assert list(rows.loc[rows["kind"] == "integer", "format"]) == [f"int{bits}"]


@pytest.mark.row("R11")
def test_e2m1_is_among_them_with_the_table_of_the_standard():
    (e2m1,) = [fmt for fmt in splits(4) if fmt.name == "e2m1"]
    np.testing.assert_array_equal(e2m1.finite[e2m1.finite >= 0], [0, 0.5, 1, 1.5, 2, 3, 4, 6])


def brute_force(x, values):
    """Relative squared error with one scale that brings the largest magnitude to the largest value."""
    scale = np.abs(x).max() / np.abs(values).max()
    nearest = values[np.abs(x.ravel()[:, None] / scale - values).argmin(axis=1)] * scale
    return ((nearest - x.ravel()) ** 2).sum() / (x**2).sum()


@pytest.mark.parametrize("name", ["e2m1", "e3m0", "e1m2sat", "int4"])
def test_errors_are_those_of_a_brute_force(swept, name):
    x = sample("normal").astype(np.float64)
    frame = swept["normal"].set_index("format")
    fmt = ELEMENTS.get(name) or next(fmt for fmt in splits(4) if fmt.name == name)
    values = fmt.finite[np.abs(fmt.finite) <= fmt.reach]
    assert frame.loc[name, "relative_mse"] == pytest.approx(brute_force(x, values), rel=1e-4)


@pytest.mark.row("R12")
def test_integers_win_on_a_uniform_tensor_and_floats_once_outliers_are_heavy(swept):
    for bits in WIDTHS:
        assert winners(swept["uniform"]).set_index("bits").loc[bits, "winner"] == f"int{bits}"
    heavy = winners(swept["outliers"]).set_index("bits")
    assert heavy.loc[8, "ahead_db"] > 6
    exponents = swept["outliers"].query("best").set_index("bits")["exponent"]
    assert exponents[8] > swept["normal"].query("best").set_index("bits").loc[8, "exponent"]


def test_a_clip_search_never_loses_and_helps_few_bits(swept):
    x = sample("normal")
    clipped, plain = sweep(x, clip=True), swept["normal"]
    assert (clipped["relative_mse"] <= plain["relative_mse"] * (1 + 1e-6)).all()
    gain = (clipped["sqnr_db"] - plain["sqnr_db"]).groupby(plain["bits"]).max()
    assert gain[3] > 1


def test_smaller_blocks_keep_more(swept):
    blocks = sweep(sample("outliers"), block_size=32)
    assert (blocks["sqnr_db"] >= swept["outliers"]["sqnr_db"] - 0.1).mean() > 0.9


def test_progress_is_told_for_every_width():
    told = []
    sweep(np.ones((2, 8), np.float32), on_progress=lambda stage, share: told.append((stage, share)))
    assert [stage for stage, _ in told] == [f"{bits} bits" for bits in WIDTHS]
    assert told[0][1] == 0
