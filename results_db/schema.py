"""The tables of schema version 1, as data. Frozen: a change is a new migration, never an edit here."""

from __future__ import annotations

from dataclasses import dataclass

ORIGIN = "origin IN ('published', 'uploaded', 'measured')"


@dataclass(frozen=True)
class Table:
    """A table: what it holds, its columns (name, type, comment) and its constraints."""

    name: str
    comment: str
    columns: tuple[tuple[str, str, str], ...]
    constraints: tuple[str, ...] = ()

    def statements(self) -> list[str]:
        """The SQL that creates the table and comments on it and on every column."""
        lines = [f"{name} {kind}" for name, kind, _ in self.columns] + list(self.constraints)
        comments = [f"COMMENT ON COLUMN {self.name}.{name} IS {quoted(comment)}" for name, _, comment in self.columns]
        create = f"CREATE TABLE {self.name} ({', '.join(lines)})"
        return [create, f"COMMENT ON TABLE {self.name} IS {quoted(self.comment)}", *comments]


def quoted(text: str) -> str:
    """The text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def positive(*columns: str) -> tuple[str, ...]:
    """Constraints: each column is NULL or a finite number above zero (CHECK alone lets NaN and inf in)."""
    return tuple(f"CHECK (isfinite({column}) AND {column} > 0)" for column in columns)


SOURCES = Table(
    "sources",
    "papers and software that published rows come from",
    (
        ("source_id", "VARCHAR PRIMARY KEY", "key of the source; every published row carries one"),
        ("title", "VARCHAR NOT NULL", "title of the paper or name of the software"),
        ("year", "INTEGER", "year of publication, where known"),
        ("arxiv_id", "VARCHAR", "arXiv identifier, where there is one"),
        ("link", "VARCHAR", "address of the code, the paper or the page"),
        ("area", "VARCHAR", "field, such as scaling-law or hardware"),
        ("relevance", "VARCHAR", "core or related"),
    ),
    ("CHECK (year BETWEEN 1970 AND 2100)",),
)

DATASETS = Table(
    "datasets",
    "files that users imported; removing one removes its rows",
    (
        ("dataset_id", "VARCHAR PRIMARY KEY", "key of the import, derived from its content"),
        ("name", "VARCHAR NOT NULL", "name the user gave it"),
        ("file_name", "VARCHAR NOT NULL", "name of the file as uploaded, without its folder"),
        ("sha256", "VARCHAR NOT NULL", "SHA-256 of the file's bytes"),
        ("kind", "VARCHAR NOT NULL", "table its rows went to: runs or probe_results"),
        ("n_rows", "INTEGER NOT NULL", "rows imported [count]"),
        ("imported_at", "TIMESTAMP NOT NULL", "time of the import [UTC]"),
        ("origin", "VARCHAR NOT NULL", "uploaded: files come from users"),
    ),
    ("CHECK (n_rows >= 0)", "CHECK (kind IN ('runs', 'probe_results'))", f"CHECK ({ORIGIN})"),
)

RUNS = Table(
    "runs",
    "training runs: one final loss each; never fit rows of different sources together",
    (
        ("run_id", "VARCHAR NOT NULL", "name of the run, unique within its source"),
        ("source_id", "VARCHAR NOT NULL", "key in sources, or the dataset_id of an uploaded run"),
        ("dataset_id", "VARCHAR", "key in datasets for an uploaded run, NULL for a published one"),
        ("family", "VARCHAR", "group of comparable runs within the source"),
        ("method", "VARCHAR", "training method as the source names it"),
        ("n_params", "DOUBLE NOT NULL", "model parameters N [count]; see params_counted"),
        ("params_counted", "VARCHAR", "what N counts: total or non_embedding parameters"),
        ("n_tokens", "DOUBLE", "training tokens D [count]"),
        ("flops", "DOUBLE", "training compute C as the source gives it [FLOPs, a count]; NULL: derive 6 N D"),
        ("loss", "DOUBLE NOT NULL", "final loss [nats per token]; see loss_name"),
        ("loss_name", "VARCHAR", "which loss: data set and split"),
        ("forward_format", "VARCHAR", "number format or method of the forward pass (bf16, mxfp4, QuEST, ...)"),
        ("backward_format", "VARCHAR", "number format or method of the backward pass"),
        ("weight_bits", "DOUBLE", "bits per weight element, without scales [bit]"),
        ("activation_bits", "DOUBLE", "bits per activation element, without scales [bit]"),
        ("kv_bits", "DOUBLE", "bits per key/value-cache element [bit]"),
        ("gradient_bits", "DOUBLE", "bits per gradient element, without scales [bit]"),
        ("exponent_bits", "DOUBLE", "exponent bits of the element format [bit]"),
        ("mantissa_bits", "DOUBLE", "mantissa bits of the element format [bit]"),
        ("block_size", "DOUBLE", "elements that share one scale [count]"),
        ("streams", "DOUBLE", "parallel streams P (ParScale) [count]"),
        ("outlier", "BOOLEAN NOT NULL DEFAULT false", "true: one of the outliers that the source drops from its fit"),
        ("note", "VARCHAR", "remarks on the row"),
        ("locator", "VARCHAR", "where in the source (file, cell, table) or in the upload (row)"),
        ("origin", "VARCHAR NOT NULL", "published, uploaded or measured"),
    ),
    (
        "PRIMARY KEY (source_id, run_id)",
        *positive("n_params", "n_tokens", "flops", "loss", "block_size", "streams"),
        *(f"CHECK ({name} BETWEEN 0 AND 64)" for name in ("weight_bits", "activation_bits", "kv_bits")),
        *(f"CHECK ({name} BETWEEN 0 AND 64)" for name in ("gradient_bits", "exponent_bits", "mantissa_bits")),
        "CHECK (params_counted IN ('total', 'non_embedding'))",
        f"CHECK ({ORIGIN})",
    ),
)

METHODS = Table(
    "methods",
    "what the method names in forward_format and backward_format mean",
    (
        ("method", "VARCHAR NOT NULL", "name as written in runs.forward_format or runs.backward_format"),
        ("role", "VARCHAR NOT NULL", "pass it is used in: forward, backward or both"),
        ("source_id", "VARCHAR NOT NULL", "key in sources"),
        ("label", "VARCHAR NOT NULL", "the method in plain words"),
        ("number_format", "VARCHAR", "number format of the elements"),
        ("transform", "VARCHAR", "transform before quantization; NULL: not stated"),
        ("rounding", "VARCHAR", "nearest or stochastic; NULL: not stated"),
        ("note", "VARCHAR", "remarks"),
        ("locator", "VARCHAR NOT NULL", "where in the source"),
    ),
    ("PRIMARY KEY (source_id, method, role)", "CHECK (role IN ('forward', 'backward', 'both'))"),
)

LAW_COEFFICIENTS = Table(
    "law_coefficients",
    "published coefficients of scaling laws, one symbol a row",
    (
        ("rank", "INTEGER NOT NULL", "order of the sets within a law; the lowest is the default"),
        ("source_id", "VARCHAR NOT NULL", "key in sources"),
        ("law", "VARCHAR NOT NULL", "law the coefficients belong to (chinchilla, quartet, ...)"),
        ("variant", "VARCHAR NOT NULL", "which of the source's fits; never mix symbols of two variants"),
        ("symbol", "VARCHAR NOT NULL", "coefficient: E, A, B, alpha, beta, gamma, eff_n, eff_d, ..."),
        ("value", "DOUBLE NOT NULL", "value as printed"),
        ("low", "DOUBLE", "lower end of the interval; NULL: none printed"),
        ("high", "DOUBLE", "upper end of the interval; NULL: none printed"),
        ("interval_kind", "VARCHAR", "what the interval is, such as 95% bootstrap"),
        ("evidence", "VARCHAR NOT NULL", "primary: read at the source; secondary: quoted by another text"),
        ("objective", "DOUBLE", "value of the objective that the source prints for this fit"),
        ("objective_kind", "VARCHAR", "objective that the source minimized"),
        ("locator", "VARCHAR NOT NULL", "where in the source"),
    ),
    (
        "PRIMARY KEY (law, source_id, variant, symbol)",
        *(f"CHECK (isfinite({name}))" for name in ("value", "low", "high", "objective")),
        "CHECK (low <= high)",
        "CHECK (evidence IN ('primary', 'secondary'))",
    ),
)

THROUGHPUT = Table(
    "throughput",
    "measured speeds as printed; the baseline belongs to the row",
    (
        ("source_id", "VARCHAR NOT NULL", "key in sources"),
        ("device", "VARCHAR NOT NULL", "device as the source names it"),
        ("kernel", "VARCHAR NOT NULL", "kernel, layer or model that was timed"),
        ("format", "VARCHAR NOT NULL", "number format timed, as printed"),
        ("baseline_format", "VARCHAR", "format a speedup is relative to; NULL for latencies"),
        ("n_params", "DOUBLE", "parameters of the timed model's linear layers [count]"),
        ("m", "DOUBLE", "GEMM rows m [count]"),
        ("n", "DOUBLE", "GEMM columns n [count]"),
        ("k", "DOUBLE", "GEMM inner size k [count]"),
        ("batch", "DOUBLE", "batch size [sequences]"),
        ("phase", "VARCHAR", "forward or backward"),
        ("metric", "VARCHAR NOT NULL", "what value is: speedup (ratio) or latency_ms [ms]"),
        ("value", "DOUBLE NOT NULL", "measured value, in the unit that metric names"),
        ("note", "VARCHAR", "remarks on the measurement"),
        ("locator", "VARCHAR NOT NULL", "where in the source"),
    ),
    (*positive("n_params", "m", "n", "k", "batch", "value"), "CHECK (phase IN ('forward', 'backward'))"),
)

DEVICES = Table(
    "devices",
    "dense peak rates of devices (no sparsity factors); NULL: not offered or no text source seen",
    (
        ("device", "VARCHAR PRIMARY KEY", "device name"),
        ("source_id", "VARCHAR NOT NULL", "key in sources of the main source"),
        ("vendor", "VARCHAR NOT NULL", "maker"),
        ("compute_capability", "VARCHAR", "CUDA compute capability or architecture name"),
        ("memory_gb", "DOUBLE", "memory [GB]"),
        ("bandwidth_gb_s", "DOUBLE", "memory bandwidth [GB/s]"),
        ("tdp_w", "DOUBLE", "board power [W]"),
        ("fp32_tflops", "DOUBLE", "dense peak, fp32 [TFLOP/s]"),
        ("tf32_tflops", "DOUBLE", "dense peak, tf32 [TFLOP/s]"),
        ("bf16_tflops", "DOUBLE", "dense peak, bf16 [TFLOP/s]"),
        ("fp16_tflops", "DOUBLE", "dense peak, fp16 [TFLOP/s]"),
        ("fp8_tflops", "DOUBLE", "dense peak, fp8 [TFLOP/s]"),
        ("int8_tops", "DOUBLE", "dense peak, int8 [TOP/s]"),
        ("fp6_tflops", "DOUBLE", "dense peak, fp6 [TFLOP/s]"),
        ("fp4_tflops", "DOUBLE", "dense peak, fp4 [TFLOP/s]"),
        ("int4_tops", "DOUBLE", "dense peak, int4 [TOP/s]"),
        ("evidence", "VARCHAR NOT NULL", "primary: vendor text; secondary: another text"),
        ("memory_only_fields", "VARCHAR", "columns left NULL because no text source was seen"),
        ("note", "VARCHAR", "disputed values and conditions"),
        ("locator", "VARCHAR NOT NULL", "where the values were read"),
    ),
    (
        *positive("memory_gb", "bandwidth_gb_s", "tdp_w", "fp32_tflops", "tf32_tflops", "bf16_tflops"),
        *positive("fp16_tflops", "fp8_tflops", "int8_tops", "fp6_tflops", "fp4_tflops", "int4_tops"),
        "CHECK (evidence IN ('primary', 'secondary'))",
    ),
)

MODELS = Table(
    "models",
    "architectures of released models; params_check_b and params_formula_b check the counts",
    (
        ("model", "VARCHAR PRIMARY KEY", "model name"),
        ("source_id", "VARCHAR NOT NULL", "key in sources of the architecture"),
        ("family", "VARCHAR NOT NULL", "model family"),
        ("params_total_b", "DOUBLE NOT NULL", "all parameters [1e9]"),
        ("params_active_b", "DOUBLE NOT NULL", "parameters used per token [1e9]"),
        ("tokens_trained_t", "DOUBLE", "training tokens [1e12]; NULL: no text source seen"),
        ("layers", "INTEGER", "transformer layers [count]"),
        ("d_model", "INTEGER", "model width [count]"),
        ("n_heads", "INTEGER", "attention heads [count]"),
        ("n_kv_heads", "INTEGER", "key/value heads [count]"),
        ("head_dim", "INTEGER", "size of one head [count]"),
        ("d_ff", "INTEGER", "feed-forward width of dense layers [count]"),
        ("n_experts", "INTEGER", "routed experts per MoE layer [count]"),
        ("n_experts_active", "INTEGER", "routed experts used per token [count]"),
        ("d_ff_expert", "INTEGER", "feed-forward width of one expert [count]"),
        ("n_shared_experts", "INTEGER", "experts used by every token [count]"),
        ("vocab", "INTEGER", "vocabulary size [count]"),
        ("max_context", "INTEGER", "longest context [tokens]"),
        ("attention", "VARCHAR", "mha, gqa, mqa or mla"),
        ("kv_lora_rank", "INTEGER", "MLA: rank of the key/value latent [count]"),
        ("qk_rope_head_dim", "INTEGER", "MLA: rotary part of a query/key head [count]"),
        ("qk_nope_head_dim", "INTEGER", "MLA: non-rotary part of a query/key head [count]"),
        ("v_head_dim", "INTEGER", "MLA: size of a value head [count]"),
        ("q_lora_rank", "INTEGER", "MLA: rank of the query latent [count]"),
        ("tied_embeddings", "BOOLEAN", "output matrix shares the embedding; in part general knowledge"),
        ("native_dtype", "VARCHAR", "number format of the released weights"),
        ("mlp_matrices", "INTEGER", "matrices per feed-forward block: 2 plain, 3 gated [count]"),
        ("n_dense_layers", "INTEGER", "MoE models: layers without experts [count]"),
        ("learned_positions", "INTEGER", "learned position embeddings [count]"),
        ("params_basis", "VARCHAR", "where params_total_b comes from"),
        ("params_check_b", "DOUBLE", "parameter count used as the check [1e9]"),
        ("params_formula_b", "DOUBLE", "count computed from the architecture columns [1e9]"),
        ("params_diff_pct", "DOUBLE", "formula minus check, relative [%]"),
        ("tokens_source_id", "VARCHAR", "key in sources of tokens_trained_t"),
        ("note", "VARCHAR", "remarks"),
        ("locator", "VARCHAR NOT NULL", "where in the source"),
    ),
    (
        *positive("params_total_b", "params_active_b", "tokens_trained_t", "layers", "d_model"),
        *positive("params_check_b", "params_formula_b"),
        "CHECK (isfinite(params_diff_pct))",
    ),
)

PROBE_RESULTS = Table(
    "probe_results",
    "kernels timed or refused by the probe, one case a row",
    (
        ("result_id", "VARCHAR PRIMARY KEY", "key of the case, derived from its content"),
        ("dataset_id", "VARCHAR", "key in datasets for an imported row, NULL when measured here"),
        ("kernel", "VARCHAR NOT NULL", "kernel that ran or was refused"),
        ("format", "VARCHAR", "number format of the kernel"),
        ("m", "BIGINT", "GEMM rows m [count]"),
        ("n", "BIGINT", "GEMM columns n [count]"),
        ("k", "BIGINT", "GEMM inner size k [count]"),
        ("device", "VARCHAR", "device name as the driver gives it"),
        ("status", "VARCHAR NOT NULL", "OK, UNSUPPORTED, WRONG, FAILED, TIMEOUT or CANCELLED; only OK has times"),
        ("detail", "VARCHAR", "evidence, or the reason why there is no time"),
        ("native", "BOOLEAN", "true: the hardware computes in this format; false: emulated"),
        ("p20_us", "DOUBLE", "20th percentile of the time [us]"),
        ("p50_us", "DOUBLE", "median time [us]"),
        ("p80_us", "DOUBLE", "80th percentile of the time [us]"),
        ("relative_error", "DOUBLE", "error against the reference, relative [1]"),
        ("versions", "VARCHAR", "software versions, as a JSON object"),
        ("device_id", "VARCHAR", "which of several devices, such as cuda:0"),
        ("device_kind", "VARCHAR", "kind of device: cpu, cuda, ..."),
        ("capability", "VARCHAR", "compute capability or instruction sets"),
        ("utc", "TIMESTAMP", "time of the measurement [UTC], where the line says it"),
        ("extra", "VARCHAR", "every other field of the probe's line, as a JSON object"),
        ("origin", "VARCHAR NOT NULL", "measured here, or uploaded from a file"),
    ),
    (
        *positive("m", "n", "k", "p20_us", "p50_us", "p80_us"),
        "CHECK (isfinite(relative_error) AND relative_error >= 0)",
        f"CHECK ({ORIGIN})",
    ),
)

TABLES_V1 = (SOURCES, DATASETS, RUNS, METHODS, LAW_COEFFICIENTS, THROUGHPUT, DEVICES, MODELS, PROBE_RESULTS)
