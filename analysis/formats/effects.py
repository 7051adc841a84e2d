"""The effect of each transform, by kind of tensor: on the tensor itself and on a product that it is part of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.formats.arrays import as_tensor
from analysis.formats.block import BlockFormat
from analysis.formats.distributions import DISTRIBUTIONS
from analysis.formats.error import measure, trial
from analysis.formats.format import Format
from analysis.formats.survey import as_tensor_format
from analysis.formats.transforms import TRANSFORMS, Transform, get_transform

SHAPE, OUTPUTS = (128, 512), 64


def effects(
    name: str,
    distributions: Sequence[str] = tuple(DISTRIBUTIONS),
    transforms: Sequence[str] = tuple(TRANSFORMS),
    seed: int = 0,
) -> pd.DataFrame:
    """A row a distribution and transform, rounded to nearest: distribution, transform, title, sqnr_db of the tensor
    (SHAPE: tokens, channels), product_db of its product with normal weights (OUTPUTS, channels) in the same format,
    and the gains of both over no transform.

    A bare element of up to 8 bits gets one scale for the tensor.
    """
    fmt, rows = as_tensor_format(name, scaled=True), []
    for distribution in distributions:
        rng = np.random.default_rng(seed)
        x = DISTRIBUTIONS[distribution].sample(rng, SHAPE)
        w = rng.standard_normal((OUTPUTS, SHAPE[1]), dtype=np.float32)
        plain = _both(fmt, x, w, TRANSFORMS["none"], seed)
        for transform in map(get_transform, transforms):
            sqnr, product = _both(fmt, x, w, transform, seed)
            rows.append(
                (distribution, transform.name, transform.title, sqnr, product, sqnr - plain[0], product - plain[1])
            )
    names = ["distribution", "transform", "title", "sqnr_db", "product_db", "gain_db", "product_gain_db"]
    return pd.DataFrame(rows, columns=names)


def _both(
    fmt: Format | BlockFormat, x: np.ndarray, w: np.ndarray, transform: Transform, seed: int
) -> tuple[float, float]:
    return trial(fmt, x, transform=transform, seed=seed).errors.sqnr_db, product_sqnr(fmt, x, w, transform, seed)


def product_sqnr(fmt: Format | BlockFormat, x: np.ndarray, w: np.ndarray, transform: Transform, seed: int = 0) -> float:
    """The SQNR [dB] of x @ w.T (tokens, channels) @ (channels, outputs), with both operands in `fmt`: `x` transformed
    with a look at `w`, and `w` by what keeps the product. Summed in float64.
    """
    left, right = as_tensor(x)[0], as_tensor(w)[0]
    turned = transform.turn(left, -1, seed, fmt, right)
    found = _through(fmt, turned.values) @ _through(fmt, turned.partner(right)).T + turned.added(right).double()
    return measure(left.double() @ right.double().T, found).sqnr_db


def _through(fmt: Format | BlockFormat, tensor):
    return as_tensor(fmt.dequantize(fmt.quantize(tensor)))[0].double()
