"""`jaxaudit explain`: a rule's page, or the meaning of a message of JAX's or XLA's."""

import sys
from collections.abc import Sequence

from jaxaudit.cli import arguments, output
from jaxaudit.model.mistake import Mistake

DESCRIPTION = """\
A rule's page: what it finds, what to do instead, why, and when it is fine.
Or the meaning of a warning or error of JAX's or XLA's, pasted in quotes or
piped in: the last lines of a traceback will do."""

EXAMPLES = """\
examples:
  jaxaudit explain key-reuse
  jaxaudit explain "A large amount of constants were captured during lowering"
  python train.py 2>&1 | jaxaudit explain -
"""


def parser() -> arguments.Arguments:
    made = arguments.Arguments("explain", DESCRIPTION, EXAMPLES)
    made.add_argument(
        "rule", nargs="+", metavar="RULE", help="a rule, a family, a message in quotes, or - for standard input"
    )
    made.add_argument("--here", action="store_true", help="run the rule's own examples on your JAX")
    made.add_argument("--python", default="", metavar="PATH", help="the Python that has your JAX, for --here")
    arguments.add_output(made, ("terminal", "json"))
    return made


def run(argv: Sequence[str]) -> int:
    """Effect: prints or writes the page."""
    args = arguments.parse(parser(), argv)
    if args is None:
        return 0
    from jaxaudit.report import page, paint
    from jaxaudit.report.json_text import json_text
    from jaxaudit.steps.explain import explain, tried_here

    document = explain(_stdin() if args.rule == ["-"] else " ".join(args.rule))
    if args.python and not args.here:
        raise Mistake("--python is for --here, which runs the examples")
    if args.here:
        document = tried_here(document, args.python)
    brush = paint.coloured if not args.output and arguments.wants_colour(args.color) else paint.plain
    text = json_text(document) if args.format == "json" else page.explanation(document, output.columns(), brush)
    output.write(text, args.output)
    if args.output:
        output.write_summary(f"written to {args.output}\n")
    unknown = document["message"] and not document["message"]["cause"]
    return 1 if unknown else 0


def _stdin() -> str:
    """What is piped in; bytes that are no text don't matter."""
    reconfigure = getattr(sys.stdin, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")
    return sys.stdin.read()
