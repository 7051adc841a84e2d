"""An address of each page that shows what its controls can do, as a link under the page's purpose."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode


@dataclass(frozen=True)
class Example:
    """What an address of pages/`page`.py shows, and the choices that stand in it."""

    page: str
    words: str
    choices: tuple[tuple[str, str], ...]

    @property
    def address(self) -> str:
        """Where it is, from any page."""
        return f"{'./' if self.page == 'overview' else self.page}?{urlencode(self.choices)}"


EXAMPLES = {
    "Precision Atlas": Example(
        "overview",
        "8 H200 for 30 days",
        (("overview.gpus", "8"), ("overview.device", "H200 SXM"), ("overview.days", "30")),
    ),
    "Planner": Example(
        "planner",
        "Llama 3.1 70B served from 8 H200",
        (("planner.tab", "Serving"), ("planner.serving.device", "H200 SXM"), ("planner.serving.devices", "8")),
    ),
    "Results": Example(
        "results",
        "Quartet's runs against their tokens",
        (("results.source", "quartet_2025"), ("results.x", "training tokens D")),
    ),
    "Scaling laws": Example(
        "scaling_laws",
        "which law suits the runs of ParScale",
        (("scaling_laws.source", "parscale_2025: Pile"), ("scaling_laws.tab", "Compare laws")),
    ),
    "Literature": Example(
        "literature",
        "what is claimed of MXFP4",
        (("literature.search", "mxfp4"),),
    ),
    "Data dictionary": Example("dictionary", "where bandwidths stand", (("dictionary.find", "bandwidth"),)),
    "Formats": Example(
        "formats",
        "what rotations do to MXFP4 and NVFP4",
        (("formats.chosen", "mxfp4"), ("formats.chosen", "nvfp4"), ("formats.tab", "Transforms")),
    ),
}


def link(title: str) -> str:
    """The example of the page of that title as a markdown link, empty where it has none.

    A link of the browser, which opens anew: within a session what was chosen on a page outlives its address.
    """
    example = EXAMPLES.get(title)
    return f"[Example: {example.words}]({example.address})" if example else ""
