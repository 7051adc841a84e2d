"""What some laws show in the calculator beyond a number: schedules of loss curves, and pruning at equal compute."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import streamlit as st

from analysis.laws import Law
from analysis.plans.pruning import at_equal_compute
from analysis.plans.schedules import SHAPES, Schedule, curve, share_of_sweep
from pages.ui import figures_any_law, panels, task_trends
from pages.ui.any_law_inputs import KEY
from pages.ui.figures import words

SWEPT_EVERY = 100


def curves(law: Law, values: dict[str, float], origin: str) -> None:
    """Draws the predicted loss curves of two schedules, and what one logged curve saves."""
    first, second = st.columns(2, gap="large")
    with first:
        one = _choose_schedule("first", "cosine")
    with second:
        other = _choose_schedule("second", "warm-up, stable, decay")
    try:
        frames = [curve(schedule, _name(schedule, i)) for i, schedule in enumerate((one, other))]
    except ValueError as problem:
        st.error(panels.plain(str(problem)), icon=":material/error:")
        return
    points = pd.concat([frame.assign(loss=law.evaluate(values, frame)) for frame in frames], ignore_index=True)
    ends = points.groupby("curve_id", sort=False)["loss"].last()
    lower = str(ends.idxmin())
    runs, share = share_of_sweep(one.steps, min(SWEPT_EVERY, one.steps))
    title = f"{lower} ends lower, by {ends.max() - ends.min():.4f}"
    st.success(
        f"Final losses: {', '.join(f'**{name}** {loss:.4f}' for name, loss in ends.items())}. One such curve logged "
        f"every {SWEPT_EVERY} steps stands for {runs:,} runs that each end at one of them, at **{share:.2%}** of their "
        "compute.",
        icon=":material/timeline:",
    )
    panels.show_figure(
        figures_any_law.schedules_figure(points, title),
        title,
        points,
        f"{KEY}.schedules",
        f"{panels.plain(law.title)}, {panels.plain(origin)}, which belongs to one model, one set of data and one peak "
        "rate. lr_annealing_law_2024 puts the cost of its fit below 1% of a sweep. No interval is published.",
    )


def _choose_schedule(which: str, shape: str) -> Schedule:
    left, middle, right = st.columns(3)
    names = list(SHAPES)
    chosen = left.selectbox(
        f"The {which} schedule", names, names.index(shape), key=f"{KEY}.{which}.shape", bind="query-params"
    )
    steps = middle.number_input("Steps", 10, 5_000_000, 24_000, key=f"{KEY}.{which}.steps", bind="query-params")
    peak = right.number_input("Peak rate", 1e-7, 1.0, 3e-4, format="%.3g", key=f"{KEY}.{which}.peak",
                              bind="query-params")  # fmt: skip
    warmup = left.number_input("Warm-up steps", 0, 1_000_000, 2_000, key=f"{KEY}.{which}.warmup", bind="query-params")
    end = middle.number_input("Ends at, % of the peak", 0.0, 100.0, 10.0, format="%.3g", key=f"{KEY}.{which}.end",
                              bind="query-params")  # fmt: skip
    decay = right.number_input("Decay, last %", 1.0, 100.0, 20.0, format="%.3g", key=f"{KEY}.{which}.decay",
                               bind="query-params", help="Of the steps after the warm-up.")  # fmt: skip
    return Schedule(str(chosen), int(steps), float(peak), int(warmup), float(end) / 100, float(decay) / 100)


def _name(schedule: Schedule, index: int) -> str:
    return f"{'AB'[index]}: {schedule.shape}, {words(schedule.steps)} steps"


def _pruning(values: dict[str, float], x: Mapping[str, Any]) -> None:
    st.markdown("**Pruning schedules at equal training compute**")
    first, second = st.columns(2)
    size = 1e9 * float(first.number_input("Parameters at the start [billions]", 0.001, 1e4, 2.0, format="%.4g",
                                          key=f"{KEY}.pruned_n", bind="query-params"))  # fmt: skip
    flops = float(second.number_input("Training compute [FLOPs]", 1e15, 1e30, 1e21, format="%.3g",
                                      key=f"{KEY}.pruned_flops", bind="query-params"))  # fmt: skip
    table = at_equal_compute(values, size, flops)
    half = table[(table["kept_share"] == 0.5) & (table["prune_start"] == 0.25) & (table["prune_end"].round(3) == 0.75)]
    average = (
        f" From 25% to 75% down to half: {half['average_share'].iloc[0]:.2f} of it on average." if len(half) else ""
    )
    better = int((table["loss"] < table["dense_loss"]).sum())
    title = f"{better} of {len(table)} pruned models beat a dense one of the size they serve"
    panels.show_figure(
        figures_any_law.pruning_figure(table, title),
        title,
        table,
        f"{KEY}.pruned",
        f"{len(table)} linear schedules from {words(size)} parameters, {flops:.3g} FLOPs each: 6 x average "
        f"parameters x tokens (journey_matters_2025 tried 80; this grid is ours).{average}",
    )  # fmt: skip
    panels.show_table(
        table,
        f"{KEY}.pruned_table",
        "Under this law only the average size counts, so the schedules differ in what they leave to serve.",
        {
            **{name: st.column_config.NumberColumn(format="percent")
               for name in ("kept_share", "prune_start", "prune_end", "average_share")},
            "served_params": st.column_config.NumberColumn("parameters served", format="compact"),
            "n_tokens": st.column_config.NumberColumn("tokens", format="compact"),
            "loss": st.column_config.NumberColumn(format="%.4f"),
            "dense_loss": st.column_config.NumberColumn("dense of that size", format="%.4f"),
        },
    )  # fmt: skip


# Law -> what is drawn below its prediction, from its values and inputs.
EXTRAS: dict[str, Callable[[dict[str, float], Mapping[str, Any]], None]] = {
    "average_parameters": _pruning,
    "loss_to_error": task_trends.draw,
    "pass_until": task_trends.draw,
}
