"""The same verbs without a browser: python -m analysis VERB."""

from __future__ import annotations

import argparse
import importlib
import os
import sys

from analysis.commands.options import BadCall

VERBS = (
    *("laws", "fit", "compare", "next-runs", "predict", "plan", "formats", "quantize", "layers", "efficiency"),
    *("memory", "serve", "claims"),
)


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 0 done, 1 did not work (the reason on stderr), 2 a bad call."""
    parser = argparse.ArgumentParser(prog="python -m analysis", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name in VERBS:
        module = importlib.import_module(f"analysis.commands.{name.replace('-', '_')}")
        verb = verbs.add_parser(name, help=module.HELP, description=module.HELP)
        module.add_arguments(verb)
        verb.set_defaults(run=module.run)
    args = parser.parse_args(arguments)
    try:
        code = args.run(args)
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # the reader of the pipe went away (head, for example): not an error of ours
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ValueError, OSError) as problem:
        print(f"{args.verb}: {problem}", file=sys.stderr)
        return 2 if isinstance(problem, BadCall) else 1
    except KeyboardInterrupt:
        print(f"{args.verb}: interrupted", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
