"""Bytes of training on one device: weights, gradients, optimizer and activations, by number format and sharding."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.serving.architecture import Architecture
from analysis.serving.memory import bytes_per_element

MASK = 1  # bytes an element of a dropout mask
SIXTEEN_BITS = 2
STAGES = (0, 1, 2, 3)
RECOMPUTED = ("nothing", "attention", "everything")
COLUMNS = ("weights", "gradients", "optimizer", "activations")


@dataclass(frozen=True)
class Recipe:
    """The formats of what training keeps of a parameter: the weight that is multiplied, its gradient, the optimizer's
    own copy of the weight ("" for none) and its moments; and of the inputs of matrix products kept for the backward
    pass."""

    name: str
    weights: str
    gradients: str
    master: str
    moments: tuple[str, ...]
    activations: str
    source: str

    @property
    def optimizer_bytes(self) -> float:
        """Bytes of the optimizer a parameter: K of the ZeRO paper."""
        return sum(bytes_per_element(name) for name in (self.master, *self.moments) if name)

    @property
    def bytes_per_param(self) -> float:
        """Bytes of all model states a parameter."""
        return bytes_per_element(self.weights) + bytes_per_element(self.gradients) + self.optimizer_bytes


ZERO = "ZeRO, arXiv 1910.02054, section 3.1"
RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe("Adam, bf16 with fp32 master", "bf16", "bf16", "fp32", ("fp32", "fp32"), "bf16", ZERO),
        Recipe("Adam, bf16, fp32 gradients", "bf16", "fp32", "fp32", ("fp32", "fp32"), "bf16", "Megatron-LM"),
        Recipe("Adam, fp8 products", "bf16", "bf16", "fp32", ("fp32", "fp32"), "e4m3", "Transformer Engine recipes"),
        Recipe("Adam, nvfp4 products", "bf16", "bf16", "fp32", ("fp32", "fp32"), "nvfp4", "Transformer Engine recipes"),
        Recipe("FP8-LM", "e4m3", "e4m3", "fp16", ("e4m3", "fp16"), "e4m3", "FP8-LM, arXiv 2310.18313, section 2.2"),
        Recipe("Adam of 8 bits", "bf16", "bf16", "fp32", ("dynamic8", "dynamic8"), "bf16", "arXiv 2110.02861"),
        Recipe("Adam, all bf16", "bf16", "bf16", "", ("bf16", "bf16"), "bf16", "plain 16-bit training"),
        Recipe("SGD with momentum", "bf16", "bf16", "fp32", ("fp32",), "bf16", "SGD-SaI, arXiv 2412.11768"),
        Recipe("Adam, fp32", "fp32", "fp32", "", ("fp32", "fp32"), "fp32", "full precision"),
    )
}


@dataclass(frozen=True)
class Cluster:
    """How a model is spread: `data`-parallel copies (sharded by the ZeRO `stage`), each split over `tensor` devices
    (with sequence parallelism) and `pipeline` stages."""

    data: int = 1
    tensor: int = 1
    pipeline: int = 1
    stage: int = 0

    @property
    def devices(self) -> int:
        return self.data * self.tensor * self.pipeline


@dataclass(frozen=True)
class Batch:
    """What a device works on at once: `sequences` of `length` tokens; `dropout` keeps masks, `fused` attention no
    scores (FlashAttention); `recomputed` is one of RECOMPUTED."""

    sequences: int = 1
    length: int = 4096
    dropout: bool = False
    fused: bool = True
    recomputed: str = "nothing"


def model_states(n_params: float, recipe: Recipe, cluster: Cluster) -> dict[str, float]:
    """Bytes of weights, gradients and optimizer on one device.

    ZeRO stage 1 shards the optimizer over the data-parallel devices, stage 2 also the gradients, stage 3 also the
    weights: (2 + 2 + K) params at most, down to (2 + 2 + K) params / N. Rajbhandari et al. 2020, arXiv 1910.02054,
    section 5 and figure 1.
    """
    own = n_params / (cluster.tensor * cluster.pipeline)
    shards = [cluster.data if cluster.stage >= stage else 1 for stage in (3, 2, 1)]
    sizes = (bytes_per_element(recipe.weights), bytes_per_element(recipe.gradients), recipe.optimizer_bytes)
    return {part: own * size / n for part, size, n in zip(COLUMNS, sizes, shards, strict=False)}


def activation_bytes(model: Architecture, recipe: Recipe, batch: Batch, cluster: Cluster) -> float:
    """Bytes of activations kept for the backward pass on one device of the first pipeline stage.

    Korthikanti et al. 2022, arXiv 2205.05198: s b h (34 + 5 a s / h) a layer in 16 bits with dropout and a plain
    feed-forward block (equation 1), over the tensor-parallel devices with sequence parallelism (equation 4); the
    first stage of a pipeline keeps as much as all layers (equation 5). `recomputed` attention leaves out 5 a s / h
    (section 5), everything leaves the inputs of the layers, 2 s b h, and the layer in work. Their terms are summed here
    for any heads, experts and formats; what norms, softmax and the block's non-linearity need stays in 16 bits.
    """
    tokens = batch.sequences * batch.length / cluster.tensor
    dense, experts = _layer_bytes(model, recipe, batch)
    if batch.recomputed == "everything":
        kept = model.layers * model.d_model * SIXTEEN_BITS + max(dense, experts)
    else:
        kept = (model.layers - model.moe_layers) * dense + model.moe_layers * experts
    return tokens * kept + (_output_bytes(model, tokens) if cluster.pipeline == 1 else 0.0)


def _layer_bytes(model: Architecture, recipe: Recipe, batch: Batch) -> tuple[float, float]:
    """Bytes a token of a dense layer and of one with experts; 0 where the model has none of them."""
    scores = 0.0 if batch.fused or batch.recomputed == "attention" else _score_bytes(model, batch)
    common = _attention_bytes(model, recipe, batch) + scores + 2 * model.d_model * SIXTEEN_BITS
    active = model.n_experts_active + model.n_shared_experts
    dense = common + _block_bytes(model, recipe, batch, model.d_ff, 1)
    experts = common + _block_bytes(model, recipe, batch, model.d_ff_expert, active)
    return dense if model.layers > model.moe_layers else 0.0, experts if model.moe_layers else 0.0


def _attention_bytes(model: Architecture, recipe: Recipe, batch: Batch) -> float:
    """Bytes a token and layer: 11 s b h of the paper where every head has its own keys and values."""
    product = bytes_per_element(recipe.activations)
    kept = model.query_width + _key_value_width(model)
    inputs = (model.d_model + model.value_width) * product
    return inputs + kept * SIXTEEN_BITS + (model.d_model * MASK if batch.dropout else 0)


def _key_value_width(model: Architecture) -> int:
    if model.attention == "mla":
        return model.n_heads * (model.mla_key_dim + model.v_head_dim)
    return model.cached_per_token


def _score_bytes(model: Architecture, batch: Batch) -> float:
    """Bytes a token and layer of softmax output, its dropout's output and mask: 5 a s."""
    kept = 2 * SIXTEEN_BITS + MASK if batch.dropout else SIXTEEN_BITS
    return kept * model.n_heads * batch.length


