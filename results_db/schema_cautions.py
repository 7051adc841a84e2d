"""What version 5 adds to tables of version 1: cautions as columns, phases of throughput, the digest of the data."""

from __future__ import annotations

from dataclasses import replace

from results_db.schema import LAW_COEFFICIENTS, MODELS, SOURCES, THROUGHPUT, Table
from results_db.schema_facts import CAUTION, finite

PHASES = ("forward", "backward", "train-step", "prefill", "decode")

CAUTIONS = Table(
    "cautions",
    "what the codes in the caution columns mean",
    (
        ("table_name", "VARCHAR NOT NULL", "table whose caution column holds the code"),
        ("code", "VARCHAR NOT NULL", "code; a row may carry several, separated by a space"),
        ("meaning", "VARCHAR NOT NULL", "what to know before using such a row"),
    ),
    ("PRIMARY KEY (table_name, code)",),
)

RUN_COLUMNS = (
    (
        "fit_group",
        "VARCHAR",
        "published runs of one source_id with the same fit_group may be fitted together; NULL: none may, see caution "
        "(an uploaded dataset is one group)",
    ),
    CAUTION,
)

SOURCES_V5 = replace(
    SOURCES,
    columns=(
        *SOURCES.columns[:-1],
        ("relevance", "VARCHAR", "core, related or off-topic"),
        (
            "arxiv_verified",
            "BOOLEAN",
            "true: the identifier stands beside a link of the same work, or was looked up; false: not checked, do not "
            "print it; NULL: none",
        ),
    ),
)

LAW_COEFFICIENTS_V5 = replace(
    LAW_COEFFICIENTS,
    columns=(
        *(
            (name, kind, "value in the units of the law, see printed_value" if name == "value" else comment)
            for name, kind, comment in LAW_COEFFICIENTS.columns
        ),
        ("printed_value", "DOUBLE", "value as printed, where it was converted to parameters or tokens; NULL: as value"),
        ("params_counted", "VARCHAR", "what N counts: total or non_embedding parameters; NULL: not stated"),
        (
            "computed_here",
            "BOOLEAN NOT NULL DEFAULT false",
            "true: our own fit on the source's data; not printed by it",
        ),
        ("note", "VARCHAR", "form of the law, units and remarks"),
    ),
    constraints=(
        *LAW_COEFFICIENTS.constraints,
        *finite("printed_value"),
        "CHECK (params_counted IN ('total', 'non_embedding'))",
    ),
)

_THROUGHPUT_COMMENTS = {
    "device": "device as the source names it; NULL: not stated",
    "phase": f"part of the work that was timed: {', '.join(PHASES)}",
    "metric": "what value is: speedup (ratio), latency_ms [ms], tokens_per_s, gbps [GB/s] or tflops [TFLOP/s]",
}
THROUGHPUT_V5 = replace(
    THROUGHPUT,
    columns=(
        *(
            (name, "VARCHAR" if name == "device" else kind, _THROUGHPUT_COMMENTS.get(name, comment))
            for name, kind, comment in THROUGHPUT.columns
        ),
        (
            "measured",
            "BOOLEAN NOT NULL DEFAULT true",
            "false: an expectation that the source prints beside a measurement",
        ),
    ),
    constraints=(*THROUGHPUT.constraints[:-1], f"CHECK (phase IN {PHASES})"),
)

MODELS_V5 = replace(
    MODELS,
    columns=(
        *MODELS.columns,
        ("year", "INTEGER", "year of release; general knowledge, not read in a source"),
        (
            "general_knowledge",
            "VARCHAR",
            "columns of the row that are general knowledge, separated by a space: never print them as read in a source",
        ),
    ),
    constraints=(*MODELS.constraints, "CHECK (year BETWEEN 2015 AND 2100)"),
)

REBUILT = (SOURCES_V5, LAW_COEFFICIENTS_V5, THROUGHPUT_V5, MODELS_V5)

SHIPPED_DATA = Table(
    "shipped_data",
    "which shipped data the published rows are; no row: a store without published rows",
    (
        (
            "digest",
            "VARCHAR NOT NULL",
            "SHA-256 of the shipped data; another program version brings its own on opening",
        ),
        ("loaded_at", "TIMESTAMP NOT NULL", "time the rows were loaded [UTC]"),
    ),
)
