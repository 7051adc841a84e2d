"""The end of the footprint tab: how the rate of a device holds up as more of them train together."""

from __future__ import annotations

import pandas as pd

from analysis.plans.scaling_efficiency import scaling
from pages.ui import figures_scaling, panels
from pages.ui.session import facts
from results_db import Store


def draw(store: Store, device: str, precision: str, key: str) -> None:
    """Draws the published rates of a device by how many train together, and what papers print of scaling."""
    table = scaling(facts(store, "training_efficiency", metric=["tflops_per_gpu"]), device, precision)
    if table.empty:
        panels.empty_state(
            f"No set-up of {device} in {precision} is published at three numbers of devices or more, so nothing is "
            f"known of its scaling. {printed(facts(store, 'claims'))}"
        )
        return
    last = table.loc[table.groupby("series")["n_devices"].idxmax(), "efficiency"]
    title = f"At the most devices each keeps {last.min():.0%} to {last.max():.0%} of its rate at the fewest"
    panels.show_figure(
        figures_scaling.scaling_figure(table, title),
        f"Rate of each device by how many train together: {title}",
        table,
        f"{key}.scaling",
        f"{table['series'].nunique()} published set-ups on this chip in {precision}, the best at each number of "
        f"devices; batches may grow with the devices or not. {printed(facts(store, 'claims'))}",
    )


def printed(claims: pd.DataFrame) -> str:
    """What papers print of their scaling efficiency, as a sentence."""
    rows = claims[claims["metric"] == "scaling_efficiency"].to_dict("records")
    said = "; ".join(f"{row['subject']} of {row['model']} {row['value']:g}%" for row in rows)
    return f"As printed: {said}." if said else ""
