"""Every shipped value is the one it was transcribed from, row by row; what was left out is left out on purpose."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

import pandas as pd
import pytest

from results_db.shipped import SHIPPED

Tables = Callable[[str], pd.DataFrame]


def same(ours: str, theirs: str) -> bool:
    return ours == theirs


def truth(ours: str, theirs: str) -> bool:
    return ours == {"1": "true", "0": "false", "True": "true", "False": "false", "": ""}[theirs]


def in_billions(ours: str, theirs: str) -> bool:
    return ours == ("" if theirs == "" else str(int(Decimal(theirs) * 10**9)))


def plain_format(ours: str, theirs: str) -> bool:
    """A plain format has our name; a method keeps its own, followed by its options where one name has several."""
    ours_of = {"BF16": "bf16", "FP16": "fp16", "amp_bfloat16": "bf16", "NVFP4": "nvfp4", "MXFP4": "mxfp4", "FP4": "fp4"}
    return ours == ours_of.get(theirs, theirs) or ours.startswith(f"{theirs}; ")


# Words that stand in a shipped remark in place of the number of an anonymous text copy.
WORDS_OF_OURS = set(
    re.findall(
        r"\w+",
        "a agree and another arxiv by copy from hand in of one paper public review rows runs second several six "
        "summaries text the to vocabulary with results_db data readme md quantizers efficiency_relation in_fit",
    )
)
ANONYMOUS = re.compile(r"\d{9,12}$")


def told(ours: str, theirs: str) -> bool:
    """A remark says nothing that its twin does not, and keeps its figures; numbers of anonymous copies are gone."""
    said, meant = (set(re.findall(r"[A-Za-z_]+|\d[\d.]*\d|\d", text.lower())) for text in (ours, theirs))
    figures = {word for word in meant if word[0].isdigit() and not ANONYMOUS.match(word)}
    return said <= meant | WORDS_OF_OURS and figures <= said | WORDS_OF_OURS


@dataclass(frozen=True)
class Twin:
    """A shipped table, the table it was transcribed from, and the columns that are spelled otherwise on purpose."""

    file: str
    rows: int
    renamed: dict[str, str] = field(default_factory=dict)
    spelled: dict[str, Callable[[str, str], bool]] = field(default_factory=dict)
    keep: Callable[[pd.DataFrame], pd.Series] | None = None
    order: tuple[str, ...] = ()
    ours_only: frozenset[str] = frozenset()  # columns without a twin: cautions and what was looked up


REMARKS = {"note": told, "locator": told}

TWINS = {
    "runs": Twin(
        "runs",
        1683,
        {"n_params": "params_n", "n_tokens": "tokens_d", "flops": "compute_c", "block_size": "group_size"},
        REMARKS | {"forward_format": plain_format, "backward_format": plain_format},
        order=("source_id",),
        ours_only=frozenset(
            {"run_id", "params_counted", "streams", "outlier", "fit_group", "caution"}
            | {"learning_rate", "batch_tokens", "error_rate"}
        ),
    ),
    "loss_curves": Twin(
        "curves",
        7522,
        {"peak_learning_rate": "peak_lr", "learning_rate": "lr"},
        {"locator": lambda ours, theirs: theirs.startswith(ours)},
        ours_only=frozenset({"loss_name", "steps_averaged", "continues_curve_id", "caution", "note"}),
    ),
    "law_fits": Twin(
        "law_fits",
        198,
        {"law": "law_id", "fitted_on": "dataset", "symbol": "param", "low": "ci_low", "high": "ci_high"},
        REMARKS,
        lambda theirs: theirs["param"] != "fit_cost",  # kept as the objective of its set
        ours_only=frozenset({"interval_kind", "standard_error", "objective", "objective_kind"}),
    ),
    "quality": Twin(
        "quality",
        5266,
        {"task": "dataset", "n_params": "params_b"},
        REMARKS | {"higher_is_better": truth, "n_params": in_billions},
        lambda theirs: ~theirs["model"].str.startswith("VILA"),  # a table that its own source has commented out
        ours_only=frozenset(
            {"source_family", "bits_include_scales", "block_size", "scale_per", "protocol", "axis", "comparable"}
            | {"caution"}
        ),
    ),
    "throughput": Twin(
        "throughput",
        1390,
        {},
        REMARKS | {"device": lambda ours, theirs: ours == ("" if theirs == "not stated" else theirs)},
        ours_only=frozenset({"n_params", "measured"}),
    ),
    "gemm_measured": Twin(
        "gemm_measured",
        429,
        {"format": "dtype", "peak_tflops": "theory_tflops", "percent_of_peak": "percent", "statistic": "metric"},
        REMARKS,
        ours_only=frozenset({"upper_bound", "caution"}),
    ),
    "training_efficiency": Twin(
        "training_efficiency",
        1924,
        {"n_params": "params_b", "device": "devices"},
        REMARKS
        | {"n_params": in_billions, "precision": lambda ours, theirs: ours == theirs.removesuffix(" (assumed)")},
        ours_only=frozenset({"precision_assumed", "flops_counted", "peak_format", "caution"}),
    ),
    "prices_energy": Twin(
        "prices_energy",
        89,
        {"locator": "source"},
        {"locator": told},
        ours_only=frozenset({"source_id", "caution"}),
    ),
    "efficiency_relation": Twin(
        "efficiency_relation",
        529,
        {"mse_standard_error": "mse_se", "eff_kind": "eff_source"},
        {
            "in_fit": truth,
            "note": lambda ours, theirs: ours == theirs.replace("measurement only", ""),
            "locator": told,
        },
        ours_only=frozenset({"source_id", "eff_source_id", "caution"}),
    ),
    "coverage": Twin(
        "coverage",
        59,
        {"value": "coverage"},
        REMARKS | {"k": lambda ours, theirs: ours == ("" if theirs == "share of problems" else theirs)},
        ours_only=frozenset({"metric", "approximate", "evidence"}),
    ),
    "claims": Twin(
        "claims",
        481,
        ours_only=frozenset({"normalized", "normalized_high", "normalized_unit", "locator"}),
    ),
    "models": Twin(
        "models",
        110,
        {"source_id": "source"},
        {
            "tied_embeddings": truth,
            "locator": told,
            "note": told,
            "params_basis": told,
            "tokens_trained_t": lambda ours, theirs: theirs in (ours, ""),  # six counts were looked up elsewhere
        },
        ours_only=frozenset({"tokens_source_id", "general_knowledge", "sliding_window", "full_attention_layers"}),
    ),
}


@pytest.mark.parametrize("table", TWINS)
def test_every_shipped_value_is_the_one_it_was_transcribed_from(
    table: str, shipped_text: Tables, published_text: Tables
) -> None:
    twin = TWINS[table]
    ours, theirs = shipped_text(table), published_text(twin.file)
    if twin.keep:
        theirs = theirs[twin.keep(theirs)]
    for column in twin.order:  # files are read in the order of their names
        ours, theirs = (frame.sort_values(column, kind="stable") for frame in (ours, theirs))
    assert len(ours) == len(theirs) == twin.rows
    names = {column: twin.renamed.get(column, column) for column in ours if column not in twin.ours_only}
    wrong = []
    for column, name in names.items():
        agrees = twin.spelled.get(column, same)
        pairs = list(zip(ours[column], theirs[name], strict=True))
        wrong += [(column, *pair) for pair in dict.fromkeys(pairs) if not agrees(*pair)]
    assert not wrong, f"{len(wrong)} values of {table} differ, the first: {wrong[:3]}"
    unused = set(theirs) - set(names.values()) - LOST.get(table, set())
    assert not unused, f"columns of {twin.file} that are not shipped: {unused}"


def test_learning_rates_and_batches_of_runs_are_those_of_their_remarks(shipped_text: Tables) -> None:
    runs = shipped_text("runs")
    own = runs[runs["learning_rate"] != ""]
    assert set(own["source_id"]) == {"step_law_2025"}
    said = own["note"].str.extract(r"; lr=([\d.e-]+); batch=(\d+) sequences of 2048\b")
    assert list(own["learning_rate"]) == list(said[0])
    assert list(own["batch_tokens"].astype(int)) == list(2048 * said[1].astype(int))


# Columns that reach the store under several names, or in a column that has no twin.
LOST = {"quality": {"group_size"}}


def test_group_sizes_of_quality_are_numbers_or_what_shares_a_scale(
    shipped_text: Tables, published_text: Tables
) -> None:
    ours, theirs = shipped_text("quality"), published_text("quality")
    theirs = theirs[~theirs["model"].str.startswith("VILA")]
    for block, per, printed in zip(ours["block_size"], ours["scale_per"], theirs["group_size"], strict=True):
        assert (block, per) == ((printed, "group") if printed.isdigit() else ("", printed))


def test_the_cost_that_a_notebook_prints_is_the_objective_of_its_set(
    shipped_text: Tables, published_text: Tables
) -> None:
    theirs = published_text("law_fits")
    printed = theirs[theirs["param"] == "fit_cost"].set_index("law_id")["value"]
    ours = shipped_text("law_fits")
    stored = ours[ours["objective"] != ""].groupby("law")["objective"].unique()
    assert stored.map(list).to_dict() == {law: [value] for law, value in printed.items()}


def test_standard_errors_of_fits_are_those_of_their_notes(shipped_text: Tables) -> None:
    ours = shipped_text("law_fits")
    said = ours["note"].str.extract(r"standard error ([\d.]+)$")[0].fillna("")
    assert (ours["standard_error"] == said).all()
    assert (said != "").sum() == 6


# What a law of ours calls a symbol of the table of origin, where that differs.
SYMBOLS = {
    "kaplan_L_Cmin": {"alpha_C_min": "alpha_C", "C_c_min_PFdays": "C_c"},
    "lr_anneal_tissue": {"lambda_decay": "lambda_"},
    "kinetics_eflops": {"E_flops": "I"},
    "data_constrained": {"ln_A": "A", "ln_B": "B", "ln_E": "E"},
    "steplaw_lr": {"coef": "c", "ln_coef": "c", "exp_N": "alpha", "exp_D": "beta"},
    "steplaw_bs": {"coef": "d", "ln_coef": "d", "exp_D": "gamma"},
    "sparsing_silu": {"first_column": "alpha"},
}
WORD_LM = {"coef": "A", "beta_g": "alpha"}  # the one set of its source that is a whole power law
AUTHORS_CODE = "Raincleared-Song/SparsingLawData@1cab443 calc.py CURVE_PARAM"  # has what the table of origin lacks
# Sets that became a part of another, or whose name two laws of the table of origin share.
VARIANTS = {("precision_kumar", "delta_ptq"): "integer_full"}


def coefficient_name(law: str, variant: str, published_name: str) -> str:
    """Our name: effN-joint[Quartet] and eff_n -> eff_n, a_Nopt -> a, E as it is."""
    found = re.fullmatch(r"eff_?([nNdD])(-\w+)?(\[.*\])?", published_name)
    if found:
        return f"eff_{found[1].lower()}"
    own = WORD_LM if (law, variant) == ("hestness", "word_lm") else SYMBOLS.get(law, {})
    return (own | {"a_Nopt": "a", "b_Dopt": "b"}).get(published_name, published_name)


def variant_name(law: str, variant: str) -> str:
    """Our name of a set: those that map loss to error say on how many tasks."""
    tasks = re.fullmatch(r"gadre_err(\d+)", law)
    return f"{variant}_{tasks[1]}_tasks" if tasks else VARIANTS.get((law, variant), variant)


def test_every_shipped_coefficient_stands_in_a_published_table_with_its_interval(
    shipped_text: Tables, published_text: Tables
) -> None:
    known = set()
    for file in ("law_coefficients", "law_fits"):
        for row in published_text(file).itertuples():
            name = coefficient_name(row.law_id, getattr(row, "variant", ""), row.param)
            ends = [repr(math.exp(float(end))) if row.param == "ln_coef" else end for end in (row.ci_low, row.ci_high)]
            known.add((row.source_id, name, row.value, *ends))
    ours = shipped_text("law_coefficients")
    ours["printed"] = ours["printed_value"].where(ours["printed_value"] != "", ours["value"])
    alone = [
        (row.symbol, row.value, row.variant, row.locator)
        for row in ours.itertuples()
        if (row.source_id, row.symbol, row.printed, row.low, row.high) not in known and AUTHORS_CODE not in row.locator
    ]
    assert [row[:3] for row in alone] == [("beta", "1", "kaplan_form_bf16"), ("E", "0", "word_lm")], alone
    assert all(row[3].endswith("(fixed)") for row in alone)  # the forms hold these; nothing was fitted


def test_the_columns_that_an_extraction_lost_are_those_of_the_authors_code(shipped_text: Tables) -> None:
    ours = shipped_text("law_coefficients")
    own = ours[ours["locator"].str.contains(AUTHORS_CODE)]
    silu = own[own["law"] == "activation_sparsity_silu"].set_index("variant")["value"].to_dict()
    assert silu == {"0.1B": "0.102", "0.2B": "0.208", "0.4B": "0.42", "0.8B": "0.562", "1.2B": "0.538"}
    relu = own[own["law"] == "activation_sparsity_relu"]
    assert set(relu["variant"]) == {"2.4B"}
    assert dict(zip(relu["symbol"], relu["value"], strict=True)) == {
        "alpha": "2.11",
        "b": "-3.82",
        "c": "9.04e-06",
        "A_0": "0.0712",
    }
    assert len(own) == 9


def test_no_coefficient_was_left_behind_but_the_eight_recalled_ones(
    shipped_text: Tables, published_text: Tables
) -> None:
    theirs = published_text("law_coefficients")
    assert (theirs["evidence"] == "memory").sum() == 8
    ours = shipped_text("law_coefficients")
    printed = ours["printed_value"].where(ours["printed_value"] != "", ours["value"])
    variants = ours["variant"].replace("setting not stated", "Llama-3.1-8B, MATH (setting recalled)")
    have = set(zip(ours["source_id"], variants, ours["symbol"], printed, ours["evidence"], strict=True))
    missing = []
    for row in theirs[theirs["evidence"] != "memory"].itertuples():
        name, variant = coefficient_name(row.law_id, row.variant, row.param), variant_name(row.law_id, row.variant)
        if (row.source_id, variant, name, row.value, row.evidence) not in have:
            missing.append((row.source_id, row.variant, row.param, row.value))
    assert not missing
    recalled = theirs[theirs["evidence"] == "memory"]
    shipped_sets = set(zip(ours["source_id"], ours["variant"], strict=True))
    assert not set(zip(recalled["source_id"], recalled["variant"], strict=True)) & shipped_sets


def test_sizes_in_billions_logs_and_signs_were_converted_and_say_what_was_printed(shipped_text: Tables) -> None:
    ours = shipped_text("law_coefficients")
    converted = ours[ours["printed_value"] != ""].set_index("law")
    logs = {"data_constrained": 3, "step_law_lr": 1, "step_law_batch": 1}
    assert converted.index.value_counts().to_dict() == {"infinite_compute": 1, "power_law": 1, **logs}
    for row in converted.loc[list(logs)].itertuples():
        assert float(row.value) == pytest.approx(math.exp(float(row.printed_value)), rel=1e-15), row.symbol
    assert float(converted.loc["power_law", "value"]) == -float(converted.loc["power_law", "printed_value"])
    row = converted.loc["infinite_compute"]
    loss = {n: float(row["value"]) / n**1.02 + 3.43 for n in (0.3e9, 1.4e9)}  # the losses that the paper plots
    assert loss[0.3e9] == pytest.approx(3.601, abs=1e-3)
    assert loss[1.4e9] == pytest.approx(3.465, abs=1e-3)


def test_quartets_objectives_are_those_its_notebook_prints(shipped_text: Tables, published_text: Tables) -> None:
    fits = published_text("law_fits")
    printed = set(fits[(fits["source_id"] == "quartet_2025") & (fits["param"] == "fit_cost")]["value"])
    ours = shipped_text("law_coefficients")
    stored = set(ours[(ours["source_id"] == "quartet_2025")]["objective"]) - {""}
    assert stored == printed


def test_device_peaks_are_the_published_ones_less_those_without_a_text_source(
    shipped_text: Tables, published_text: Tables
) -> None:
    ours, theirs = (
        shipped_text("devices").set_index("device"),
        published_text("device_peaks").set_index("device"),
    )
    assert list(ours.index) == list(theirs.index)
    wrong = []
    for device, row in theirs.iterrows():
        left_out = ours.loc[device, "memory_only_fields"].split()
        assert len(left_out) == len(row["memory_only_fields"].split()), device
        assert all(any(name.startswith(word) for name in left_out) for word in row["memory_only_fields"].split())
        for column in set(ours) & set(theirs) - {"memory_only_fields", "note"}:
            expected = "" if column in left_out else row[column]
            if ours.loc[device, column] != expected:
                wrong.append((device, column, ours.loc[device, column], expected))
        assert ours.loc[device, "note"].startswith(row["note"])
        assert ours.loc[device, "locator"] == row["source"]
    assert not wrong


def test_every_source_is_there_with_its_words_and_others_only_where_a_fact_needs_them(
    shipped_text: Tables, published_text: Tables
) -> None:
    ours, theirs = shipped_text("sources"), published_text("sources")
    assert len(theirs) == 487
    both = theirs.merge(ours, on="source_id", how="left", suffixes=("", "__ours"))
    for column in ("year", "area", "relevance"):
        assert (both[column] == both[f"{column}__ours"]).all()
    titles = both["title"].str.replace(r" \((docs index|text index cop(y|ies))\)$", "", regex=True)
    assert (titles == both["title__ours"]).all()
    other = both[both["arxiv_id"] != both["arxiv_id__ours"]]
    assert list(other["source_id"]) == ["deepcompressor"]  # software whose identifier is that of QServe's paper
    linked = both[both["link"] != both["code_url"]]
    assert (linked["code_url"] == "").all()
    assert (linked["link"] == "https://arxiv.org/abs/" + linked["arxiv_id"]).all()
    used = {key for table in SHIPPED for key in shipped_text(table).filter(regex="source_id$").to_numpy().ravel()}
    assert set(ours["source_id"]) - set(theirs["source_id"]) <= used - {""} | set(shipped_text("devices")["source_id"])
