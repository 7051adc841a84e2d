"""What a format leaves of a model's quality, and what to serve in: small cases worked by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from analysis.serving.deployment import STYLES, candidates, recommended
from analysis.serving.layer_skipping import layers_kept
from analysis.serving.recovery import SIZES, judged, kind_of, model_family, recovery, scheme, size_of, summary

LATENCY, THROUGHPUT, MEMORY = STYLES
H100 = {"bf16_tflops": 989.0, "fp8_tflops": 1979.0, "int8_tops": 1979.0}
A100 = {"bf16_tflops": 312.0, "int8_tops": 624.0, "int4_tops": 1248.0}


def measured(source: str, value: float, **other: object) -> dict:
    """A row as the store gives it: int4 weights in groups of 128 on a model of 7e9, against 80."""
    row = {
        "source_family": source, "axis": "a", "model": "Llama-2-7B", "n_params": 7e9, "task": "mmlu",
        "metric": "accuracy", "higher_is_better": True, "value": value, "baseline": 80.0, "left_out": None,
        "weight_format": "int4", "activation_format": "fp16", "kv_format": None, "weight_bits": 4.0,
        "activation_bits": 16.0, "kv_bits": np.nan, "block_size": 128.0, "scale_per": "group",
        "bits_include_scales": False, "origin": "published",
    }  # fmt: skip
    return row | other


FP8 = {"weight_format": "e4m3", "activation_format": "e4m3", "weight_bits": 8.0, "activation_bits": 8.0}
INT8 = {"weight_format": "int8", "activation_format": "int8", "weight_bits": 8.0, "activation_bits": 8.0}
INT3 = {"weight_format": "int3", "weight_bits": 3.0}


def test_recovery_is_a_share_of_the_16_bit_value_whichever_direction_is_better() -> None:
    assert recovery([72.0, 5.0, 6.25], [80.0, 5.0, 5.0], [True, False, False]) == pytest.approx([90.0, 100.0, 80.0])


def test_one_family_with_many_rows_counts_as_much_as_one_with_few() -> None:
    rows = [measured("loud", 79.2, model=f"m{i}") for i in range(100)]
    rows += [measured("quiet", 72.0), measured("third", 76.0)]
    (found,) = summary(judged(pd.DataFrame(rows)), ("scheme",)).to_dict("records")
    assert (found["n_rows"], found["n_families"]) == (102, 3)
    assert found["recovery"] == pytest.approx(95.0)  # the median of 99, 90 and 95, not 99
    assert (found["low"], found["high"]) == (pytest.approx(90.0), pytest.approx(99.0))


def test_one_axis_of_a_family_counts_as_much_as_another() -> None:
    rows = [measured("one", 80.0, axis="many") for _ in range(9)] + [measured("one", 72.0, axis="few")]
    assert summary(judged(pd.DataFrame(rows)), ("scheme",))["recovery"][0] == pytest.approx(95.0)


def test_rows_that_cannot_be_judged_are_in_no_summary() -> None:
    rows = pd.DataFrame([measured("a", 79.0), measured("a", 10.0, left_out="the printed value is suspect")])
    assert list(judged(rows)["value"]) == [79.0]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (measured("a", 1), "int4 × 16-bit"),
        (measured("a", 1, **INT8), "int8 × int8"),
        (measured("a", 1, kv_bits=4.0, kv_format="int4"), "int4 × 16-bit, kv int4"),
        (measured("a", 1, kv_bits=8.0), "int4 × 16-bit, kv 8 bits"),
        (measured("a", 1, kv_bits=16.0, kv_format="fp16"), "int4 × 16-bit"),
        (measured("a", 1, activation_format=None, activation_bits=None), "int4 × not stated"),
    ],
)
def test_a_scheme_names_what_is_quantized(row: dict, words: str) -> None:
    assert scheme(row) == words


def test_every_size_is_in_one_band() -> None:
    tops = [top for top, _ in SIZES]
    assert tops == sorted(tops)
    assert [size_of(n) for n in (1e9, 2e9, 7e9, 13e9, 70e9)] == [words for _, words in SIZES]
    assert size_of(float("nan")) == "size not stated"


def test_a_family_is_the_name_before_its_size() -> None:
    names = {"Llama-3.1-8B-Instruct": "Llama-3.1", "OPT-125m": "OPT", "Mixtral-8x7B": "Mixtral-8x7B", "Phi-4": "Phi-4"}
    names |= {
        "DeiT-S": "DeiT",
        "Qwen2.5-0.5B-Instruct": "Qwen2.5",
        "DeiT-B/384": "DeiT",
        "1.3B (family not printed)": "1.3B",
    }
    assert {name: model_family(name) for name in names} == names


def test_what_was_evaluated_follows_from_metric_and_task() -> None:
    kinds = [
        kind_of("fid", "mjhq_30k"),
        kind_of("accuracy", "imagenet"),
        kind_of("wer", "x"),
        kind_of("accuracy", "mmlu"),
    ]
    assert kinds == ["images made", "images read", "speech", "language"]


def offered(*rows: dict) -> pd.DataFrame:
    """Candidates of rows that two families each measured."""
    return candidates(judged(pd.DataFrame([row | {"source_family": f} for row, f in itertools.product(rows, "ab")])))


def test_stored_bits_count_the_scales_where_they_are_known() -> None:
    grouped = offered(measured("", 79))["stored_bits"][0]
    assert grouped == 4 + 16 / 128
    assert offered(measured("", 79, scale_per="channel", block_size=np.nan))["stored_bits"][0] == 4
    assert offered(measured("", 79, bits_include_scales=True, weight_bits=4.83))["stored_bits"][0] == 4.83


def test_few_requests_are_served_from_the_narrowest_weights_that_keep_enough() -> None:
    found = offered(measured("", 79.0), measured("", 72.0, **INT3), measured("", 79.9, **FP8))
    assert recommended(found, LATENCY, H100, 98)["scheme"] == "int4 × 16-bit"
    assert recommended(found, LATENCY, H100, 90)["scheme"] == "int3 × 16-bit"
    assert recommended(found, LATENCY, H100, 99.9) is None


def test_many_requests_are_served_in_the_fastest_native_format() -> None:
    found = offered(measured("", 79.0), measured("", 79.5, **INT8), measured("", 79.9, **FP8))
    assert recommended(found, THROUGHPUT, H100, 98)["scheme"] == "e4m3 × e4m3"  # as fast as int8, and keeps more
    assert recommended(found, THROUGHPUT, A100, 98)["scheme"] == "int8 × int8"  # no FP8 there
    assert recommended(found, THROUGHPUT, {"bf16_tflops": 100.0}, 98) is None


def test_a_format_that_one_family_measured_is_not_recommended() -> None:
    alone = candidates(judged(pd.DataFrame([measured("a", 79.9)])))
    assert recommended(alone, MEMORY, H100, 90) is None
    assert recommended(alone, MEMORY, H100, 90, families=1)["scheme"] == "int4 × 16-bit"


def test_skipping_layers_for_twice_the_speed_keeps_half_of_them() -> None:
    assert [layers_kept(n, 2.0) for n in (32, 80)] == [16, 40]
    assert layers_kept(32, 1.0) == 32
    assert layers_kept(32, 2.0, 0.8) == 12  # 0.2 + 0.8 x 12/32 = 0.5
    with pytest.raises(ValueError, match=r"out of reach: 50% of the time .* allows 2 at most"):
        layers_kept(32, 3.0, 0.5)
    with pytest.raises(ValueError, match="a speed-up is 1 or more"):
        layers_kept(32, 0.5)
