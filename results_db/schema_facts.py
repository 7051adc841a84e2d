"""Tables of published facts, version 5: fits of laws, measured rates, training efficiency, prices and energy."""

from __future__ import annotations

from results_db.schema import Table, positive

LOCATOR = ("locator", "VARCHAR NOT NULL", "where in the source")
SOURCE = ("source_id", "VARCHAR NOT NULL", "key in sources")
NOTE = ("note", "VARCHAR", "remarks")
CAUTION = (
    "caution",
    "VARCHAR",
    "what to know before use: codes of the table cautions, separated by a space; NULL: nothing",
)


def finite(*columns: str) -> tuple[str, ...]:
    """Constraints: each column is NULL or a finite number."""
    return tuple(f"CHECK (isfinite({column}))" for column in columns)


LAW_FITS = Table(
    "law_fits",
    "what notebooks and papers print for their own fits, one symbol a row; law_coefficients holds the sets to use",
    (
        SOURCE,
        ("law", "VARCHAR NOT NULL", "name of the fit; its equation is in the note of its first row"),
        ("fitted_on", "VARCHAR NOT NULL", "runs that were fitted, as the source names them"),
        ("symbol", "VARCHAR NOT NULL", "coefficient, with the method it belongs to in brackets"),
        ("value", "DOUBLE NOT NULL", "value as printed, in the units of the equation"),
        ("low", "DOUBLE", "lower end of the interval, in the unit of value; NULL: none printed"),
        ("high", "DOUBLE", "upper end of the interval, in the unit of value; NULL: none printed"),
        ("interval_kind", "VARCHAR", "what the interval is, such as 95% bootstrap"),
        ("standard_error", "DOUBLE", "standard error in the unit of value, as printed; NULL: none printed"),
        ("objective", "DOUBLE", "value of the objective that the source prints for this fit [1]"),
        ("objective_kind", "VARCHAR", "objective that was minimized; NULL: not stated in the text read"),
        NOTE,
        LOCATOR,
    ),
    (
        "PRIMARY KEY (source_id, law, fitted_on, symbol)",
        *finite("value", "low", "high", "standard_error", "objective"),
        "CHECK (low <= high)",
        "CHECK (standard_error >= 0)",
    ),
)

GEMM_MEASURED = Table(
    "gemm_measured",
    "matrix-multiplication rates measured by others; upper bounds apart from the rest",
    (
        SOURCE,
        ("device", "VARCHAR NOT NULL", "device as the source names it"),
        ("format", "VARCHAR NOT NULL", "number format, as printed"),
        ("m", "DOUBLE", "GEMM rows m [count]"),
        ("n", "DOUBLE", "GEMM columns n [count]"),
        ("k", "DOUBLE", "GEMM inner size k [count]"),
        ("tflops", "DOUBLE NOT NULL", "measured rate [TFLOP/s]; INT8: [TOP/s]"),
        ("peak_tflops", "DOUBLE", "peak that the source divides by [TFLOP/s]"),
        ("percent_of_peak", "DOUBLE", "rate over that peak as printed [%]"),
        ("software", "VARCHAR NOT NULL", "library or kernel and its versions"),
        ("statistic", "VARCHAR NOT NULL", "median, mean or best of the repeats"),
        (
            "upper_bound",
            "BOOLEAN NOT NULL",
            "true: constant operands draw less power than data do; not a rate to expect",
        ),
        CAUTION,
        NOTE,
        LOCATOR,
    ),
    (
        *positive("m", "n", "k", "tflops", "peak_tflops", "percent_of_peak"),
        "CHECK (statistic IN ('median', 'mean', 'best'))",
    ),
)

