"""Sadhukhan et al. (Kinetics): answering costs compute, and memory traffic of the KV cache at I FLOPs a byte."""

from analysis.laws.law import Derived, Law, Param

KEY_AND_VALUE = 2
BITS_PER_BYTE = 8


def predict(p, x):
    return compute(x) + p.I * memory(x)


def compute(x):
    """FLOPs: two per parameter and generated token, and the attention over prompt and answer."""
    parameters = 2 * x.n_params * x.generated_tokens
    attention = 2 * (2 * x.prompt_tokens + x.generated_tokens) * x.generated_tokens * width(x, x.query_heads)
    return x.samples * (parameters + attention)


def memory(x):
    """Bytes of the KV cache read; the samples share the cache of the prompt."""
    positions = (2 * x.prompt_tokens + x.samples * x.generated_tokens) * x.generated_tokens / 2
    return KEY_AND_VALUE * positions * width(x, x.kv_heads) * x.cache_bits / BITS_PER_BYTE


def width(x, heads):
    return heads * x.head_size * x.layers


SHAPE = ("query_heads", "kv_heads", "head_size", "layers")
GIVEN = ("n_params", "samples", "prompt_tokens", "generated_tokens", *SHAPE, "cache_bits")

LAW = Law(
    name="kinetics_cost",
    title="Kinetics, cost of answering (Sadhukhan et al.)",
    formula=r"\mathrm{eFLOPs} = R\left[2 N L_{out} + 2 (2 L_{in} + L_{out}) L_{out} H d\right]"
    r" + I \cdot 2 (2 L_{in} + R L_{out}) L_{out} H_{kv} d \, \tfrac{b}{16}",
    inputs=GIVEN,
    params=(Param("I", "FLOPs that one byte of memory traffic is worth", (100.0, 300.0, 1000.0), (1e-3, 1e6)),),
    predict=predict,
    source_id="kinetics_2025",
    domain="answering",
    counts="total",
    target="eflops",
    absent={"samples": 1.0, "cache_bits": 16.0},
    derived=(
        Derived("compute", "the FLOPs alone", lambda p, x: compute(x), GIVEN),
        Derived("memory", "the bytes of the KV cache that are read", lambda p, x: memory(x), GIVEN),
    ),
    notes=(
        "d is head size times layers. Reading the parameters is left out: a large batch shares it.",
        "The source has 16 bits per element of the cache; other widths scale its memory term.",
    ),
)
