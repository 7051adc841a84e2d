"""Tabs that say how far a fit can be trusted: profile, hold-out, laws side by side, checklist."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from analysis.fits.fitting import Status
from analysis.trust.checklist import Checklist, checklist
from analysis.trust.compare import Rival, as_table, common_cut, recommendation
from analysis.trust.holdout import size_of, size_words
from analysis.trust.influence import most_influential, units
from analysis.trust.questions import Evidence
from pages.ui import figures_trust, headings, panels, tasks
from pages.ui.inputs import laws_on_offer, title_of
from pages.ui.law_tabs import View
from pages.ui.tasks import Examined
from pages.ui.working import computed

PERCENT = st.column_config.NumberColumn(format="%.2f")
WEIGHTED = "weights say how often a row counts, not how noisy it is; choose no weights under Fit options"
SHARES = ("rms_relative_error", "held_out", "held_out_bias", "rolling")  # shown in %


def profile(view: View, examined: Examined | None) -> None:
    """How the objective rises when one parameter is held."""
    if examined is None:
        return
    found = examined.profiles
    if found is None:
        panels.empty_state(f"There are no profiles: {WEIGHTED}.")
        return
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
    if owed is None:
        st.caption(f"What the fit owes to single rows is not examined: {WEIGHTED}.")
        return
    whole = float(owed["prediction"].median())
    single = most_influential(owed, whole)
    moved = 100 * abs(single["prediction"] / whole - 1)
    panels.show_figure(
        figures_trust.influence_figure(
            owed,
            whole,
            size.groupby(units(view.law, view.base_rows)).max(),
            unit,
            f"Leaving out one moves the prediction at the largest by at most {moved:.2g}%",
        ),
        "Change of the prediction when one row is left out",
        owed,
        "scaling_laws.influence",
        "Each row (each curve, or each fifth of the only curve) left out in turn and the rest fitted again; the most "
        f"influential is {panels.plain(str(single['left_out']))}.",
    )


def compared(view: View) -> None:
    """Laws side by side on the rows of the base."""
    law, rows = view.law, view.base_rows
    group = view.choice.group
    offered = {n: other for n, other in laws_on_offer().items() if other.target == law.target}
    names = [n for n, other in offered.items() if group.feeds(other, rows)]
    chosen = st.multiselect(
        "Laws",
        names,
        names[:8] if law.name in names[:8] else [law.name, *names[:7]],
        format_func=lambda name: title_of(offered[name]),
        key=f"scaling_laws.compared.{group.key}",
        help="All are fitted to the same rows with the same objective and every parameter free.",
    )
    if len(chosen) < 2:
        panels.empty_state("Choose at least two laws.")
        return
    rivals: list[Rival] | None = computed(
        "scaling_laws.compare", "Comparing laws", tasks.compare_laws, tuple(chosen), rows, view.choice.settings
    )
    if rivals is None:
        return
    st.success(recommendation(rivals, rows, title_of), icon=":material/balance:")
    table = as_table(rivals)
    cut, unit = common_cut(rivals), size_words(size_of(law, rows))
    panels.show_figure(
        figures_trust.rivals_figure(
            {title_of(rival.law): rival.rolled for rival in rivals},
            [title_of(offered[name]) for name in table["law"]],
            "Which law predicts the runs it has not seen?",
        ),
        "Held-out error of each law against the reach beyond the cut",
        pd.concat([rival.rolled.assign(law=rival.law.name) for rival in rivals]),
        "scaling_laws.rivals",
        f"{len(rows)} rows; each law is fitted below a cut that moves and tested above it.",
    )
    shown = table.assign(
        law=[title_of(offered[name]) for name in table["law"]],
        status=[headings.status_words(Status[name]).lower() for name in table["status"]],
        **{name: 100 * table[name] for name in SHARES},
    )
    panels.show_table(
        shown,
        "scaling_laws.compare",
        f"Held out is what lies above the cut{f' at {cut:.3g} {unit}' if cut else ''}, the latest that leaves a fifth "
        "of the rows there; reach is the largest over it; rolling, over all cuts. AICc compares the fits within the "
        "rows only: a difference of 2 is nothing, one of 10 is decisive.",
        headings.worded(
            shown,
            dict.fromkeys(SHARES, PERCENT)
            | {
                "reach": st.column_config.NumberColumn(format="%.3g"),
                "aicc_above": st.column_config.NumberColumn(format="%.1f"),
            },
        ),
    )


def described(view: View, examined: Examined | None) -> None:
    """The checklist and its paragraph."""
    st.table(_checklist(view, examined, panels.plain).as_table().set_index("question"))
    st.caption("What a reader must know to trust or repeat this fit.")
    st.markdown("**Methods paragraph**")
    st.code(_checklist(view, examined, str).paragraph(), language=None, wrap_lines=True)


def _checklist(view: View, examined: Examined | None, written: Callable[[str], str]) -> Checklist:
    """The checklist of the fit; the name that a user gave to the rows is `written` so."""
    known = (view.choice.left_out, view.choice.settings.starts)
    found = (examined.profiles, examined.influence, examined.rolled) if examined else (None, None, None)
    evidence = Evidence(*found, *known)
    group, rows = view.choice.group, view.base_rows
    return checklist(view.base, rows.assign(source_id=written(group.label)) if group.uploaded else rows, evidence)
