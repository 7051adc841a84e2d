"""How much of a product one program of ours makes, per architecture: a table, so that each entry can be proven."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gpu_probe.device import DeviceInfo


@dataclass(frozen=True)
class Tile:
    """A program makes `rows` x `columns` of the result, `step` of k at a time, with that many warps and stages."""

    rows: int
    columns: int
    step: int
    warps: int
    stages: int


# Bytes of shared memory that one block may take. Source: CUDA programming guide, table of compute capabilities;
# AMD CDNA 3 and 4 architecture guides (64 and 160 KB of LDS).
SHARED_BYTES = {
    "sm_80": 163 * 1024, "sm_86": 99 * 1024, "sm_89": 99 * 1024, "sm_90": 227 * 1024, "sm_100": 227 * 1024,
    "sm_103": 227 * 1024, "sm_110": 227 * 1024, "sm_120": 99 * 1024, "gfx942": 64 * 1024, "gfx950": 160 * 1024,
}  # fmt: skip

# Kind of operands -> step of k; most read 128 bytes of a row, NVFP4 with its scale per 16 spills at that.
STEPS = {"bf16": 64, "fp8": 128, "int8": 128, "mx8": 128, "mx4": 256, "nv4": 128}
# Generation -> warps and stages. The rules behind the table, each a test: wgmma (9.0) needs 64 rows and 4 warps, FP8
# below 64 rows is multiplied in f16 there; tcgen05 (10.x) needs 64 rows and, with block scales, 128, or it multiplies
# in bf16; with 4 warps, tiles of 8.x and 12.x spill.
WARPS_AND_STAGES = {"sm_8": (8, 3), "sm_9": (8, 3), "sm_10": (4, 3), "sm_11": (4, 3), "sm_12": (8, 3), "gfx": (8, 2)}
# Where that spills: (kind, architecture or generation) -> what differs.
EXCEPTIONS = {
    ("int8", "sm_100"): {"warps": 8},
    ("mx4", "sm_8"): {"step": 64},
    ("nv4", "sm_8"): {"step": 64},
    ("mx4", "sm_9"): {"step": 128},
}
VECTOR = Tile(1, 8, 512, 4, 1)
ROWS = Tile(16, 1, 128, 4, 1)
TURNED = Tile(64, 1, 64, 8, 1)  # reads 64 neighbours of a column, hence 128 bytes at a time
INT4_WEIGHTS = Tile(64, 64, 128, 4, 3)  # a step is a group of 128; few rows, because tokens are few
OTHERS = {
    "vector": VECTOR,
    "rows": ROWS,
    "turned": TURNED,
    "int4 weights": INT4_WEIGHTS,
    "int4 weights in fp8": INT4_WEIGHTS,
}


def arch_of(device: DeviceInfo) -> str:
    """The architecture as this table names it: sm_90, gfx950."""
    if device.kind == "cuda":
        return "sm_{}{}".format(*device.cuda_capability)
    return device.capability


def tile_for(kind: str, arch: str) -> Tile:
    """The tile of a product of operands of that kind (a key of STEPS), of one token or of rows to quantize."""
    if kind in OTHERS:
        return OTHERS[kind]
    generation = "gfx" if arch.startswith("gfx") else arch[:-1]
    warps, stages = WARPS_AND_STAGES[generation]
    step = STEPS[kind] // 2 if generation == "gfx" else STEPS[kind]
    usual = Tile(128, 128, step, warps, stages)
    return replace(usual, **EXCEPTIONS.get((kind, generation), {}), **EXCEPTIONS.get((kind, arch), {}))
