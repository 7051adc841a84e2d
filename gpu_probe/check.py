"""Whether a kernel's output is right: compared with float64 on the values that its operands decode to."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gpu_probe.kernels.kernel import Kernel, Operands, Part, exact
from gpu_probe.shapes import Shape

if TYPE_CHECKING:
    from torch import Tensor

UNIT_ROUNDOFF = {"float32": 2.0**-24, "float16": 2.0**-11, "bfloat16": 2.0**-8, "int32": 0.0}
SMALLEST_STEP = {"float32": 2.0**-149, "float16": 2.0**-24, "bfloat16": 2.0**-133, "int32": 0.0}
PARTIAL_SUM_SPREAD = 6.0  # partial sums of random terms stay within six standard deviations
MOST_SLACK = 2.0  # standard deviations of a sum; a bound wider than that would accept what is wrong
EDGE = 1e-3  # of a row's size, and of the elements, that codes may be off where float32 decides
CHECK_ALL_BELOW = 2**20  # elements; larger outputs are checked on rows and columns spread over the whole
SPREAD = 256


def why_unchecked(kernel: Kernel, shape: Shape, kind: str) -> str | None:
    """A sentence when k is so large that rounding in the accumulator could hide a wrong result, else None."""
    lost = PARTIAL_SUM_SPREAD * kernel.loss_per_term.get(kind, 0.0)
    terms = kernel.longest_sum(shape)
    if terms * lost <= MOST_SLACK:
        return None
    letter = "k" if terms == shape.k else "m" if terms == shape.m else "n"
    return (
        f"{letter} is {terms}; beyond {int(MOST_SLACK / lost)} what {kernel.format} sums may lose is as large as the "
        "sums, so that the result cannot be checked"
    )


@dataclass(frozen=True)
class Check:
    """`failure` is None when every checked element lies within its bound; `relative_error` is in Frobenius norm."""

    relative_error: float
    failure: str | None
    checked: int


def check(kernel: Kernel, shape: Shape, operands: Operands, output: Tensor, kind: str, seed: int) -> Check:
    """The output of one call against float64 on the decoded operands, with a bound per element and one for all.

    |error| <= u |c| + k t 6 s, where u is half a unit in the last place of the output type, t what one term
    may lose in the accumulator of that kind of device (`loss_per_term`) and s = sqrt(sum_k a^2 w^2) the scale of
    the sum. Not all of n elements stray that far: their norm keeps the same bound with 1 + 5 / sqrt(n) for 6.
    Source: Higham, Accuracy and Stability of Numerical Algorithms, section 3.1, with partial sums bounded
    as those of random terms.
    """
    if kernel.decoded is not None:
        return _checked_codes(kernel, shape, operands, output, seed)
    if kernel.parts is not None:
        return _checked_parts(kernel, kernel.parts(shape, operands, output), kind, seed)
    size, dtype = kernel.result(shape)
    if (tuple(output.shape), str(output.dtype)) != (size, f"torch.{dtype}"):
        failure = f"the call returns {tuple(output.shape)} {output.dtype}, expected {size} torch.{dtype}"
        return Check(math.inf, failure, 0)
    rows, columns = (_spread(size, output, seed + axis) for axis, size in enumerate(output.shape))
    got = exact(output[rows][:, columns])
    left, right = operands.rows(rows), operands.columns(columns)
    expected = left @ right.t()
    rounded, lost = _allowed(kernel, kind, left, right, expected)
    relative = float((got - expected).norm() / expected.norm().clamp_min(SMALLEST_STEP["float32"]))
    failure = (
        _wrong_element(rows, columns, got, expected, rounded + PARTIAL_SUM_SPREAD * lost)
        or _wrong_norm(relative, expected, rounded, lost)
        or _not_finite(output)
    )
    return Check(relative, failure, got.numel())


def _allowed(kernel: Kernel, kind: str, left: Tensor, right: Tensor, expected: Tensor) -> tuple[Tensor, Tensor]:
    """What each element may lose to the rounding of the result, and to the accumulator of a sum of its scale."""
    scale = (left.square() @ right.square().t()).sqrt()
    lost = left.shape[1] * kernel.loss_per_term.get(kind, 0.0) * scale
    if kernel.is_copy:
        return expected * 0, lost
    return UNIT_ROUNDOFF[kernel.output] * expected.abs() + SMALLEST_STEP[kernel.output], lost


def _checked_parts(kernel: Kernel, parts: tuple[Part, ...], kind: str, seed: int) -> Check:
    """All products of a call, each by itself: the first failure, the largest error."""
    plain = replace(kernel, parts=None)
    found = [(part.name, check(plain, part.shape, part.operands, part.output, kind, seed)) for part in parts]
    failure = next((f"{name}: {one.failure}" for name, one in found if one.failure), None)
    return Check(max(one.relative_error for _, one in found), failure, sum(one.checked for _, one in found))


def _checked_codes(kernel: Kernel, shape: Shape, operands: Operands, made: Any, seed: int) -> Check:
    """Codes and scales against the numbers that they stand for: as near as the emulator's (analysis.formats) are.

    An element may be a thousandth of its row's size further off; one in a thousand may be anything, where a scale lies
    on the edge between two. `relative_error` is that of the decoded values to the emulator's.
    """
    assert kernel.decoded is not None
    assert kernel.emulated is not None
    decoded = kernel.decoded(made)
    if tuple(decoded.shape) != (shape.m, shape.k):
        return Check(math.inf, f"the codes decode to {tuple(decoded.shape)}, expected {(shape.m, shape.k)}", 0)
    rows = _with_largest(_spread(shape.m, decoded, seed), operands)
    got, wanted = decoded[rows].double(), operands.rows(rows)
    emulated = kernel.emulated(wanted)
    slack = EDGE * wanted.abs().amax(dim=1, keepdim=True)
    wrong = ~((got - wanted).abs() <= (emulated - wanted).abs() + slack)
    relative = float((got - emulated).norm() / emulated.norm())
    failure = None
    if float(wrong.double().mean()) > EDGE:
        row, column = (int(place) for place in wrong.nonzero()[0])
        failure = (
            f"element ({int(rows[row])}, {column}) decodes to {float(got[row, column]):.6g}, expected "
            f"{float(emulated[row, column]):.6g}; {float(wrong.double().mean()):.2%} of {got.numel()} are off"
        )
    return Check(relative, failure, got.numel())


def _with_largest(rows: Tensor, operands: Operands) -> Tensor:
    """The rows and that of the largest number, on which a scale of the whole tensor depends."""
    import torch

    x = operands.tensors[0]
    return torch.unique(torch.cat((rows, (x.abs().argmax() // x.shape[1]).reshape(1))))


def _spread(size: int, like: Tensor, seed: int) -> Tensor:
    """All indices of a small side; of a large one, one at random from each of 256 equal stretches."""
    import torch

    if like.numel() <= CHECK_ALL_BELOW or size <= SPREAD:
        return torch.arange(size, device=like.device)
    generator = torch.Generator().manual_seed(seed)
    edges = torch.linspace(0, size, SPREAD + 1, dtype=torch.float64).long()
    drawn = torch.rand(SPREAD, generator=generator, dtype=torch.float64)
    index = edges[:-1] + (drawn * (edges[1:] - edges[:-1])).long()
    index[0], index[-1] = 0, size - 1
    return index.to(like.device)


def _wrong_element(rows: Tensor, columns: Tensor, got: Tensor, expected: Tensor, bound: Tensor) -> str | None:
    import torch

    wrong = ~((got - expected).abs() <= bound)  # NaN compares false, hence counts as wrong
    if not bool(wrong.any()):
        return None
    first = torch.nonzero(wrong)[0]
    row, column = int(first[0]), int(first[1])
    share = float(wrong.double().mean())
    return (
        f"element ({int(rows[row])}, {int(columns[column])}) is {float(got[row, column]):.6g}, expected "
        f"{float(expected[row, column]):.6g} within {float(bound[row, column]):.2g}; "
        f"{share:.2%} of {got.numel()} checked elements are off"
    )


def _wrong_norm(relative: float, expected: Tensor, rounded: Tensor, lost: Tensor) -> str | None:
    spread = 1 + (PARTIAL_SUM_SPREAD - 1) / math.sqrt(expected.numel())
    largest = float((rounded.norm() + spread * lost.norm()) / expected.norm().clamp_min(SMALLEST_STEP["float32"]))
    return (
        None if relative <= largest else f"the output is off by {relative:.2%} in norm; rounding explains {largest:.2%}"
    )


def _not_finite(output: Tensor) -> str | None:
    import torch

    if not output.dtype.is_floating_point or bool(torch.isfinite(output).all()):
        return None
    return "the output has elements that are not finite (poison not overwritten?)"
