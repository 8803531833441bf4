"""`jaxaudit dev`: for those who work on jaxaudit itself, inside a checkout."""

from collections.abc import Sequence
from pathlib import Path

from jaxaudit.cli import arguments


class _Below(arguments.Arguments):
    """The parser of a command below `dev`; argparse gives it its whole name."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog.removeprefix("jaxaudit "), "")


def parser() -> arguments.Arguments:
    made = arguments.Arguments("dev", "For work on jaxaudit itself, from the root of a checkout.")
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Below)
    rule = commands.add_parser("new-rule", help="write the first file of a new rule")
    rule.add_argument("name", help="the fault's name, such as jit-in-loop")
    rule.add_argument("--family", required=True, help="the folder it belongs to, such as boundaries")
    pages = commands.add_parser("rule-pages", help="write docs/rules/ from the rules")
    pages.add_argument("--check", action="store_true", help="write nothing; end with 1 when a page is out of date")
    return made


def run(argv: Sequence[str]) -> int:
    """Effect: writes files of the checkout."""
    args = arguments.parse(parser(), argv)
    if args is None:
        return 0
    root = Path.cwd()
    if args.command == "new-rule":
        from jaxaudit.steps.new_rule import new_rule

        print(f"wrote {new_rule(args.name, args.family, root).relative_to(root)}")
        return 0
    from jaxaudit.steps.rule_pages import main

    return int(main(["--check"] if args.check else []))
