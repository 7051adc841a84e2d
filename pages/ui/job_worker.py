"""A process that does one long computation at a time for the pages: calls come in as pickles, replies go out."""

from __future__ import annotations

import inspect
import os
import pickle
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

NICE = 5  # below the server, which every session waits for


def main() -> None:
    """Answers calls (function, arguments, options) until the other side is gone.

    Replies are ("progress", stage, share), as often as the function says so, then ("result", value) or
    ("problem", sentence).
    """
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    sys.stdout = sys.stderr  # whatever a library prints must not end up among the replies
    os.nice(NICE) if hasattr(os, "nice") else None
    os.environ["OMP_NUM_THREADS"] = "1"  # of torch, loaded later: the board has a process per core already
    while True:
        try:
            call = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        send(replies, _answered(replies, *call))


def _answered(replies: BinaryIO, function: Callable, arguments: tuple, options: dict[str, Any]) -> tuple:
    def on_progress(stage: str, share: float) -> None:
        send(replies, ("progress", stage, share))

    if _tells_progress(function):
        options = {**options, "on_progress": on_progress}
    try:
        return ("result", function(*arguments, **options))
    except ValueError as problem:  # a sentence for the user
        return ("problem", str(problem))
    except Exception as problem:  # a defect: said on the page like any other, with its kind
        return ("problem", f"{type(problem).__name__}: {problem}")


def _tells_progress(function: Callable) -> bool:
    try:
        return "on_progress" in inspect.signature(function).parameters
    except ValueError:  # some functions written in C have no signature
        return False


def send(replies: BinaryIO, reply: tuple) -> None:
    """Writes one reply; one that cannot be pickled becomes a problem."""
    try:
        content = pickle.dumps(reply)
    except Exception as problem:
        content = pickle.dumps(("problem", f"the result cannot leave its process ({problem})"))
    replies.write(content)
    replies.flush()


if __name__ == "__main__":
    main()
