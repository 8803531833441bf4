"""`jaxaudit audit`: the whole way, from a program to proved changes."""

import argparse
import os
import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from jaxaudit.cli import arguments, output
from jaxaudit.cli.audit_progress import AuditProgress
from jaxaudit.cli.own_options import is_below, taken_back
from jaxaudit.cli.run import split
from jaxaudit.model.mistake import Mistake
from jaxaudit.report.rendering import FORMATS, rendered

if TYPE_CHECKING:
    from jaxaudit.model.proposal import Proposal
    from jaxaudit.report.paint import Paint
    from jaxaudit.steps.audit import Audited

DESCRIPTION = """\
Checks a program's sources, runs it observed, plans changes from both, tries each
change in a copy of the working directory, and keeps what is proved: the same
output, tests as before, measurably better. Your files stay as they are;
`jaxaudit apply` puts into them what was kept."""

EXIT_CODES = "exit codes: 0 done, 2 the program could not be run or compared, 130 interrupted; with --check, 1 when something was kept"
USAGE = "jaxaudit audit [OPTIONS] [-m] PROGRAM [ARGS ...]"
BEHIND = ("--test", "--also", "--budget", "--dry-run", "--report-dir")
"""Options that may stand behind the program, unless it knows them. None that writes into the working tree."""
NONE = "or --entry MODULE:FUNCTION, or a program in [tool.jaxaudit.audit]"


def parser() -> arguments.Arguments:
    made = arguments.Arguments("audit", DESCRIPTION, EXIT_CODES)
    made.usage = USAGE
    made.add_argument("-m", dest="module", action="store_true", help="PROGRAM is a module, as for `python -m`")
    made.add_argument("--entry", metavar="MODULE:FUNCTION", default="", help="call this; what follows are arguments")
    made.add_argument("--python", metavar="PYTHON", default="", help="the Python, or its environment, that runs it")
    made.add_argument("--test", metavar="COMMAND", default="", help='tests that must stay as they are: "pytest -q"')
    made.add_argument("--also", metavar="COMMAND", action="append", default=[], help="another way in which it is run")
    made.add_argument("--budget", metavar="TIME", type=_duration, default=600.0, help="90s, 5m, 2h (default: 10m)")
    made.add_argument(
        "--calls", metavar="N", type=_calls, default=0,
        help="stop each trial when the functions it is about were called N times (default: 10, of programs that run too long)",
    )  # fmt: skip
    made.add_argument("--report-dir", metavar="DIR", default="", help="default: .jaxaudit/audits/TIME")
    made.add_argument("--dry-run", action="store_true", help="stop at the plan")
    made.add_argument("--check", action="store_true", help="end with 1 when something was kept")
    made.add_argument("--write", action="store_true", help="put what was kept into the working tree")
    made.add_argument("--allow-effects", action="store_true", help="let it write and connect outside of the copy")
    made.add_argument("--read-only", metavar="PATH", action="append", default=[], help="data that is not copied")
    made.add_argument("--copy-limit", metavar="SIZE", type=_size, default=1 << 30, help="default: 1GiB")
    arguments.add_list(made, "--select", "only these rules: names, families, or the start of names", "RULES")
    arguments.add_list(made, "--ignore", "all but these rules", "RULES")
    arguments.add_output(made, FORMATS)
    made.add_argument("-q", "--quiet", action="store_true", help="no progress on standard error")
    return made


