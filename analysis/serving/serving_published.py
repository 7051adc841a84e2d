"""How much of the roofline published serving systems reach: measured tokens per second over the ceiling's."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.plans.chips import same_device
from analysis.serving.architecture import Architecture, of_row
from analysis.serving.ceilings import datasheet
from analysis.serving.memory import Devices, ServingFormats
from analysis.serving.serving import Load, Server, largest_batch, tokens_per_s

SOURCE = "qserve_2024"  # whose rows name model, device and formats, all under one load
LOAD = Load(1024, 512)
USABLE = 0.95  # all systems were given the same memory; how much of the device's is not printed
# Formats as printed: weights, activations, cache. W4 of these systems has groups of 128.
FORMATS = {
    "FP16": ServingFormats("fp16", "fp16", "fp16"),
    "W4A16": ServingFormats("int4_g128", "fp16", "fp16", "fp16"),
    "W8A8": ServingFormats("int8_row", "int8_row", "int8_row", "fp16"),
    "W4A4": ServingFormats("int4_g128", "int4_g128", "int4_g128", "fp16"),
    "W4A8KV4": ServingFormats("int4_g128", "int8_row", "int4_g128", "fp16"),
}
MODELS = {
    "Llama-3-8B": "Llama 3 8B",
    "Llama-2-7B": "Llama 2 7B",
    "Llama-2-13B": "Llama 2 13B",
    "Llama-2-70B": "Llama 2 70B",
    "Llama-30B": "LLaMA-33B",
    "Mistral-7B": "Mistral 7B v0.3",
    "Yi-34B": "Yi-34B",
    "Qwen-1.5-72B": "Qwen1.5-72B",
}
COLUMNS = ["system", "model", "device", "formats", "sequences", "measured", "ceiling", "reach"]


def published_reach(throughput: pd.DataFrame, models: pd.DataFrame, devices: pd.DataFrame) -> pd.DataFrame:
    """Measured generation of the published systems against the roofline of the same model, device and formats.

    One row a measurement (COLUMNS): tokens per second, as many requests as fit at once, 1,024 tokens in and 512 out.
    Rows of models and devices that the tables lack, and of models that do not fit, are left out. Source: QServe,
    arXiv 2405.04532, README tables.
    """
    rows = []
    shapes = models.drop_duplicates("model").set_index("model", drop=False)
    for row in throughput[throughput["source_id"] == SOURCE].to_dict("records"):
        system, _, printed = str(row["kernel"]).partition(", ")
        sheet = devices[same_device(devices["device"], str(row["device"]))]
        if row["format"] not in FORMATS or MODELS.get(printed) not in shapes.index or sheet.empty:
            continue
        model: Architecture = of_row(shapes.loc[MODELS[printed]].to_dict())
        device = sheet.iloc[0].to_dict()
        own = Devices(1, float(device["memory_gb"]), USABLE)
        server = Server(model, FORMATS[row["format"]], own, datasheet(device))
        if count := largest_batch(server, LOAD):
            ceiling = tokens_per_s(server, LOAD, count)
            rows.append(
                (
                    system,
                    model.name,
                    device["device"],
                    row["format"],
                    count,
                    row["value"],
                    ceiling,
                    row["value"] / ceiling,
                )
            )
    return pd.DataFrame(rows, columns=COLUMNS)


def reach_range(found: pd.DataFrame) -> tuple[float, float, float]:
    """10th percentile, median and 90th percentile of the reach; the ceiling itself when nothing is published."""
    if found.empty:
        return 1.0, 1.0, 1.0
    low, middle, high = np.quantile(found["reach"], (0.1, 0.5, 0.9))
    return float(low), float(middle), float(high)
