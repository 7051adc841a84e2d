"""Someone who waits for a fit: told how far it is, asked whether it is still wanted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace


class Cancelled(Exception):
    """Ends work that its caller no longer wants; `fit` turns it into a result, what makes many fits lets it through."""


@dataclass(frozen=True)
class Watch:
    """`on_progress(stage, share)` is called between iterations, `cancelled()` between the blocks of each.

    `span` is the part of the stage that the work at hand is.
    """

    on_progress: Callable[[str, float], None] | None = None
    cancelled: Callable[[], bool] | None = None
    stage: str = ""
    span: tuple[float, float] = (0.0, 1.0)

    def of(self, stage: str, span: tuple[float, float] = (0.0, 1.0)) -> Watch:
        """The same watch over a part of a stage."""
        return replace(self, stage=stage, span=span)

    def report(self, share: float) -> None:
        """Says that `share` (0 to 1) of the work at hand is done."""
        if self.on_progress:
            begin, end = self.span
            self.on_progress(self.stage, begin + share * (end - begin))

    def check(self) -> None:
        """Raises Cancelled when the work is no longer wanted."""
        if self.cancelled and self.cancelled():
            raise Cancelled


NOBODY = Watch()
