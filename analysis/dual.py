"""Forward-mode derivatives: a law written for arrays also yields its exact Jacobian."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

# For each operation: the partial derivatives with respect to its operands, given operands and result.
PARTIALS = {
    np.add: lambda a, b, y: (1.0, 1.0),
    np.subtract: lambda a, b, y: (1.0, -1.0),
    np.multiply: lambda a, b, y: (b, a),
    np.divide: lambda a, b, y: (1.0 / b, -y / b),
    np.power: lambda a, b, y: (b * y / a, np.log(a) * y),
    np.negative: lambda a, y: (-1.0,),
    np.exp: lambda a, y: (y,),
    np.log: lambda a, y: (1.0 / a,),
    np.sqrt: lambda a, y: (0.5 / y,),
}


class Dual(NDArrayOperatorsMixin):
    """An array with its derivatives by name: `slopes[symbol]` broadcasts against `value`."""

    __slots__ = ("slopes", "value")

    def __init__(self, value: np.ndarray, slopes: Mapping[str, np.ndarray]):
        self.value = value
        self.slopes = slopes

    def __array_ufunc__(self, ufunc, method, *operands, **options):
        if method != "__call__" or options or ufunc not in PARTIALS:
            return NotImplemented
        values = [o.value if isinstance(o, Dual) else o for o in operands]
        result = ufunc(*values)
        partials = PARTIALS[ufunc](*values, result)
        slopes: dict[str, Any] = {}
        for operand, partial in zip(operands, partials, strict=True):
            if isinstance(operand, Dual):
                for symbol, slope in operand.slopes.items():
                    term = partial * slope
                    slopes[symbol] = slopes[symbol] + term if symbol in slopes else term
        return Dual(result, slopes)