def _block_bytes(model: Architecture, recipe: Recipe, batch: Batch, width: int, active: int) -> float:
    """Bytes a token and layer of a feed-forward block: 19 s b h of the paper for width 4 h without a gate."""
    product = bytes_per_element(recipe.activations)
    before_product = (model.mlp_matrices - 1) * width * SIXTEEN_BITS  # gate and up, or the non-linearity's input
    mask = model.d_model * MASK if batch.dropout else 0
    return model.d_model * product + active * (before_product + width * product) + mask


def _output_bytes(model: Architecture, tokens: float) -> float:
    """Last norm's input, logits' input and logits in fp32: 4 s b h / t (1 + v / h), section 4.3 of the paper."""
    return 4 * tokens * (model.d_model + model.vocab)


def footprint(model: Architecture, recipe: Recipe, batch: Batch, cluster: Cluster) -> dict[str, float]:
    """Bytes on one device by part (COLUMNS)."""
    states = model_states(model.n_params, recipe, cluster)
    return states | {"activations": activation_bytes(model, recipe, batch, cluster)}


def by_stage(model: Architecture, recipe: Recipe, batch: Batch, cluster: Cluster, memory_gb: float) -> pd.DataFrame:
    """One row per ZeRO stage: GB on one device by part, total, and whether it fits into `memory_gb`."""
    rows = []
    for stage in STAGES:
        own = Cluster(cluster.data, cluster.tensor, cluster.pipeline, stage)
        rows.append({"stage": stage} | _row(footprint(model, recipe, batch, own), memory_gb))
    return pd.DataFrame(rows)


def by_recipe(model: Architecture, batch: Batch, cluster: Cluster, memory_gb: float) -> pd.DataFrame:
    """One row per recipe: bytes a parameter, GB on one device by part, total, and whether it fits into `memory_gb`."""
    rows = []
    for recipe in RECIPES.values():
        parts = footprint(model, recipe, batch, cluster)
        rows.append({"recipe": recipe.name, "bytes_per_param": recipe.bytes_per_param} | _row(parts, memory_gb))
    return pd.DataFrame(rows)


def _row(parts: dict[str, float], memory_gb: float) -> dict[str, float | bool]:
    total = sum(parts.values()) / 1e9
    return {part: size / 1e9 for part, size in parts.items()} | {"total": total, "fits": total <= memory_gb}


def least_data(model: Architecture, recipe: Recipe, batch: Batch, cluster: Cluster, memory_gb: float) -> int | None:
    """The fewest data-parallel copies (a power of two up to 16,384) with which a device suffices; None when none do."""
    for data in (2**i for i in range(15)):
        own = Cluster(data, cluster.tensor, cluster.pipeline, cluster.stage)
        if sum(footprint(model, recipe, batch, own).values()) <= memory_gb * 1e9:
            return data
        if not cluster.stage:
            break
    return None
