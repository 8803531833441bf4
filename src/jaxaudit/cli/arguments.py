"""What the commands' arguments have in common: how they complain, and the options that several of them have."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn, TextIO

from jaxaudit.model.mistake import Mistake, nearest

EXIT_CODES = """\
exit codes: 0 nothing found, 1 something found or a file could not be read,
2 wrong use or a fault of jaxaudit's own"""


Words = Callable[[str], tuple[str, ...]]


class Arguments(argparse.ArgumentParser):
    """A parser for one command. Wrong use is a `Mistake` of one sentence; no option can be shortened."""

    def __init__(self, command: str, description: str, epilog: str = "") -> None:
        super().__init__(
            prog=f"jaxaudit {command}",
            description=description,
            epilog=epilog or None,
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )

    def error(self, message: str) -> NoReturn:
        raise Mistake(f"{message}{self._meant(message) or ';'} `{self.prog} --help` lists the options")

    def _meant(self, message: str) -> str:
        if not message.startswith("unrecognized arguments: -"):
            return ""
        options = {option for action in self._actions for option in action.option_strings}
        return nearest(message.split()[2].partition("=")[0], options)


def words(text: str) -> tuple[str, ...]:
    """A list as the command line writes it: `a,b`. An option of such lists may also be repeated."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def some_words(text: str) -> tuple[str, ...]:
    """The same where an empty list would mean its opposite."""
    if not words(text):
        raise argparse.ArgumentTypeError(f"{text!r} names nothing")
    return words(text)


def add_list(
    parser: argparse.ArgumentParser, name: str, what: str, metavar: str = "LIST", split: Words = words
) -> None:
    parser.add_argument(name, metavar=metavar, type=split, action="extend", default=[], help=what)


def add_choice_of_rules(parser: argparse.ArgumentParser) -> None:
    """`--select`, `--ignore`, `--exclude`, `--force-exclude`."""
    what = "only these rules: names, families, or the start of names; comma-separated"
    add_list(parser, "--select", what, "RULES", some_words)
    add_list(parser, "--ignore", "all but these rules", "RULES")
    add_list(parser, "--exclude", "leave out paths that match, written as in .gitignore", "PATTERNS")
    parser.add_argument("--force-exclude", action="store_true", help="also files named on the command line")


def add_reading(parser: argparse.ArgumentParser) -> None:
    """`--jobs`, `--cache-dir`, `--no-cache`."""
    parser.add_argument("--jobs", type=_count, metavar="N", help="processes that read files (default: as many as pay)")
    parser.add_argument("--cache-dir", metavar="DIR", help="where facts of unchanged files are kept between runs")
    parser.add_argument("--no-cache", action="store_true", help="read every file anew and keep nothing")


def add_output(parser: argparse.ArgumentParser, formats: Sequence[str]) -> None:
    """`--format`, `--output`, `--color`."""
    parser.add_argument("--format", choices=formats, default=formats[0], help=f"default: {formats[0]}")
    parser.add_argument("--output", metavar="FILE", help="write there; the terminal still gets a short summary")
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="default: auto")


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of processes")
    return int(text)


def parse(parser: argparse.ArgumentParser, argv: Sequence[str]) -> argparse.Namespace | None:
    """The arguments, or None when `--help` has answered."""
    try:
        return parser.parse_args(argv)
    except SystemExit:
        return None


def wants_colour(choice: str, stream: TextIO | None = None) -> bool:
    """`auto` means: on a terminal, and unless `NO_COLOR` or a dumb terminal says otherwise."""
    if choice != "auto":
        return choice == "always"
    return (stream or sys.stdout).isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
