"""Kernels for the runner's tests: each misbehaves in one way; loaded in the worker through `kernel_modules`."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

from gpu_probe.kernels import KERNELS

GRANDCHILD_PID = "PROBE_TEST_GRANDCHILD_PID"
_GOOD = KERNELS["mm_fp32"]


def _kernel(name, misbehave):
    def launch(kind, tensors, out):
        misbehave()
        return _GOOD.launch(kind, tensors, out)

    return replace(_GOOD, name=name, format="test", launch=launch)


def _wrong(kind, tensors, out):
    result = _GOOD.launch(kind, tensors, out)
    result[-1, -1] += 0.5
    return result


def _hang():
    time.sleep(3600)


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


def _raise():
    raise RuntimeError("the library said\nno")


def _refuse():
    raise RuntimeError("CUDA error: CUBLAS_STATUS_NOT_SUPPORTED when calling cublasLtMatmul")


def _out_of_memory():
    raise MemoryError("cannot allocate 1 TB")


KERNELS = [
    _kernel("good", lambda: None),
    _kernel("hang", _hang),
    _kernel("hang_deaf", _hang_deaf),
    _kernel("segfault", lambda: ctypes.string_at(0)),
    _kernel("abort", os.abort),
    _kernel("leave", lambda: os._exit(0)),
    _kernel("noise", _print_noise),
    _kernel("raise", _raise),
    _kernel("refuse", _refuse),
    _kernel("memory", _out_of_memory),
    replace(_GOOD, name="wrong", format="test", launch=_wrong),
]
