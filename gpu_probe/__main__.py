"""The probe without a browser: JSON lines on stdout, messages on stderr, exit code 0, 1 (did not work) or 2."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable
from contextlib import closing

from gpu_probe import fleet
from gpu_probe.device import DeviceInfo
from gpu_probe.kernels import KERNELS, Kernel, get_kernels
from gpu_probe.lock import Busy, one_at_a_time
from gpu_probe.result import Status
from gpu_probe.runner import DEFAULT_TIMEOUT_S, Settings, estimate_s, find_devices, plan, run_cases
from gpu_probe.shapes import SHAPE_SETS, Shape, kernels_for, parse_shapes, why_too_big

DAY_S = 86_400.0
MOST_THREADS = 1024
BAD_ENDS = {Status.WRONG, Status.FAILED, Status.TIMEOUT, Status.CANCELLED}


def main(arguments: list[str] | None = None) -> int:
    """Exit code of `python -m gpu_probe` with those arguments."""
    asked = _parser().parse_args(arguments)
    try:
        return asked.verb(asked)
    except ValueError as problem:
        return _say(problem, 2)
    except (Busy, RuntimeError) as problem:
        return _say(problem, 1)
    except KeyboardInterrupt:
        return _say("interrupted; the child process was ended", 1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m gpu_probe", description=__doc__)
    verbs = parser.add_subparsers(required=True, metavar="devices|kernels|run|verify|record")
    verbs.add_parser("devices", help="every device torch can use here").set_defaults(verb=_devices)
    verbs.add_parser("kernels", help="every kernel and why it cannot run here").set_defaults(verb=_kernels)
    run = verbs.add_parser("run", help="check and time kernels on one device")
    run.set_defaults(verb=_run)
    run.add_argument("--kernels", metavar="A,B", help=f"default all: {', '.join(KERNELS)}")
    about = "; ".join(f"{known.name}: {known.about}" for known in SHAPE_SETS.values())
    run.add_argument("--shapes", default="quick", metavar=f"{'|'.join(SHAPE_SETS)}|M,N,K", help=about)
    run.add_argument("--timeout", type=float, default=DEFAULT_TIMEOUT_S, metavar="S", help="seconds a case may take")
    run.add_argument("--threads", type=int, default=0, metavar="N", help="of a CPU; default as many as torch takes")
    run.add_argument(
        "--device",
        metavar="ID",
        help="as listed by devices; default the first, or with RAY_ADDRESS set those of every node",
    )
    keep = verbs.add_parser("record", help="write what runs printed into the document of results")
    keep.set_defaults(verb=_record)
    keep.add_argument("file", help="lines that run printed; others are passed over")
    keep.add_argument("--write", default="docs/probe-results.md", metavar="DOC", help="default docs/probe-results.md")
    keep.add_argument("--note", default="", metavar="TEXT", help="a sentence on the conditions of the runs")
    verify = verbs.add_parser("verify", help="check kernels with no GPU: numbers, layouts, call contracts")
    verify.set_defaults(verb=_verify)
    verify.add_argument(
        "--arch", default="sm_90,sm_100,sm_120", metavar="sm_90,sm_100", help="default sm_90,sm_100,sm_120"
    )
    return parser


def _devices(asked: argparse.Namespace) -> int:
    _print(device.to_dict() for device in find_devices())
    return 0


def _kernels(asked: argparse.Namespace) -> int:
    devices = find_devices()
    _print(_ability(kernel, device) for kernel in KERNELS.values() for device in devices)
    return 0


def _ability(kernel: Kernel, device: DeviceInfo) -> dict:
    facts = {"kernel": kernel.name, "format": kernel.format, "about": kernel.about}
    return facts | {"device": device.name, "device_id": device.id, "why_not": kernel.why_not(device)}


def _run(asked: argparse.Namespace) -> int:
    if not 0 < asked.timeout <= DAY_S:
        raise ValueError(f"--timeout is {asked.timeout:g}; give seconds from above 0 to a day, such as 60")
    if not 0 <= asked.threads <= MOST_THREADS:
        raise ValueError(f"--threads is {asked.threads}; give a number from 1 to {MOST_THREADS}, or leave it out")
    kernels = get_kernels(kernels_for(asked.shapes, KERNELS) if asked.kernels is None else _names(asked.kernels))
    parse_shapes(asked.shapes, "cpu")  # a bad call is said before any device is woken
    if fleet.address() and asked.device is None:
        if asked.threads:
            raise ValueError(
                f"--threads is {asked.threads}; it is for one machine: give --device cpu, or unset RAY_ADDRESS"
            )
        return _run_on_cluster([kernel.name for kernel in kernels], asked)
    with one_at_a_time():
        device = _chosen(asked.device, find_devices())
        shapes = parse_shapes(asked.shapes, device.kind)
        _refuse_too_big(shapes, device)
        settings = Settings(device=device.id, timeout_s=asked.timeout, threads=asked.threads)
        cases = plan(kernels, shapes, device.kind)
        seconds = estimate_s(cases, device, settings)
        print(f"cases: {len(cases)} on {device.words}, about {seconds:.0f} s", file=sys.stderr)
        ends = set()
        with closing(run_cases(cases, settings)) as results:
            for result in results:
                _print([result.to_dict()])
                ends.add(result.status)
    return 1 if ends & BAD_ENDS else 0


def _run_on_cluster(names: list[str], asked: argparse.Namespace) -> int:
    print(f"probing every node of the Ray cluster at {fleet.address()}; --device probes this machine", file=sys.stderr)
    ends, problems = set(), 0
    for node, rows, problem in fleet.probe_cluster(names, asked.shapes, asked.timeout):
        _print(rows)
        ends |= {Status(row["status"]) for row in rows}
        problems += bool(problem)
        print(problem or f"{node}: {len(rows)} cases", file=sys.stderr)
    return 1 if problems or ends & BAD_ENDS else 0


def _names(listed: str) -> list[str]:
    return list(dict.fromkeys(name.strip() for name in listed.split(",")))


def _refuse_too_big(shapes: tuple[Shape, ...], device: DeviceInfo) -> None:
    for shape in shapes:
        if reason := why_too_big(shape, device.memory_bytes):
            raise ValueError(reason)


def _chosen(wanted: str | None, devices: list[DeviceInfo]) -> DeviceInfo:
    if wanted is None:
        return devices[0]
    for device in devices:
        if device.id == wanted:
            return device
    raise ValueError(f"there is no device '{wanted}' here; known: {', '.join(device.id for device in devices)}")


def _verify(asked: argparse.Namespace) -> int:
    from gpu_probe.verify import LIMITS, verify

    bad = 0
    for row in verify(_names(asked.arch)):
        _print([row])
        bad += row["status"] in ("WRONG", "FAILED")
    print(LIMITS, file=sys.stderr)
    return 1 if bad else 0


def _record(asked: argparse.Namespace) -> int:
    from gpu_probe import record

    results = record.read(record.lines_of(asked.file))
    record.write(asked.write, results, asked.note)
    print(f"{len(results)} cases recorded in {asked.write}", file=sys.stderr)
    return 0


def _print(rows: Iterable[dict]) -> None:
    for row in rows:
        print(json.dumps(row, allow_nan=False, ensure_ascii=False), flush=True)


def _say(problem: object, code: int) -> int:
    print(problem, file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
