"""Tabs that say how far a fit can be trusted: profile, hold-out, laws side by side, checklist."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.checklist import checklist
from analysis.compare import Rival, as_table, common_cut, recommendation
from analysis.holdout import size_of, size_words
from analysis.influence import most_influential
from analysis.questions import Evidence
from pages.ui import figures_trust, panels, tasks
from pages.ui.inputs import laws_on_offer
from pages.ui.law_tabs import View
from pages.ui.tasks import Examined
from pages.ui.working import computed

PERCENT = st.column_config.NumberColumn(format="%.2f")


def profile(view: View, examined: Examined | None) -> None:
    """How the objective rises when one parameter is held."""
    if examined is None:
        return
    found = examined.profiles
    loose = [name for name, own in found.by_symbol.items() if not own.identified]
    title = f"Not identified: {', '.join(loose)}" if loose else "Every parameter is identified"
    published = {
        symbol: [values[symbol] for values in view.published.values() if symbol in values] for symbol in found.by_symbol
    }
    panels.show_figure(
        figures_trust.profile_figure(found.by_symbol, view.base.intervals, published, title),
        "Profile of the objective for each parameter",
        pd.concat([pd.DataFrame({"symbol": n, "value": p.grid, "rise": p.rise}) for n, p in found.by_symbol.items()]),
        "scaling_laws.profile",
        f"{view.base.n_runs} rows. The rise of the objective with one parameter held and all others fitted again; the "
        "interval ends where it reaches 1, the rise that noise like this gives in 5% of cases (F quantile times the "
        f"ratio of two averages of the residuals). The rows see the weakest direction {found.condition:.3g} times less "
        f"than the strongest; along it {', '.join(found.weakest)} move together.",
    )


def held_out(view: View, examined: Examined | None) -> None:
    """Errors beyond a cut that moves, and what the fit owes to single runs."""
    if examined is None:
        return
    rolled, size = examined.rolled, size_of(view.law, view.base_rows)
    unit = size_words(size)
    if rolled.empty:
        panels.empty_state("There are too few rows to hold some out: add rows, or take a law with fewer parameters.")
    else:
        last = rolled.loc[rolled["reach"].idxmax()]
        panels.show_figure(
            figures_trust.holdout_figure(
                rolled,
                unit,
                f"Over a step of {last['reach']:.3g} times the law misses the largest by "
                f"{100 * last['far_relative_error']:.2g}%",
            ),
            "Error of held-out rows against how far they lie beyond the cut",
            rolled,
            "scaling_laws.holdout",
            f"{len(rolled)} cuts at quantiles of the size of {len(view.base_rows)} rows; at each the law is fitted "
            "below and tested above. The largest runs are those within a factor 3 of the largest.",
        )
    owed = examined.influence
    whole = float(owed["prediction"].median())
    single = most_influential(owed, whole)
    moved = 100 * abs(single["prediction"] / whole - 1)
    panels.show_figure(
        figures_trust.influence_figure(
            owed,
            whole,
            _sizes_left_out(view, size),
            unit,
            f"Leaving out one moves the prediction at the largest by at most {moved:.2g}%",
        ),
        "Change of the prediction when one row is left out",
        owed,
        "scaling_laws.influence",
        f"Each row (each curve, for laws of curves) left out in turn and the rest fitted again; the most influential "
        f"is {single['left_out']}.",
    )


def compared(view: View) -> None:
    """Laws side by side on the rows of the base."""
    law, rows = view.law, view.base_rows
    group = view.choice.group
    offered = laws_on_offer()
    names = [n for n, other in offered.items() if other.target == law.target and group.can_be_fitted_with(other)]
    chosen = st.multiselect(
        "Laws",
        names,
        names[:8] if law.name in names[:8] else [law.name, *names[:7]],
        key=f"scaling_laws.compared.{group.key}",
        help="All are fitted to the same rows with the same objective.",
    )
    if len(chosen) < 2:
        panels.empty_state("Choose at least two laws.")
        return
    rivals: list[Rival] | None = computed(
        "scaling_laws.compare", "Comparing laws", tasks.compare_laws, tuple(chosen), rows, view.choice.settings
    )
    if rivals is None:
        return
    st.success(recommendation(rivals, rows), icon=":material/balance:")
    table = as_table(rivals)
    cut = common_cut(rivals)
    panels.show_figure(
        figures_trust.rivals_figure(rivals, list(table["law"]), "Which law predicts the runs it has not seen?"),
        "Held-out error of each law against the reach beyond the cut",
        pd.concat([rival.rolled.assign(law=rival.law.name) for rival in rivals]),
        "scaling_laws.rivals",
        f"{len(rows)} rows; each law is fitted below a cut that moves and tested above it.",
    )
    shown = table.assign(**{name: 100 * table[name] for name in ("rms_relative_error", "held_out", "held_out_bias",
                                                                 "rolling")})  # fmt: skip
    panels.show_table(
        shown,
        "scaling_laws.compare",
        f"Errors in %. held_out: above the common cut{f' of {cut:.3g}' if cut else ''}; rolling: over all cuts; "
        "aicc_above: AICc above the lowest (2 is nothing, 10 is decisive), within the rows only; left_over: what the "
        "residuals still hold.",
        dict.fromkeys(("rms_relative_error", "held_out", "held_out_bias", "rolling"), PERCENT)
        | {
            "reach": st.column_config.NumberColumn(format="%.3g"),
            "aicc_above": st.column_config.NumberColumn(format="%.1f"),
        },
    )


def _sizes_left_out(view: View, size: pd.Series) -> pd.Series:
    """The size of what is left out, by its name: of a run, or of a curve's last point."""
    rows = view.base_rows
    return size.groupby(rows["curve_id"]).max() if "curve_id" in view.law.inputs else size


def described(view: View, examined: Examined | None) -> None:
    """The checklist and its paragraph."""
    evidence = Evidence(left_out=view.choice.left_out, starts=tasks.STARTS)
    if examined:
        evidence = Evidence(examined.profiles, examined.influence, examined.rolled, view.choice.left_out, tasks.STARTS)
    listed = checklist(view.base, view.base_rows, evidence)
    st.table(listed.as_table().set_index("question"))
    st.caption("What a reader must know to trust or repeat this fit.")
    st.markdown("**Methods paragraph**")
    st.code(listed.paragraph(), language=None, wrap_lines=True)
