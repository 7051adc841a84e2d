"""What the planner's footprint tab asks besides model and devices: recipe, sharding, and what is in work at once."""

from __future__ import annotations

import streamlit as st

from analysis.serving.architecture import Architecture
from analysis.serving.training_memory import RECIPES, RECOMPUTED, Batch, Cluster, Recipe
from pages.ui.serving_inputs import Hardware

RECOMPUTED_WORDS = {
    "nothing": "nothing",
    "attention": "attention scores (selective)",
    "everything": "all but the layers' inputs (full)",
}
STAGES = {0: "not at all", 1: "optimizer (ZeRO 1)", 2: "+ gradients (ZeRO 2)", 3: "+ weights (ZeRO 3, FSDP)"}


def choose(hardware: Hardware, model: Architecture, key: str) -> tuple[Recipe, Cluster | None, Batch]:
    """Draws the choices; the cluster is None, with a sentence, when the devices cannot be split so."""
    first = st.columns([3, 2, 1, 1])
    name = first[0].selectbox("Recipe", list(RECIPES), key=f"{key}.recipe", bind="query-params", help=RECIPE_HELP)
    stage = first[1].selectbox(
        "Sharded over the copies",
        list(STAGES),
        index=3,
        format_func=STAGES.__getitem__,
        key=f"{key}.stage",
        bind="query-params",
    )
    tensor = first[2].number_input("Tensor", 1, 1024, 1, key=f"{key}.tensor", bind="query-params", help=TENSOR_HELP)
    pipeline = first[3].number_input("Pipeline", 1, 1024, 1, key=f"{key}.pipeline", bind="query-params", help=PIPE_HELP)
    second = st.columns([1, 1, 2, 2])
    sequences = second[0].number_input(
        "Sequences", 1, 4096, 1, key=f"{key}.sequences", bind="query-params", help=SEQ_HELP
    )
    length = second[1].number_input("Tokens each", 1, 10_000_000, 4096, key=f"{key}.length", bind="query-params")
    recomputed = second[2].selectbox(
        "Recomputed",
        RECOMPUTED,
        index=2,
        format_func=RECOMPUTED_WORDS.__getitem__,
        key=f"{key}.recomputed",
        bind="query-params",
        help="Activations that are dropped and computed again in the backward pass.",
    )
    kept = second[3].segmented_control(
        "Kept besides",
        ("dropout masks", "attention scores"),
        selection_mode="multi",
        key=f"{key}.kept",
        bind="query-params",
        help="Dropout keeps a mask; attention that is not fused (without FlashAttention) keeps its scores.",
    )
    batch = Batch(int(sequences), int(length), "dropout masks" in kept, "attention scores" not in kept, str(recomputed))
    return RECIPES[name], _cluster(hardware, model, int(tensor), int(pipeline), int(stage)), batch


def _cluster(hardware: Hardware, model: Architecture, tensor: int, pipeline: int, stage: int) -> Cluster | None:
    count = hardware.devices.count
    if count % (tensor * pipeline):
        st.error(
            f"{count:,} devices cannot be split into groups of {tensor} x {pipeline}; choose a number of devices that "
            f"{tensor * pipeline:,} divides.",
            icon=":material/error:",
        )
        return None
    if pipeline > model.layers:
        st.error(
            f"{model.name} has {model.layers} layers, fewer than {pipeline} pipeline stages.", icon=":material/error:"
        )
        return None
    return Cluster(count // (tensor * pipeline), tensor, pipeline, stage)


RECIPE_HELP = (
    "What is kept of every parameter (weight, gradient, the optimizer's copy and moments) in which format, and "
)
RECIPE_HELP += "the format of the inputs of matrix products, which the backward pass needs again."
TENSOR_HELP = "Devices that share every layer (tensor parallelism with sequence parallelism)."
PIPE_HELP = "Stages that the layers are dealt to (pipeline parallelism)."
SEQ_HELP = "Sequences that a device, or a tensor-parallel group, works on at once (the micro-batch)."
