"""`jaxaudit run`: a program, observed."""

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from jaxaudit.cli import arguments, output
from jaxaudit.model.mistake import Mistake
from jaxaudit.report.rendering import FORMATS, rendered

if TYPE_CHECKING:
    from jaxaudit.steps.launch import Ended

DESCRIPTION = """\
Runs a program as Python would and shows what JAX compiled, how often, why again
and what it cost. The program's output, input, arguments, signals and exit code
are its own; jaxaudit writes to standard error and to files only."""

EXIT_CODES = "exit codes: the program's own (with --strict, 1 where it had none and something was found)"
USAGE = "jaxaudit run [OPTIONS] [-m] PROGRAM [ARGS ...]"


def parser() -> arguments.Arguments:
    made = arguments.Arguments("run", DESCRIPTION, EXIT_CODES)
    made.usage = USAGE
    made.add_argument("-m", dest="module", action="store_true", help="PROGRAM is a module, as for `python -m`")
    made.add_argument("--python", metavar="PYTHON", default="", help="the Python, or its environment, that runs it")
    made.add_argument("--env", metavar="NAME=VALUE", type=_setting, action="append", default=[], help="for the program")
    made.add_argument("--record", metavar="DIR", default="", help="the folder of its record (default: in .jaxaudit/)")
    made.add_argument("--redact", action="store_true", help="keep the program's arguments out of the record")
    arguments.add_list(made, "--select", "only these rules: names, families, or the start of names", "RULES")
    arguments.add_list(made, "--ignore", "all but these rules", "RULES")
    made.add_argument("--unsure", action="store_true", help="show also what is not certain")
    made.add_argument("--strict", action="store_true", help="end with 1 when something was found")
    arguments.add_output(made, FORMATS)
    made.add_argument("-q", "--quiet", action="store_true", help="no summary on standard error")
    return made


def run(argv: Sequence[str]) -> int:
    """Effect: runs the program, then says what was seen; ends as the program did."""
    made = parser()
    options, program = split(made, argv)
    args = arguments.parse(made, options)
    if args is None:
        return 0
    if not program:
        raise Mistake(f"which program? {USAGE}")
    if args.format != made.get_default("format") and not args.output:
        raise Mistake(f"--format {args.format} needs --output FILE: standard output is the program's own")
    from jaxaudit.steps.launch import Wanted, launch

    ended = launch(Wanted(program[0], program[1:], args.module, args.python, args.record, args.redact, dict(args.env)))
    return _finished(ended, args)


def _finished(ended: "Ended", args: argparse.Namespace) -> int:
    """Effect: says and writes what the record holds; where a signal ended the program, it ends us here."""
    from jaxaudit.cli.main import ended_by
    from jaxaudit.steps.child import end_like

    found = 0
    try:
        found = _told(ended, args)
    except BrokenPipeError:
        pass  # nobody reads standard error any more
    except Exception as error:
        found = ended_by(error)
        if ended.code == 0 and args.output:
            return found
    return end_like(ended.code) or (found if args.strict else 0)


def _told(ended: "Ended", args: argparse.Namespace) -> int:
    """Effect: the summary on standard error, the report in its file. 1 where something was found."""
    from jaxaudit.report import paint
    from jaxaudit.report.counts import exit_code
    from jaxaudit.steps.run import observed
    from jaxaudit.steps.run_ending import ending, why_nothing

    nothing = why_nothing(ended)
    if nothing and not args.output:
        _say_unless(args.quiet, ending(ended), nothing)
        return 0
    document = observed(ended.record, args.select, args.ignore)
    silent = args.quiet or min((one["rank"] for one in document["processes"] if one["jax"]), default=0) > 0
    under = f"observed under {ended.interpreter.path} ({ended.interpreter.because})"
    _say_unless(silent, ending(ended), nothing or under)
    if args.output:
        output.write(rendered(document, args.format, output.columns(), unsure=args.unsure), args.output)
    if not silent and not nothing:
        brush = paint.coloured if arguments.wants_colour(args.color, sys.stderr) else paint.plain
        output.write_summary(rendered(document, "terminal", output.columns(), brush, args.unsure))
    return exit_code(document)


def split(parser: argparse.ArgumentParser, argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """Our own options, and the program with all that follows it."""
    with_value = {name for action in parser._actions if action.nargs is None for name in action.option_strings}
    position = 0
    while position < len(argv):
        word = argv[position]
        if word == "--":
            return list(argv[:position]), list(argv[position + 1 :])
        if word == "-" or not word.startswith("-"):
            break
        position += 2 if word in with_value else 1
    return list(argv[:position]), list(argv[position:])


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=VALUE")
    return name, value


def _say_unless(silent: bool, *sentences: str) -> None:
    """Effect: a line for each, on standard error. Of many ranks only the first speaks."""
    for sentence in sentences:
        if sentence and not silent:
            print(f"jaxaudit: {sentence}", file=sys.stderr)
