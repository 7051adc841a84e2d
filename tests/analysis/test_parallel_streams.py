"""Parallel streams against a larger model, summed up by hand."""

from itertools import pairwise

import pytest

from analysis.laws import LAWS
from analysis.serving.architecture import Architecture
from analysis.serving.ceilings import Ceilings
from analysis.serving.memory import Devices, ServingFormats
from analysis.serving.serving import Load, Server
from analysis.serving.streams import compared_growth, grown

QWEN = Architecture("Qwen2.5-1.5B", 28, 1536, 12, 2, 128, 8960, 151936, tied_embeddings=True, stated_params=1540000000)
SERVER = Server(QWEN, ServingFormats(), Devices(1, 80.0), Ceilings({"bf16": 989.4}, 3350))


@pytest.mark.row("R61")
@pytest.mark.parametrize("variant", ["stack_v2_python", "pile"])
def test_the_gain_of_streams_grows_with_their_log(variant, published):
    law, values = LAWS["parscale"], published("parscale", variant)
    factors = [float(law.derive("acting_size", values, {"streams": 2.0**i})) for i in range(5)]
    steps = [after - before for before, after in pairwise(factors)]
    assert steps == pytest.approx([steps[0]] * 4, rel=1e-9)
    assert steps[0] == pytest.approx(values["k"] * 0.693147, rel=1e-6)


@pytest.mark.row("R61")
def test_for_one_request_streams_add_up_to_some_twenty_times_less_memory_and_much_less_time_than_a_larger_model(
    published,
):
    law, values = LAWS["parscale"], published("parscale", "stack_v2_python")
    factor = float(law.derive("acting_size", values, {"streams": 8.0}))
    short = compared_growth(SERVER, Load(128, 128), 8, factor, 1).set_index("name")
    added = short["added_gb"]
    by_hand = 7 * 256 * 2 * 28 * 2 * 128 * 2 / 1e9 + 8 * 0.002 * 1.54e9 * 2 / 1e9  # seven more caches, eight prefixes
    assert added["8 streams"] == pytest.approx(by_hand, rel=1e-9)
    assert added["larger model"] == pytest.approx((factor - 1) * 1.54e9 * 2 / 1e9, rel=1e-6)
    assert 15 < added["larger model"] / added["8 streams"] < 30  # parscale_2025-01: up to 22
    assert short["added_ms"]["larger model"] / short["added_ms"]["8 streams"] > 6  # parscale_2025-02, at full rates
    crowded = compared_growth(SERVER, Load(4096, 4096), 8, factor, 64).set_index("name")["added_gb"]
    assert crowded["8 streams"] > crowded["larger model"]  # many caches cost more than weights


def test_a_larger_model_has_the_parameters_asked_for_and_the_cache_of_the_small_one():
    larger = grown(QWEN, 1.82)
    assert larger.n_params == pytest.approx(1.82 * QWEN.n_params, rel=1e-9)
    assert larger.cached_per_token == QWEN.cached_per_token
    assert sum(larger.params.values()) == pytest.approx(1.82 * sum(QWEN.params.values()), rel=0.15)
