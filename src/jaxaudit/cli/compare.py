"""`jaxaudit compare`: what got better or worse between two documents or records."""

from collections.abc import Sequence

from jaxaudit.cli import arguments, output
from jaxaudit.report import paint
from jaxaudit.report.rendering import rendered

DESCRIPTION = """\
Compares two saved checks, runs or audits (or a run with an audit): findings,
and of what ran the compilations, traces and captured bytes of each function, by
what was compiled and why, not by order. max-compiles, max-recompiles and
max-constants of the configuration are budgets for NEW. Seconds decide only
where two audits on one machine timed enough runs for an interval."""

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
