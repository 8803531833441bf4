"""`jaxaudit compare`: what got better or worse between two documents or records."""

from collections.abc import Sequence

from jaxaudit.cli import arguments, output
from jaxaudit.report import paint
from jaxaudit.report.rendering import rendered

DESCRIPTION = """\
Compares two saved documents or records of one kind: findings, and for runs the
compilations, traces and captured bytes of each function. Seconds are shown but
decide nothing, because they differ from run to run."""

EXIT_CODES = "exit codes: 0 nothing is worse, 1 something is, 2 wrong use or a fault of jaxaudit's own"
FORMATS = ("terminal", "json", "markdown")


def parser() -> arguments.Arguments:
    made = arguments.Arguments("compare", DESCRIPTION, EXIT_CODES)
    made.add_argument("old", metavar="OLD", help="a JSON document, or the folder of a record")
    made.add_argument("new", metavar="NEW", help="the same, later")
    arguments.add_output(made, FORMATS)
    return made


def run(argv: Sequence[str]) -> int:
    """Effect: prints or writes the comparison. 1 on a regression."""
    args = arguments.parse(parser(), argv)
    if args is None:
        return 0
    from jaxaudit.steps.compare import compare

    document = compare(args.old, args.new)
    brush = paint.coloured if not args.output and arguments.wants_colour(args.color) else paint.plain
    output.write(rendered(document, args.format, output.columns(), brush), args.output)
    if args.output:
        output.write_summary(rendered(document, "terminal", output.columns()))
    return int(document["regressions"] > 0)
