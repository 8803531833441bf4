"""Prints every certain finding of chosen rules in folders of other people's code, one folder at a time, to be read and judged.

    python benchmarks/precision_run.py RULE[,RULE...] FOLDER [FOLDER ...]

What was judged stands in `src/jaxaudit/steps/figures/precision.json`; `--table` writes `docs/concepts/precision.md` from it.
"""

import argparse
import json
import sys
from pathlib import Path

from jaxaudit.rules import load_rules
from jaxaudit.source.files import discover
from jaxaudit.source.reading import Sources
from jaxaudit.steps.verdict import fresh_verdict, unhurried

ROOT = Path(__file__).parents[1]
FIGURES = ROOT / "src/jaxaudit/steps/figures/precision.json"
PAGE = ROOT / "docs/concepts/precision.md"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rules", nargs="?", default="")
    parser.add_argument("folders", nargs="*")
    parser.add_argument("--table", action="store_true")
    arguments = parser.parse_args()
    if arguments.table:
        PAGE.write_text(page(json.loads(FIGURES.read_text("utf-8"))), "utf-8")
        return
    rules = load_rules()
    names = arguments.rules.split(",") if arguments.rules != "all" else list(rules)
    for folder in arguments.folders:
        sources = Sources(discover([folder]).paths, context=False, jobs=1)
        verdict = unhurried(lambda sources=sources: fresh_verdict(sources, rules, names))
        for finding in verdict.findings:
            if finding.certain:
                print(f"{finding.place.path}:{finding.place.line}: [{finding.rule}] {finding.message}")
        for fault in verdict.faults:
            print(f"{folder}: {fault}", file=sys.stderr)


def page(figures: dict) -> str:  # type: ignore[type-arg]
    """The table of what was read, and on what."""
    lines = [
        "# How often the rules are right",
        "",
        "Every rule was run over packages and research repositories that nobody here wrote, and its findings of confidence 0.8",
        'and above were read. "True" means that a maintainer would thank you for it. What was judged by reading and what by',
        "running is in the table: the newest batches of packages, read in whole files, and the older packages for rules that",
        "found nothing in those. The rules were mended on the same code after reading what was false, so the table describes",
        "the mended state and is no independent measure; counts below twenty say little. A rule that is not in the table",
        "has not been read yet. Captured arrays below the budget are not counted: the command does not show them.",
        "",
        "| rule | fired | read | true | judged | what was false | date |",
        "|---|--:|--:|--:|---|---|---|",
    ]
    for name, row in sorted(figures["rules"].items()):
        false = "; ".join(row.get("false_reasons", [])) or "-"
        lines.append(
            f"| {name} | {row['fired']} | {row['read']} | {row['true']} | {row['how']} | {false} | {row['date']} |"
        )
    lines += [
        "",
        "## On code that was not read before",
        "",
        "The honest measure is the first run on new code, before anything is mended after it. Most new packages hold no fault",
        "that can be seen from source, so what fires there is rare, and often false.",
        "",
        "| code | fired at >= 0.8 | true | how |",
        "|---|--:|--:|---|",
    ]
    for row in figures["first_runs"]:
        true = "?" if row["true"] is None else row["true"]
        lines.append(f"| {row['code']} | {row['fired']} | {true} | {row['how']} |")
    lines += ["", "## What was read", "", *[f"- {line}" for line in figures["read"]], ""]
    lines += [
        "`benchmarks/precision_run.py` prints the findings again; the table is written from the figures by its `--table`."
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
