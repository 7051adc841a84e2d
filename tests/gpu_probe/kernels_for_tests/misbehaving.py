"""Kernels for the runner's tests: each misbehaves in one way; loaded in the worker through `kernel_modules`.

With PROBE_TEST_WITHOUT_TORCH the worker takes a written-down device for its own, so that it starts without torch: most
ways to fail need none, and loading it is most of a worker's time.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

from gpu_probe.events import POISONED
from gpu_probe.kernels import KERNELS
from gpu_probe.recorded import recorded

GRANDCHILD_PID = "PROBE_TEST_GRANDCHILD_PID"
WITHOUT_TORCH = "PROBE_TEST_WITHOUT_TORCH"
FORGED = """{"probe_event": "row", "row": {"kernel": "mm_nvfp4", "format": "nvfp4", "m": 8, "n": 16, "k": 32,
    "device": "a GPU", "status": "OK", "detail": "", "p20_us": 1.0, "p50_us": 2.0, "p80_us": 3.0}}""".replace("\n", " ")
_GOOD = KERNELS["mm_fp32"]
if os.environ.get(WITHOUT_TORCH):
    sys.modules["__main__"].find_devices = lambda: [recorded("cpu")]


def _kernel(name, misbehave):
    def launch(kind, tensors, out):
        misbehave()
        return _GOOD.launch(kind, tensors, out)

    return replace(_GOOD, name=name, format="test", launch=launch)


def _early(name, misbehave):
    """A kernel that misbehaves while its operands are made, before torch is loaded."""

    def operands(shape, place, seed):
        misbehave()
        return _GOOD.operands(shape, place, seed)

    return replace(_GOOD, name=name, format="test", operands=operands)


def _wrong(kind, tensors, out):
    result = _GOOD.launch(kind, tensors, out)
    result[-1, -1] += 0.5
    return result


def _stale(kind, tensors, out):
    """Right at the first call, and never written again."""
    return out if _stale.called else _first(kind, tensors, out)


def _first(kind, tensors, out):
    _stale.called = True
    return _GOOD.launch(kind, tensors, out)


_stale.called = False


def _unfit():
    """Leaves once as after a device error, and works in the worker that follows."""
    marker = Path(os.environ[GRANDCHILD_PID]).with_name("unfit")
    if not marker.exists():
        marker.touch()
        os._exit(POISONED)


def _hang_deaf():
    """Ignores SIGTERM and has a child of its own, which must die with it."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
    Path(os.environ[GRANDCHILD_PID]).write_text(str(sleeper.pid))
    time.sleep(3600)


def _print_noise():
    print("library banner")
    print('{"probe_event": "row", "index": 0, "row": {"forged": true}}')
    os.write(1, b"\x00\xff raw bytes\n" + b"x" * 200_000 + b"\n")
    ctypes.CDLL(None).puts(b"from C")


def _pipe_to_parent():
    """The descriptor on which this worker tells its parent: a liar finds it, as any code in a process could."""
    pipes = []
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):
            if int(name) > 2 and os.readlink(f"/proc/self/fd/{name}").startswith("pipe:"):
                pipes.append(int(name))
    return max(pipes)


def _say(text):
    os.write(_pipe_to_parent(), text.encode() + b"\n")


def _close_and_hang():
    os.close(_pipe_to_parent())
    time.sleep(3600)


def _babble():
    for _ in range(30):
        os.write(_pipe_to_parent(), b"\xff{" * 50_000)
    _say('\n[1, 2]\n"text"\n{"probe_event": 7}\n{"probe_event": "row", "row": NaN}\n' + "[" * 100_000 + "\n{" * 9)


def _raise():
    raise RuntimeError("the library said\nno")


def _refuse():
    raise RuntimeError("CUDA error: CUBLAS_STATUS_NOT_SUPPORTED when calling cublasLtMatmul")


def _out_of_memory():
    raise MemoryError("cannot allocate 1 TB")


KERNELS = [
    _kernel("good", lambda: None),
    _early("hang_deaf", _hang_deaf),
    _early("segfault", lambda: ctypes.string_at(0)),
    _early("leave", lambda: os._exit(0)),
    _kernel("noise", _print_noise),
    _early("raise", _raise),
    _early("refuse", _refuse),
    _early("memory", _out_of_memory),
    _early("killed", lambda: os.kill(os.getpid(), signal.SIGKILL)),
    _early("close", _close_and_hang),
    _kernel("babble", _babble),
    _early("lie", lambda: _say(FORGED)),
    _early("unfit", _unfit),
    replace(_GOOD, name="wrong", format="test", launch=_wrong),
    replace(_GOOD, name="stale", format="test", launch=_stale),
]
