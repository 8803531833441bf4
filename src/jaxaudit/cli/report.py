"""`jaxaudit report`: what an earlier command kept, shown again."""

import argparse
from collections.abc import Sequence
from typing import Any

from jaxaudit.cli import arguments, output
from jaxaudit.report.paint import Paint, coloured, plain
from jaxaudit.report.rendering import FORMATS, rendered

DESCRIPTION = """\
Renders a saved document, or the record of a run (also of one that was killed).
Without FILE: the newest under .jaxaudit/."""

EXIT_CODES = "exit codes: 0, or 2 for wrong use or a fault of jaxaudit's own"


def parser() -> arguments.Arguments:
    made = arguments.Arguments("report", DESCRIPTION, EXIT_CODES)
    made.add_argument("file", nargs="?", metavar="FILE", help="a JSON document, or the folder of a record")
    made.add_argument("--unsure", action="store_true", help="show also what is not certain")
    arguments.add_output(made, FORMATS)
    return made


def run(argv: Sequence[str]) -> int:
    """Effect: prints or writes the rendering."""
    args = arguments.parse(parser(), argv)
    if args is None:
        return 0
    from jaxaudit.steps.saved import saved

    document = saved(args.file)
    brush = coloured if not args.output and arguments.wants_colour(args.color) else plain
    output.write(_rendered(document, args, args.format, brush), args.output)
    if args.output:
        output.write_summary(_rendered(document, args, "terminal", plain))
    return 0


def _rendered(document: dict[str, Any], args: argparse.Namespace, form: str, brush: Paint) -> str:
    if document["kind"] == "case":
        from jaxaudit.cli.case import text_of

        return text_of(document, form)
    return rendered(document, form, output.columns(), brush, args.unsure)
