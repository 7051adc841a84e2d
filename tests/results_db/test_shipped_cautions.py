"""What the sources warn of stands in columns, and the facts agree with each other where they can be checked."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from results_db import Store

Tables = Callable[[str], pd.DataFrame]

WITH_CAUTIONS = (
    *("runs", "loss_curves", "quality", "gemm_measured", "training_efficiency", "prices_energy"),
    "efficiency_relation",
)


@pytest.mark.parametrize("table", WITH_CAUTIONS)
def test_every_caution_is_explained_and_every_explanation_is_used(table: str, facts: Store) -> None:
    used = set(facts.table(table)["caution"].dropna().str.split().explode())
    explained = facts.table("cautions", table_name=table)
    assert used == set(explained["code"])
    assert (explained["meaning"].str.len() > 15).all()


def test_runs_that_cannot_be_fitted_are_in_no_group(facts: Store) -> None:
    runs = facts.table("runs")
    codes = runs["caution"].fillna("")
    unfit = codes.str.contains("perplexity|two_decimals|duplicate_record")
    assert (runs["fit_group"].isna() == unfit).all()
    assert (codes.str.contains("log_perplexity") == runs["loss_name"].str.contains("natural log")).all()
    coarse = runs[codes.str.contains("two_decimals")]
    assert set(coarse["source_id"]) == {"mxfp4_training_2025", "fp4_llm_training_2025"}
    assert (coarse["loss"].round(2) == coarse["loss"]).all()


def test_runs_of_one_group_share_their_loss_and_what_their_sizes_count(facts: Store) -> None:
    runs = facts.table("runs").dropna(subset=["fit_group"])
    for key, group in runs.groupby(["source_id", "fit_group"]):
        assert group["loss_name"].nunique() == 1, key
        assert group["params_counted"].nunique() <= 1, key
        assert group["n_tokens"].notna().all(), key
        again = group.duplicated(["method", "n_params", "n_tokens", "loss"])
        assert not again.any(), group[again]


def test_backward_runs_with_a_suspected_sign_error_are_marked_in_both_papers(facts: Store) -> None:
    runs = facts.table("runs")
    marked = runs[runs["caution"].fillna("").str.contains("sign_error")]
    assert set(marked["source_id"]) == {"quartet_2025", "quartet_ii_2026"}
    first = runs[(runs["source_id"] == "quartet_2025")]
    suspect = first["backward_format"].isin(["AlbertTsengQuantizer", "AlbertTsengDeterministic"])
    assert set(first[suspect]["run_id"]) == set(marked[marked["source_id"] == "quartet_2025"]["run_id"])
    assert marked[marked["source_id"] == "quartet_ii_2026"]["backward_format"].str.contains("wrong sign").all()


def test_every_format_of_a_run_is_a_plain_one_or_explained_as_a_method(facts: Store) -> None:
    runs, methods = facts.table("runs"), facts.table("methods")
    plain = {"bf16", "fp16", "fp4", "mxfp4", "nvfp4"}
    for role in ("forward", "backward"):
        fitting = methods[methods["role"].isin([role, "both"])]
        known = set(zip(fitting["source_id"], fitting["method"], strict=True))
        used = runs.dropna(subset=[f"{role}_format"])[["source_id", f"{role}_format"]].drop_duplicates()
        silent = [row for row in used.itertuples(index=False, name=None) if row[1] not in plain and row not in known]
        assert not silent


def test_a_curve_rises_in_steps_and_falls_in_loss_and_never_passes_its_peak_rate(facts: Store) -> None:
    curves = facts.table("loss_curves")
    assert curves["curve_id"].nunique() == 64
    for name, curve in curves.groupby("curve_id"):
        assert curve["step"].is_monotonic_increasing, name
        assert curve["step"].max() <= curve["total_steps"].iloc[0], name
        assert curve["loss"].iloc[-1] < curve["loss"].iloc[0], name
        assert (curve["learning_rate"] <= curve["peak_learning_rate"] * 1.0001).all(), name
        assert curve[["n_params", "schedule", "loss_name"]].drop_duplicates().shape[0] == 1, name


def test_a_curve_that_holds_only_its_decay_names_the_curve_before_it(facts: Store) -> None:
    curves = facts.table("loss_curves")
    decays = curves.dropna(subset=["continues_curve_id"])
    assert (curves["caution"].fillna("").str.contains("decay_part_only") == curves["continues_curve_id"].notna()).all()
    for name, decay in decays.groupby("curve_id"):
        before = curves[curves["curve_id"] == decay["continues_curve_id"].iloc[0]]
        assert before["peak_learning_rate"].iloc[0] == decay["peak_learning_rate"].iloc[0], name
        assert before["n_params"].iloc[0] == decay["n_params"].iloc[0], name
        first = decay.iloc[0]
        at = np.interp(first["step"], before["step"], before["loss"])
        assert first["loss"] == pytest.approx(at, abs=0.02), name


def test_bits_include_scales_only_where_the_format_or_the_table_says_so(facts: Store) -> None:
    quality = facts.table("quality")
    counted = quality[quality["bits_include_scales"] == True]  # noqa: E712
    whole = counted["weight_format"].str.startswith(("gguf_", "exl2", "vptq"))
    assert set(counted[~whole]["source_id"]) == {"gptq_for_llama"}  # prints bits per weight, bitsandbytes among them
    assert quality[quality["weight_format"].isin(["exl2", "vptq"])]["bits_include_scales"].all()
    plain = quality["weight_format"].isin(["fp16", "bf16", "fp32"])
    assert quality[plain]["bits_include_scales"].isna().all()
    integers = quality[quality["weight_format"].str.fullmatch(r"int[2348]") & ~quality.index.isin(counted.index)]
    assert (integers["weight_bits"] == integers["weight_format"].str[3:].astype(float)).all()


def test_perplexities_of_different_protocols_are_on_different_axes(facts: Store) -> None:
    quality = facts.table("quality", metric="perplexity")
    axes = {
        "deepcompressor": "2048 tokens",
        "qserve_2024": "2048 tokens",
        "marlin_2024": "4096 tokens",
        "llm_compressor": "lm-eval",
        "torchao": "lm-eval",
        "exllamav2": "10 rows of 512 tokens",
    }
    for source, words in axes.items():
        own = quality[quality["source_id"] == source]["axis"]
        assert own.str.contains(words).any(), source
    llama_cpp = quality[quality["source_id"].isin(["llama_cpp", "ik_llama_cpp"])]
    assert llama_cpp["axis"].str.contains("llama.cpp").all()
    assert not quality[~quality.index.isin(llama_cpp.index)]["axis"].str.contains("llama.cpp").any()


def test_on_a_comparable_perplexity_axis_sources_agree_on_the_unquantized_model(facts: Store) -> None:
    quality = facts.table("quality", metric="perplexity", comparable=True)
    quality = quality[~quality["caution"].fillna("").str.contains("suspect_value")].dropna(subset=["baseline_value"])
    spread = quality.groupby(["axis", "model"])["baseline_value"].agg(["min", "max"])
    apart = spread[spread["max"] > 1.02 * spread["min"]]
    assert apart.empty, apart
    assert len(spread) > 40


def test_averages_over_tasks_are_never_called_comparable(facts: Store) -> None:
    quality = facts.table("quality")
    average = quality["metric"].str.endswith("_avg") | quality["task"].str.contains("avg")
    assert not quality[average]["comparable"].any()
    assert (quality.groupby("axis")["metric"].nunique() == 1).all()


def test_fewer_bits_never_give_a_better_median_perplexity(facts: Store) -> None:
    rows = facts.table("quality", axis="perplexity, wikitext2, 2048 tokens").dropna(subset=["baseline_value"])
    loss = (rows["value"] / rows["baseline_value"]).groupby(rows["weight_bits"]).median()
    assert list(loss[[2, 3, 4, 8, 16]]) == sorted(loss[[2, 3, 4, 8, 16]], reverse=True), loss


def test_one_family_of_sources_holds_under_a_third_of_the_quality_rows_and_has_one_name(facts: Store) -> None:
    quality = facts.table("quality")
    shares = quality["source_family"].value_counts(normalize=True)
    assert shares.index[0] == "AutoRound"
    assert 0.28 < shares.iloc[0] < 0.33
    assert set(quality[quality["source_family"] == "AutoRound"]["source_id"]) == {"auto_round", "signround_2023"}


def test_rates_with_constant_operands_are_upper_bounds(facts: Store) -> None:
    rates = facts.table("gemm_measured")
    assert set(rates[rates["upper_bound"]]["source_id"]) == {"gpu_flops_bench"}
    assert (rates["upper_bound"] == rates["caution"].fillna("").str.contains("constant_operands")).all()


def test_a_source_measures_fp8_at_least_as_fast_as_16_bit_on_one_device(facts: Store) -> None:
    rates = facts.table("gemm_measured")
    kind = rates["format"].str.extract(r"^(FP8|BF16|FP16)")[0]
    best = rates.assign(kind=kind).pivot_table(
        index=["source_id", "device"], columns="kind", values="tflops", aggfunc="max"
    )
    both = best.dropna(subset=["FP8"])
    half = both[["BF16", "FP16"]].max(axis=1)
    slower = both[both["FP8"] < half]
    assert slower.empty, slower
    assert (half.notna()).sum() > 15


def test_no_measured_rate_exceeds_the_dense_peak_of_its_device(facts: Store) -> None:
    peaks = facts.table("devices").set_index("device")
    rates = facts.table("gemm_measured", upper_bound=False)
    checked = 0
    for row in rates.to_dict("records"):
        device = row["device"].removeprefix("NVIDIA ").removeprefix("AMD ")
        column = {"BF16": "bf16_tflops", "FP8 E4M3": "fp8_tflops"}.get(row["format"])
        if device in peaks.index and column and pd.notna(peaks.at[device, column]):
            checked += 1
            assert row["tflops"] <= peaks.at[device, column], row
    assert checked > 20


def test_a_utilization_times_the_datasheet_peak_is_the_rate_beside_it(facts: Store) -> None:
    rows = facts.table("training_efficiency", source_id="mosaicml_llm_foundry")
    peaks = facts.table("devices").set_index("device")
    peak_of = {
        ("A100 80GB", "BF16"): peaks.at["A100-80GB SXM", "bf16_tflops"],
        ("A100 40GB", "BF16"): peaks.at["A100-40GB SXM", "bf16_tflops"],
        ("H100 80GB", "BF16"): peaks.at["H100 SXM", "bf16_tflops"],
        ("H100 80GB", "FP8"): peaks.at["H100 SXM", "fp8_tflops"],
    }
    key = ["model", "device", "n_devices", "precision", "note", "locator"]
    wide = rows.pivot_table(index=key, columns="metric", values="value").reset_index()
    peak = [peak_of[pair] for pair in zip(wide["device"], wide["precision"], strict=True)]
    assert len(wide) > 150
    assert np.allclose(wide["mfu"] / 100 * peak, wide["tflops_per_gpu"], rtol=0.01)
    assert set(rows[rows["metric"] == "mfu"]["flops_counted"]) == {"model"}
    shares = rows[rows["metric"].isin(["mfu", "hfu"])]
    assert (shares["peak_format"] == shares["precision"].str.lower()).all()


def test_precisions_that_nobody_printed_say_so(facts: Store, published_text: Tables) -> None:
    ours = facts.table("training_efficiency")
    theirs = published_text("training_efficiency")
    assert (ours["precision_assumed"] == theirs["precision"].str.contains("assumed")).all()
    assert not ours["precision"].fillna("").str.contains("assumed").any()


def test_expectations_are_told_from_measurements(facts: Store) -> None:
    expected = facts.table("throughput", measured=False)
    assert len(expected) == 15
    assert expected["note"].str.startswith("NOT measured").all()


def test_the_own_relation_holds_on_the_points_it_was_fitted_on(facts: Store) -> None:
    relation = facts.table("efficiency_relation", role="forward", in_fit=True)
    four_bit = relation[~relation["method"].str.fullmatch(r"quest_int\d")]
    k = facts.coefficients("efficiency_relation_own", variant="effN_logistic_4bit")["k"]
    per_point = four_bit.assign(share=0.5 * np.log1p(k * four_bit["mse"])).groupby(["point", "eff"])
    shares = per_point["share"].agg(lambda share: share.sum() if len(share) > 1 else 2 * share.sum()).reset_index()
    assert np.sqrt(np.mean((np.exp(-shares["share"]) - shares["eff"]) ** 2)) < 0.03


def test_parts_of_an_error_add_up(facts: Store) -> None:
    relation = facts.table("efficiency_relation")
    assert np.allclose(relation["variance"] + relation["bias_squared"], relation["mse"], rtol=1e-4, atol=1e-5)


def test_published_coverages_follow_the_published_curve_where_it_is_given(facts: Store) -> None:
    values = facts.coefficients("coverage", variant="Llama-3-8B-Instruct MATH")
    rows = facts.table("coverage", model="Llama-3-8B-Instruct", task="MATH (oracle verifier)")
    predicted = np.exp(values["a"] * rows["k"] ** values["b"])
    assert len(rows) >= 3
    assert np.allclose(predicted, rows["value"], atol=0.01)


def test_shares_that_are_no_coverage_have_no_k_of_it(facts: Store) -> None:
    coverage = facts.table("coverage")
    shares = coverage[coverage["metric"] == "share_of_problems"]
    assert shares["value"].sum() == pytest.approx(1, abs=1e-4)
    assert shares["k"].isna().all()
    assert (
        coverage[coverage["note"].fillna("").str.contains("NOT coverage")]["metric"]
        .eq("accuracy_after_selection")
        .all()
    )
    assert coverage[coverage["note"].fillna("").str.contains("APPROXIMATE")]["approximate"].all()
    solved = coverage[coverage["metric"] == "coverage"].pivot_table(
        index=["model", "task"], columns="k", values="value"
    )
    for pair, row in solved.iterrows():
        assert row.dropna().is_monotonic_increasing, pair


GAINS = {("speedup", "%", 64.0): 1.64, ("throughput_gain", "%", 10.0): 1.10}
REDUCTIONS = {("memory_reduction", "%", 50.0): 2.0, ("compute_reduction", "%", 90.0): 10.0}


@pytest.mark.parametrize(("claim", "factor"), (GAINS | REDUCTIONS).items())
def test_a_claim_in_percent_is_also_a_factor(claim: tuple, factor: float, facts: Store) -> None:
    metric, unit, value = claim
    rows = facts.table("claims", metric=metric, unit=unit, value=value)
    assert len(rows)
    assert np.allclose(rows["normalized"], factor)
    assert (rows["normalized_unit"] == "x").all()


def test_claims_of_one_kind_have_one_normalized_unit(facts: Store) -> None:
    claims = facts.table("claims")
    for metric in ("speedup", "throughput_gain", "memory_reduction", "latency_reduction", "energy_reduction"):
        units = set(claims[claims["metric"] == metric]["normalized_unit"])
        assert units <= {"x", "GB"}, (metric, units)  # GB: saved bytes, of no stated whole
    kept = claims[claims["unit"] == claims["normalized_unit"]]
    assert (kept["value"] == kept["normalized"]).all()


def test_what_is_general_knowledge_about_a_model_is_named(facts: Store) -> None:
    models = facts.table("models")
    named = models["general_knowledge"].str.split()
    assert named.map(lambda words: "year" in words).all()
    assert set(named.explode()) == {"year", "tied_embeddings"}
    sure = models[~models["general_knowledge"].str.contains("tied_embeddings")]
    # One embedding matrix more or less would move the count: it agrees with the printed one only as stated.
    off = (sure["params_formula_b"] - sure["params_check_b"]).abs()
    assert (off < 0.25 * sure["vocab"] * sure["d_model"] / 1e9).all()


def test_laws_say_which_parameters_they_count(facts: Store) -> None:
    sets = facts.coefficient_sets()
    non_embedding = {"kaplan_joint", "ptq_degradation", "quartet", "parscale"}
    for law in non_embedding:
        assert set(sets[sets["law"] == law]["params_counted"]) == {"non_embedding"}, law
    hoffmann = sets[sets["source_id"] == "chinchilla_2022"]
    assert set(hoffmann["params_counted"]) == {"total"}


def test_own_fits_are_never_passed_off_as_printed_ones(facts: Store) -> None:
    sets = facts.coefficient_sets()
    own = sets["locator"].str.contains("OWN|own least-squares|re-run of|derived from the runs|exp\\(\\) of")
    assert (sets["computed_here"] == own).all()
    assert not sets[sets["law"].isin(["chinchilla", "quartet"])]["computed_here"].any()


# Set of law_coefficients -> fit of law_fits that prints the same numbers.
SAME_FITS = {
    ("quartet", "base"): "quartet-base",
    ("quartet", "base_older_snapshot"): "quartet-base-older",
    ("precision", "integer_full"): "kumar-precision-train",
    ("fp_quantization", "unified"): "capybara",
    ("qat_error", "W4A4"): "qat-w4a4",
    ("kaplan_joint", "loss16_pythia"): "qid-pythia-16bit",
    ("chinchilla", "exact_replication_240pts"): "epoch-refit-exact-replication",
}


@pytest.mark.parametrize(("law", "variant"), SAME_FITS)
def test_the_two_tables_of_fits_agree_where_they_overlap(law: str, variant: str, facts: Store) -> None:
    fits = facts.table("law_fits", law=SAME_FITS[law, variant])
    printed = dict(zip(fits["symbol"], fits["value"], strict=True))
    values = facts.coefficients(law, variant=variant)
    assert {symbol: values[symbol] for symbol in printed} == printed
