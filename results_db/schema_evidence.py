"""Tables of evidence, version 5: quantizer errors and efficiencies, coverage against samples, claims of abstracts."""

from __future__ import annotations

from results_db.schema import Table, positive
from results_db.schema_facts import CAUTION, LOCATOR, NOTE, SOURCE, finite

EFFICIENCY_RELATION = Table(
    "efficiency_relation",
    "error of quantizers on reference inputs, computed for this program, against published efficiencies",
    (
        SOURCE,
        ("method", "VARCHAR NOT NULL", "quantizer; definitions in results_db/data/README.md"),
        ("role", "VARCHAR NOT NULL", "forward: eff is eff_N; backward: eff is eff_D; both: error only"),
        ("format", "VARCHAR NOT NULL", "elements, block and scale"),
        ("transform", "VARCHAR NOT NULL", "transform before quantization, undone after it"),
        ("distribution", "VARCHAR NOT NULL", "reference input"),
        ("mse", "DOUBLE NOT NULL", "mean squared error over mean square [1]"),
        ("mse_standard_error", "DOUBLE NOT NULL", "standard error of mse [1]"),
        ("alignment", "DOUBLE NOT NULL", "sum Q(x) x over sum x^2 [1]; 1: no shrinking"),
        ("cosine", "DOUBLE NOT NULL", "cosine between Q(x) and x [1]"),
        ("variance", "DOUBLE NOT NULL", "part of mse from random rounding and random signs [1]"),
        ("bias_squared", "DOUBLE NOT NULL", "mse minus variance [1]; may be below 0 by its sampling error"),
        ("n_samples", "DOUBLE NOT NULL", "samples drawn [count]"),
        ("eff", "DOUBLE", "published or refitted efficiency [1]; NULL: error only"),
        ("eff_kind", "VARCHAR", "where eff comes from: published fit, table, joint fit, one run, or own fit"),
        ("eff_source_id", "VARCHAR", "key in sources of eff, or of the losses it was fitted on"),
        ("snapshot", "VARCHAR", "which version of the source"),
        ("point", "VARCHAR", "name of the point in figures"),
        ("operand", "VARCHAR", "operands that are quantized; one row per operand where they differ"),
        ("in_fit", "BOOLEAN", "true: used for the relation eff_N = 1/(1 + k mse)"),
        CAUTION,
        NOTE,
        LOCATOR,
    ),
    (
        *positive("n_samples", "eff", "mse_standard_error"),
        *finite("alignment", "cosine", "bias_squared"),
        *(f"CHECK (isfinite({name}) AND {name} >= 0)" for name in ("mse", "variance")),
        "CHECK (role IN ('forward', 'backward', 'both'))",
        "CHECK ((eff IS NULL) = (eff_source_id IS NULL))",
    ),
)

COVERAGE = Table(
    "coverage",
    "share of problems that some of k samples solve; other shares are told apart by metric",
    (
        SOURCE,
        ("model", "VARCHAR NOT NULL", "model, with its tools where it has some"),
        ("task", "VARCHAR NOT NULL", "benchmark and subset"),
        ("k", "DOUBLE", "samples per problem [count]; NULL where metric is no coverage"),
        ("metric", "VARCHAR NOT NULL", "coverage, accuracy_after_selection or share_of_problems"),
        ("value", "DOUBLE NOT NULL", "share [1]"),
        ("n_problems", "DOUBLE", "problems in the task [count]"),
        ("approximate", "BOOLEAN NOT NULL", "true: read off a plot, rounded or derived"),
        ("evidence", "VARCHAR NOT NULL", "primary: read at the source; secondary: quoted by another text"),
        NOTE,
        LOCATOR,
    ),
    (
        *positive("k", "n_problems"),
        "CHECK (value BETWEEN 0 AND 1)",
        "CHECK (metric IN ('coverage', 'accuracy_after_selection', 'share_of_problems'))",
        "CHECK (evidence IN ('primary', 'secondary'))",
    ),
)

CLAIMS = Table(
    "claims",
    "numbers that abstracts claim, as printed and in one unit per kind of claim",
    (
        ("claim_id", "VARCHAR PRIMARY KEY", "key of the claim"),
        SOURCE,
        ("subject", "VARCHAR NOT NULL", "what the claim is about"),
        ("metric", "VARCHAR NOT NULL", "what is claimed: speedup, memory_reduction, accuracy_delta, ..."),
        ("value", "DOUBLE NOT NULL", "value in unit, as printed"),
        ("value_high", "DOUBLE", "upper end in unit, where a range is printed"),
        ("unit", "VARCHAR", "unit as printed; % of a speedup means that much on top of 1x"),
        ("normalized", "DOUBLE NOT NULL", "value in normalized_unit: gains and reductions as factors"),
        ("normalized_high", "DOUBLE", "upper end in normalized_unit, where a range is printed"),
        ("normalized_unit", "VARCHAR", "unit of normalized; x: times the baseline, or times less of it"),
        ("baseline", "VARCHAR", "what it is compared with"),
        ("format", "VARCHAR", "number format, as printed"),
        ("model", "VARCHAR", "model or range of models"),
        ("hardware", "VARCHAR", "device"),
        ("task", "VARCHAR", "task or data set"),
        ("condition", "VARCHAR NOT NULL", "exact, about, up to, average, ... and further conditions"),
        LOCATOR,
    ),
    (*finite("value", "value_high", "normalized", "normalized_high"),),
)
