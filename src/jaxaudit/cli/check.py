"""`jaxaudit check`: static findings."""

import argparse
from collections.abc import Sequence
from typing import Any

from jaxaudit.cli import arguments, output

DESCRIPTION = """\
Finds faults in JAX source: code that recompiles, bakes arrays into executables,
reuses random keys, waits for the device. Neither JAX nor your code is run."""

FORMATS = ("terminal", "json", "sarif", "markdown", "html")


def parser() -> arguments.Arguments:
    made = arguments.Arguments("check", DESCRIPTION, arguments.EXIT_CODES)
    made.add_argument(
        "paths", nargs="*", metavar="PATH", help="files and folders, or - for standard input (default: .)"
    )
    arguments.add_choice_of_rules(made)
    made.add_argument("--unsure", action="store_true", help="show also what a run would have to settle")
    made.add_argument("--statistics", action="store_true", help="findings by rule, and every jitted function")
    made.add_argument("--baseline", metavar="FILE", help="leave out what this saved check (--format json) knows")
    made.add_argument("--exit-zero", action="store_true", help="end with 0 whatever is found")
    made.add_argument("--stdin-filename", metavar="NAME", help="the name of the file that comes from standard input")
    arguments.add_output(made, FORMATS)
    arguments.add_reading(made)
    loudness = made.add_mutually_exclusive_group()
    loudness.add_argument("-q", "--quiet", action="store_true", help="findings and what could not be read, no summary")
    loudness.add_argument("-v", "--verbose", action="store_true", help="say also what governed the check")
    return made


def run(argv: Sequence[str]) -> int:
    """Effect: checks, and prints or writes the report."""
    args = arguments.parse(parser(), argv)
    if args is None:
        return 0
    from jaxaudit.report.counts import exit_code

    document = _checked(args)
    output.write(_rendered(document, args), args.output)
    if args.output:
        _summarise(document, args)
    code = exit_code(document)
    return 0 if args.exit_zero and code == 1 else code


def _checked(args: argparse.Namespace) -> dict[str, Any]:
    from jaxaudit.cli.reading import options_of, shown_progress
    from jaxaudit.steps.check import check

    with shown_progress(args.quiet) as progress:
        return check(args.paths or ["."], options_of(args, progress))


def _rendered(document: dict[str, Any], args: argparse.Namespace) -> str:
    if args.format == "json":
        from jaxaudit.report.json_text import json_text

        return json_text(document)
    if args.format == "html":
        from jaxaudit.report.web.page import page

        return page(document)
    if args.format == "sarif":
        from jaxaudit.report.sarif import sarif

        return sarif(document, args.unsure)
    if args.format == "markdown":
        from jaxaudit.report.markdown import markdown

        return markdown(document, args.unsure, args.statistics)
    return _for_terminal(document, args)


def _for_terminal(document: dict[str, Any], args: argparse.Namespace) -> str:
    from jaxaudit.report import paint, terminal

    brush = paint.coloured if not args.output and arguments.wants_colour(args.color) else paint.plain
    columns = output.columns()
    if args.statistics:
        body = terminal.statistics(document, columns, brush)
    else:
        body = terminal.findings(document, columns, brush, args.unsure)
    if args.quiet:
        return body + terminal.gaps(document, columns)
    more = terminal.circumstances(document) if args.verbose else ""
    return body + terminal.summary(document, columns, brush, args.unsure) + more


def _summarise(document: dict[str, Any], args: argparse.Namespace) -> None:
    from jaxaudit.report import terminal

    if not args.quiet:
        output.write_summary(terminal.summary(document, output.columns(), unsure=args.unsure))