def run(argv: Sequence[str]) -> int:
    """Effect: runs the program, unchanged and changed, in copies; writes the report's folder."""
    made = parser()
    options, program = split(made, argv)
    if "--" not in argv and program and is_below(program[0], Path.cwd()):
        ours, program = taken_back(made, BEHIND, program, Path.cwd())
        if ours:
            said = f"taken as jaxaudit's own: `{shlex.join(ours)}`; for the program's, write `--` before it"
            print(f"jaxaudit: {said}", file=sys.stderr)
        options = [*options, *ours]
    args = arguments.parse(made, options)
    if args is None:
        return 0
    from jaxaudit.steps.audit import audit
    from jaxaudit.steps.audit_document import audit_document
    from jaxaudit.steps.audit_folder import must_be_writable, write_report
    from jaxaudit.steps.audit_ways import Wanted, completed
    from jaxaudit.steps.config import read_config

    if args.entry and args.module:
        raise Mistake("-m names a module that is run, --entry a function that is called: one of the two")
    wanted = Wanted(
        tuple(program), args.module, args.entry, args.python, args.test, tuple(args.also), args.budget, tuple(args.select),
        tuple(args.ignore), args.allow_effects, tuple(args.read_only), args.copy_limit, args.dry_run, args.calls,
    )  # fmt: skip
    wanted = completed(wanted, read_config(Path.cwd()))
    if not wanted.words and not wanted.entry:
        raise Mistake(f"which program? {USAGE}; {NONE}")
    must_be_writable(args.report_dir)
    wanted = replace(wanted, stdin=_stdin())
    brush = _brush(args, sys.stderr if args.output else sys.stdout)
    progress = AuditProgress(
        sys.stderr, output.columns(), time.monotonic, rewrites=_is_terminal(sys.stderr), quiet=args.quiet
    )

    def shown(done: "Audited") -> None:
        """Before anything is tried; where nothing will be, the report at the end says it all."""
        if not args.quiet and done.plan.proposals and not args.dry_run:
            from jaxaudit.report.audit_terminal import plan_table

            progress.clear()
            sys.stderr.write(plan_table(audit_document(done), output.columns(), _brush(args, sys.stderr)))
            sys.stderr.flush()

    try:
        done = audit(wanted, progress.told, shown, time.monotonic, progress.tick)
    finally:
        progress.clear()
    document = audit_document(done)
    folder = write_report(done, document, args.report_dir)
    if args.write and done.kept:
        from jaxaudit.steps.apply import put

        put(done.originals, done.texts)
    if args.output or args.format != "terminal":
        output.write(rendered(document, args.format, output.columns()), args.output)
    if args.output or args.format == "terminal":
        text = rendered(document, "terminal", output.columns(), brush) + _where(
            folder, done.kept, _open(document), args.write
        )
        (output.write_summary if args.output else sys.stdout.write)(text)
    if done.interrupted:
        return 130
    return 1 if args.check and done.kept else 0


def _open(document: "dict[str, Any]") -> list[str]:
    """The changes that are the user's to decide, by their numbers."""
    from jaxaudit.report.audit_words import open_ones

    return [str(one["id"]) for one, _ in open_ones(document) if one["diff"]]


def _where(folder: Path, kept: "list[Proposal]", open_: "list[str]", written: bool) -> str:
    """What lies where, and what to do next."""
    rows = [("read", str(folder / "audit.md"), "(audit.html, audit.json)")]
    first = f"(only the first: jaxaudit apply {kept[0].id})" if len(kept) > 1 else ""
    if kept and not written:
        rows.append(("apply", "jaxaudit apply", first))
    if open_:
        rows.append(("decide", f"jaxaudit apply {open_[0]}", "(its patch lies in undecided/)"))
    said = [f"  {word:7} {text}  {more}".rstrip() for word, text, more in rows]
    done = "What was kept is in your files now." if kept and written else "Your files are untouched."
    return "\n".join([done, *said, ""])


def _stdin() -> bytes:
    """What stands on standard input, once, for every run; nothing where that is a terminal."""
    try:
        return b"" if sys.stdin is None or sys.stdin.isatty() else sys.stdin.buffer.read()
    except (OSError, ValueError):
        return b""


def _brush(args: argparse.Namespace, stream: TextIO) -> "Paint":
    from jaxaudit.report import paint

    return paint.coloured if arguments.wants_colour(args.color, stream) else paint.plain


def _is_terminal(stream: TextIO) -> bool:
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def _duration(text: str) -> float:
    units = {"s": 1.0, "m": 60.0, "h": 3600.0}
    number, unit = (text[:-1], text[-1]) if text[-1:] in units else (text, "s")
    try:
        seconds = float(number) * units[unit]
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e7:
        raise argparse.ArgumentTypeError(f"{text!r} is no time such as 90s, 5m or 2h")
    return seconds


def _calls(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of calls")
    return int(text)


def _size(text: str) -> int:
    from jaxaudit.steps.config import byte_count

    try:
        return byte_count(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no size such as 4GiB") from None
