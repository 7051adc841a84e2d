"""python -m analysis memory: whether a model fits, from its config.json."""

from __future__ import annotations

import argparse
from typing import Any

from analysis.commands.inputs import content_of, print_json
from analysis.commands.options import above_zero, option, whole
from analysis.serving.architecture import Architecture
from analysis.serving.memory import (
    USABLE,
    Devices,
    ServingFormats,
    bits_per_element,
    demand,
    longest_context,
    most_sequences,
)
from analysis.serving.model_config import read_config

HELP = "bytes of weights, cache and activations while serving a model, and whether they fit"
PARTS = ("weights", "activations", "cache", "embeddings")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    parser.add_argument("--context", type=option(whole(1, 10**9)), default=8192, help="tokens a sequence (8192)")
    parser.add_argument("--sequences", type=option(whole(1, 10**7)), default=1, help="sequences at once (1)")


def add_model(parser: argparse.ArgumentParser) -> None:
    """The options that say which model stands in which formats on which devices."""
    parser.add_argument("config", metavar="CONFIG.json|-", help="the model's config.json")
    for part in PARTS:
        default = None if part == "embeddings" else "bf16"
        parser.add_argument(f"--{part}", type=option(_format), default=default, metavar="FORMAT")
    parser.add_argument("--devices", type=option(whole(1, 10**6)), default=1)
    parser.add_argument("--memory-gb", type=option(above_zero), required=True, help="of one device [1e9 bytes]")
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace) -> int:
    model, formats, devices = chosen(args)
    parts = demand(model, formats, args.context, args.sequences, devices.count)
    document: dict[str, Any] = {
        "model": described(model),
        "formats": {part: getattr(formats, part) or formats.weights for part in PARTS},
        "gb": {part: size / 1e9 for part, size in parts.items()},
        "usable_gb": devices.bytes / 1e9,
        "fits": sum(parts.values()) <= devices.bytes,
        "most_sequences": most_sequences(model, formats, args.context, devices),
        "longest_context": longest_context(model, formats, args.sequences, devices),
    }
    print_json(document) if args.json else print(sentence(document, args))
    return 0


def chosen(args: argparse.Namespace) -> tuple[Architecture, ServingFormats, Devices]:
    """The model of the config, its formats and the devices. ValueError when the config cannot be used."""
    try:
        text = content_of(args.config).decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"{args.config} is no text in UTF-8; give the config.json of a model") from None
    formats = ServingFormats(args.weights, args.activations, args.cache, args.embeddings or "")
    return read_config(text, args.config), formats, Devices(args.devices, args.memory_gb, USABLE)


def described(model: Architecture) -> dict[str, float]:
    """What a model is sized by."""
    return {
        "n_params": model.n_params,
        "active_params": model.active_params,
        "cache_elements_per_token": float(model.cached_elements(1)),
    }


def sentence(document: dict[str, Any], args: argparse.Namespace) -> str:
    """The document in words."""
    total = sum(document["gb"].values())
    parts = ", ".join(f"{part} {size:.3g}" for part, size in document["gb"].items())
    verdict = "fits" if document["fits"] else "does not fit"
    return (
        f"{verdict}: {total:.4g} GB ({parts}) of {document['usable_gb']:.4g} GB; "
        f"at most {document['most_sequences']:,} sequences of {args.context:,} tokens, or "
        f"{document['longest_context']:,} tokens each of {args.sequences:,}"
    )


def _format(name: str) -> str:
    bits_per_element(name)
    return name