TRAINING_EFFICIENCY = Table(
    "training_efficiency",
    "how fast training runs and frameworks were, one metric a row; conventions differ between sources",
    (
        SOURCE,
        ("system", "VARCHAR NOT NULL", "framework or training run"),
        ("model", "VARCHAR NOT NULL", "model that was trained"),
        ("n_params", "DOUBLE", "parameters of the model [count]"),
        ("device", "VARCHAR NOT NULL", "accelerator as the source names it"),
        ("n_devices", "DOUBLE", "accelerators used [count]"),
        ("precision", "VARCHAR", "number format of the matrix multiplications, as printed"),
        ("precision_assumed", "BOOLEAN NOT NULL", "true: precision is not printed but assumed by the transcriber"),
        ("metric", "VARCHAR NOT NULL", "mfu, hfu, tflops_per_gpu, tokens_per_s_per_gpu, gpu_hours or pflops_total"),
        ("value", "DOUBLE NOT NULL", "value in the unit of metric: mfu and hfu [%], gpu_hours [h], rates as named"),
        ("flops_counted", "VARCHAR", "model: without recomputation; hardware: with it; NULL: not stated"),
        ("peak_format", "VARCHAR", "format whose peak a utilization divides by, where stated"),
        CAUTION,
        NOTE,
        LOCATOR,
    ),
    (
        *positive("n_params", "n_devices", "value"),
        "CHECK (metric NOT IN ('mfu', 'hfu') OR value <= 100)",
        "CHECK (flops_counted IN ('model', 'hardware'))",
    ),
)

PRICES_ENERGY = Table(
    "prices_energy",
    "prices of GPU hours and electricity, carbon intensity of grids, overhead of data centers",
    (
        ("item", "VARCHAR NOT NULL", "device, grid, customer class or operator"),
        ("kind", "VARCHAR NOT NULL", "gpu_hour_usd, electricity_usd_kwh, carbon_gco2_kwh or pue"),
        ("value", "DOUBLE NOT NULL", "value in the unit of kind: [USD/h], [USD/kWh], [g CO2/kWh]; pue [1]"),
        ("low", "DOUBLE", "lower end of the range in the same unit, where stated"),
        ("high", "DOUBLE", "upper end of the range in the same unit, where stated"),
        ("region", "VARCHAR NOT NULL", "where, and on which terms"),
        ("as_of", "VARCHAR NOT NULL", "date or period, as far as the source gives one"),
        SOURCE,
        ("evidence", "VARCHAR NOT NULL", "primary: read at the source; secondary: quoted by another text"),
        CAUTION,
        LOCATOR,
    ),
    (
        *positive("value", "low", "high"),
        "CHECK (low <= value AND value <= high)",
        "CHECK (kind IN ('gpu_hour_usd', 'electricity_usd_kwh', 'carbon_gco2_kwh', 'pue'))",
        "CHECK (kind <> 'pue' OR value >= 1)",
        "CHECK (evidence IN ('primary', 'secondary'))",
    ),
)

LICENSE_COLUMNS = (
    (
        "license",
        "VARCHAR",
        "SPDX identifier of the repository in which its figures were read, else of the one behind its link; 'none "
        "stated': that repository names none; NULL: not looked up, as of papers and pages, or not at hand",
    ),
    (
        "license_locator",
        "VARCHAR",
        "where the license was read, or why it was not; NULL: a paper or page, of which only facts are taken",
    ),
)
LINK_COLUMNS = (
    (
        "link_gb_s",
        "DOUBLE",
        "what a device sends to all others of its node at once, one direction [GB/s]; NULL: not read",
    ),
    ("link_peer_gb_s", "DOUBLE", "what a device sends to one other of its node, one direction [GB/s]; NULL: not read"),
    ("link_locator", "VARCHAR", "where the rates of its links were read"),
)
WINDOW_COLUMNS = (
    (
        "sliding_window",
        "INTEGER",
        "tokens that a layer with a window or chunk of the context attends to and caches; NULL: no layer has one",
    ),
    (
        "full_attention_layers",
        "INTEGER",
        "layers that attend to the whole context [count]; NULL: all; the others to sliding_window tokens",
    ),
)
