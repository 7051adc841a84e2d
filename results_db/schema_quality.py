"""The table of model quality under quantization, published and uploaded alike."""

from __future__ import annotations

from results_db.schema import ORIGIN, Table, positive

QUALITY = Table(
    "quality",
    "quality of a model in a number format, one metric a row; compare across sources only rows that are comparable",
    (
        ("source_id", "VARCHAR NOT NULL", "key in sources, or the dataset_id of an uploaded row"),
        ("dataset_id", "VARCHAR", "key in datasets for an uploaded row, NULL for a published one"),
        ("source_family", "VARCHAR", "sources of one group of authors; give each family the same weight in a figure"),
        ("model", "VARCHAR NOT NULL", "model that was quantized"),
        ("n_params", "DOUBLE", "parameters of the model by its name [count]"),
        ("method", "VARCHAR", "how it was quantized; baseline: the unquantized row of the table"),
        ("weight_format", "VARCHAR", "number format of the weights"),
        ("activation_format", "VARCHAR", "number format of the activations"),
        ("kv_format", "VARCHAR", "number format of the key/value cache; NULL: not stated"),
        ("weight_bits", "DOUBLE", "bits per weight [bit]; see bits_include_scales"),
        ("bits_include_scales", "BOOLEAN", "true: weight_bits counts scales and codebooks; NULL: not quantized"),
        ("activation_bits", "DOUBLE", "bits per activation element, without scales [bit]"),
        ("kv_bits", "DOUBLE", "bits per key/value-cache element, without scales [bit]"),
        ("block_size", "DOUBLE", "weights that share one scale [count]; NULL: see scale_per"),
        ("scale_per", "VARCHAR", "what shares one scale: group (of block_size), channel or block; NULL: not stated"),
        ("task", "VARCHAR NOT NULL", "benchmark or text that was evaluated"),
        ("metric", "VARCHAR NOT NULL", "what value is: perplexity, accuracy, kl_divergence, ..."),
        ("higher_is_better", "BOOLEAN NOT NULL", "true: a larger value is better"),
        ("value", "DOUBLE NOT NULL", "value in the unit of metric: accuracies [%], perplexities [1], losses [nats]"),
        ("standard_error", "DOUBLE", "standard error of value in its unit, where stated"),
        ("baseline_value", "DOUBLE", "value of the unquantized model in the same table, in the same unit"),
        ("protocol", "VARCHAR", "how it was measured: tokens of context, shots, harness; NULL: not stated"),
        ("axis", "VARCHAR", "metric, task and protocol in one word for grouping: never put two axes on one scale"),
        (
            "comparable",
            "BOOLEAN",
            "true: rows of other sources on this axis were measured alike; false: within it only",
        ),
        (
            "caution",
            "VARCHAR",
            "what to know before use: codes of the table cautions, separated by a space; NULL: nothing",
        ),
        ("note", "VARCHAR", "remarks"),
        ("locator", "VARCHAR", "where in the source (file, line, table) or in the upload (row)"),
        ("origin", "VARCHAR NOT NULL", "published, uploaded or measured"),
    ),
    (
        *positive("n_params", "block_size"),
        *(f"CHECK ({name} BETWEEN 0 AND 64)" for name in ("weight_bits", "activation_bits", "kv_bits")),
        *(f"CHECK (isfinite({name}))" for name in ("value", "baseline_value")),
        "CHECK (isfinite(standard_error) AND standard_error >= 0)",
        "CHECK (scale_per IN ('group', 'channel', 'block'))",
        f"CHECK ({ORIGIN})",
    ),
)
