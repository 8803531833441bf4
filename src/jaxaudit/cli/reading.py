"""From a command's arguments to what is read: files, or standard input, with a line of progress."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jaxaudit.cli.progress import Progress
from jaxaudit.model.mistake import Mistake
from jaxaudit.steps.check import Options


def options_of(args: argparse.Namespace, progress: Progress | None) -> Options:
    """Effect: reads standard input where the path is `-`."""
    return Options(
        select=tuple(args.select),
        ignore=tuple(args.ignore),
        exclude=tuple(args.exclude),
        force_exclude=args.force_exclude,
        jobs=args.jobs,
        cached=not args.no_cache,
        cache_dir=Path(args.cache_dir) if args.cache_dir else None,
        baseline=Path(args.baseline) if args.baseline else None,
        stdin=_stdin(args),
        progress=progress,
    )


def _stdin(args: argparse.Namespace) -> tuple[str, bytes] | None:
    if "-" not in args.paths:
        if args.stdin_filename:
            raise Mistake("--stdin-filename needs - as the path, for standard input")
        return None
    if len(args.paths) > 1:
        raise Mistake("- stands for standard input and can't be mixed with other paths")
    return args.stdin_filename or "stdin.py", sys.stdin.buffer.read()


@contextmanager
def shown_progress(quiet: bool) -> Iterator[Progress | None]:
    """Effect: a line on standard error that is gone in the end; nothing where that is no terminal."""
    progress = Progress() if sys.stderr.isatty() and not quiet else None
    try:
        yield progress
    finally:
        if progress:
            progress.clear()
