"""`jaxaudit rules`: all rules, family by family."""

from collections.abc import Sequence

from jaxaudit.cli import arguments, output


def parser() -> arguments.Arguments:
    made = arguments.Arguments("rules", "All rules, family by family.")
    arguments.add_output(made, ("terminal", "json"))
    return made


def run(argv: Sequence[str]) -> int:
    """Effect: prints or writes the table."""
    args = arguments.parse(parser(), argv)
    if args is None:
        return 0
    from jaxaudit.report import page, paint
    from jaxaudit.report.json_text import json_text
    from jaxaudit.steps.document import SCHEMA
    from jaxaudit.steps.explain import all_rules

    rules = all_rules()
    brush = paint.coloured if not args.output and arguments.wants_colour(args.color) else paint.plain
    text = page.rule_table(rules, output.columns(), brush) + page.LEGEND
    output.write(
        json_text({"schema": SCHEMA, "kind": "rules", "rules": rules}) if args.format == "json" else text, args.output
    )
    if args.output:
        output.write_summary(f"{len(rules)} rules written to {args.output}\n")
    return 0
