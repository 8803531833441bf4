"""`jaxaudit fix`: shows the mechanical fixes, or writes them."""

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from jaxaudit.cli import arguments, output
from jaxaudit.model.mistake import Mistake

if TYPE_CHECKING:
    from jaxaudit.steps.fix import FixReport

DESCRIPTION = """\
Shows what jaxaudit can mend by itself as a diff, for you or `git apply -p1`.
Nothing is written without --write."""

EXIT_CODES = """\
exit codes: 0 nothing left to fix, 1 a fix is only shown or a file was left,
2 wrong use or a fault of jaxaudit's own"""


def parser() -> arguments.Arguments:
    made = arguments.Arguments("fix", DESCRIPTION, EXIT_CODES)
    made.add_argument(
        "paths", nargs="*", metavar="PATH", help="files and folders, or - for standard input (default: .)"
    )
    made.add_argument("--write", action="store_true", help="apply the fixes to the files")
    made.add_argument("--unsafe", action="store_true", help="also fixes that may change behaviour")
    made.add_argument("--unsure", action="store_true", help="also fixes of what a run would have to settle")
    arguments.add_choice_of_rules(made)
    made.add_argument("--baseline", metavar="FILE", help="leave alone what this saved check (--format json) knows")
    made.add_argument("--exit-zero", action="store_true", help="end with 0 when fixes are only shown")
    made.add_argument("--stdin-filename", metavar="NAME", help="the name of the file that comes from standard input")
    arguments.add_output(made, ("terminal", "json"))
    arguments.add_reading(made)
    made.add_argument("-q", "--quiet", action="store_true", help="the diff only, no summary")
    return made


def run(argv: Sequence[str]) -> int:
    """Effect: prints or writes the diff; with `--write`, replaces the files."""
    args = arguments.parse(parser(), argv)
    if args is None:
        return 0
    from jaxaudit.cli.reading import options_of, shown_progress
    from jaxaudit.report import fixes, paint
    from jaxaudit.steps.fix import fix, fix_document

    if args.write and "-" in args.paths:
        raise Mistake("--write can't write to standard input; the fix of - is shown as a diff")
    with shown_progress(args.quiet) as progress:
        report = fix(
            args.paths or ["."], options_of(args, progress), write=args.write, unsafe=args.unsafe, unsure=args.unsure
        )
    document = fix_document(report)
    if args.format == "json":
        from jaxaudit.report.json_text import json_text

        output.write(json_text(document), args.output)
    elif not args.write or args.output:
        _show(report, args)
    if not args.quiet and (args.format != "json" or args.output):
        brush = paint.coloured if arguments.wants_colour(args.color) and sys.stderr.isatty() else paint.plain
        said = fixes.fix_summary(document, output.columns(), brush, args.write, from_stdin="-" in args.paths)
        output.write_summary(said)
    return 0 if args.exit_zero and not report.unwritten else report.exit_code


def _show(report: "FixReport", args: argparse.Namespace) -> None:
    """Effect: the diff in the files' own bytes, so that it applies; in colours only on a terminal."""
    from jaxaudit.report import fixes, paint

    if args.output:
        output.write_bytes(report.diff, args.output)
    elif arguments.wants_colour(args.color):
        output.write(fixes.painted_diff(report.diff.decode("utf-8", "replace"), paint.coloured), None)
    else:
        output.write_bytes(report.diff, None)
