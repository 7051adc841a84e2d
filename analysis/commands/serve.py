"""python -m analysis serve: how fast a model answers by the roofline, from its config.json and a device's rates."""

from __future__ import annotations

import argparse
from typing import Any

from analysis.commands.inputs import print_json
from analysis.commands.memory import add_model, chosen, described
from analysis.commands.options import above_zero, assignments, option, whole
from analysis.plans.costs import usd_per_million
from analysis.serving.ceilings import RATE_COLUMNS, Ceilings
from analysis.serving.links import Links
from analysis.serving.load_patterns import by_pattern
from analysis.serving.serving import Load, Server, batches, largest_batch, sweep

HELP = "tokens per second by requests at once, from the roofline of a device"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    parser.add_argument(
        "--rates", type=option(_rates), required=True, metavar="bf16=989,fp8=1979", help="dense rates [TFLOP/s]"
    )
    parser.add_argument("--bandwidth", type=option(above_zero), required=True, help="of one device [GB/s]")
    parser.add_argument(
        "--link", type=option(above_zero), help="what a device sends to the others [GB/s]; else not counted"
    )
    parser.add_argument("--reach", type=option(_share), default=1.0, help="share of the ceilings reached (1)")
    parser.add_argument("--prompt", type=option(whole(1, 10**9)), default=1024, help="tokens of a prompt (1024)")
    parser.add_argument("--output", type=option(whole(1, 10**9)), default=512, help="tokens of an answer (512)")
    parser.add_argument("--usd-per-hour", type=option(above_zero), help="price of one device, for usd_per_million")


def run(args: argparse.Namespace) -> int:
    model, formats, devices = chosen(args)
    links = Links(args.link, args.link) if args.link else None
    ceilings = Ceilings(args.rates, args.bandwidth, "given")
    server = Server(model, formats, devices, ceilings, args.reach, links=links)
    load = Load(args.prompt, args.output)
    most = largest_batch(server, load)
    if not most:
        raise ValueError(
            f"{args.config} does not fit: not even one request of {load.context:,} tokens; use narrower formats or "
            "more devices (python -m analysis memory says what it needs)"
        )
    table = sweep(server, load, batches(most))
    if args.usd_per_hour:
        table["usd_per_million"] = usd_per_million(args.usd_per_hour * devices.count, table["tokens_per_s"])
    document: dict[str, Any] = {
        "model": described(model),
        "most_sequences": most,
        "ridge_flop_per_byte": {name: 1e3 * rate / args.bandwidth for name, rate in args.rates.items()},
        "sweep": table.to_dict("records"),
        "patterns": by_pattern(server, load).astype(object).where(lambda own: own.notna(), None).to_dict("records"),
    }
    print_json(document) if args.json else print(table.to_string(index=False))
    return 0


def _rates(text: str) -> dict[str, float]:
    rates = assignments(text)
    unknown = set(rates) - set(RATE_COLUMNS)
    if unknown or not rates or min(rates.values()) <= 0:
        raise ValueError(f"'{text}' names no rates; write such as bf16=989,fp8=1979 of {', '.join(RATE_COLUMNS)}")
    return rates


def _share(text: str) -> float:
    value = above_zero(text)
    if value > 1:
        raise ValueError(f"'{text}' is more than the ceilings; give a share such as 0.45")
    return value
