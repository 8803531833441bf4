"""The rules' pages under `docs/rules/`, each from its rule's own file. `jaxaudit dev rule-pages [--check]`."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from jaxaudit.model.mistake import Mistake
from jaxaudit.rules import load_rules
from jaxaudit.rules.rule import Example, Rule
from jaxaudit.steps.evidence_words import settled_by
from jaxaudit.steps.figures import holds_of, precision_of
from jaxaudit.steps.prose import is_code, paragraphs

FOLDER = Path("docs") / "rules"
MARK = "<!-- Written by `jaxaudit dev rule-pages` from the rule's file. Edit that one. -->"
SEES = {"source": "source", "run": "a run", "environment": "the environment"}


def main(argv: Sequence[str], root: Path | None = None) -> int:
    """Effect: writes the pages of the checkout; with `--check` only says which are out of date. 1 when some are."""
    root = root or Path.cwd()
    if not (root / "src" / "jaxaudit" / "rules").is_dir():
        raise Mistake(f"{root} is not a checkout of jaxaudit: it has no src/jaxaudit/rules")
    if "--check" in argv:
        stale = stale_pages(root)
        sys.stdout.writelines(f"out of date: {file.relative_to(root)}\n" for file in stale)
        return 1 if stale else 0
    for file in write_pages(root):
        sys.stdout.write(f"wrote {file.relative_to(root)}\n")
    return 0


def pages(rules: Mapping[str, Rule]) -> dict[str, str]:
    """Every page's file name and text, the index with them."""
    return {f"{rule.name}.md": rule_page(rule) for rule in rules.values()} | {"index.md": index(rules.values())}


def stale_pages(root: Path) -> list[Path]:
    """The pages that are missing, differ from what would be written, or have no rule any more."""
    wanted = {root / FOLDER / name: text for name, text in pages(load_rules()).items()}
    differ = [file for file, text in wanted.items() if not file.exists() or file.read_text("utf-8") != text]
    return sorted(differ + [file for file in _written(root) if file not in wanted])


def write_pages(root: Path) -> list[Path]:
    """Effect: writes the pages that differ and removes those without a rule; returns both."""
    texts = pages(load_rules())
    stale = stale_pages(root)
    (root / FOLDER).mkdir(parents=True, exist_ok=True)
    for file in stale:
        if file.name in texts:
            file.write_text(texts[file.name], "utf-8", newline="\n")
        else:
            file.unlink()
    return stale


def index(rules: Iterable[Rule]) -> str:
    """All rules by family, one line each."""
    lines = [MARK, "# Rules", "", *_LEGEND]
    for family, members in groupby(rules, key=lambda rule: rule.family):
        lines += [
            "",
            f"## {family.replace('_', ' ')}",
            "",
            "| rule | sees | severity | the fault |",
            "|---|---|---|---|",
        ]
        for rule in members:
            lines.append(f"| [{rule.name}]({rule.name}.md) | {letters(rule)} | {rule.severity} | {_cell(rule.title)} |")
    return "\n".join(lines) + "\n"


_LEGEND = (
    "S: seen from source, R: from a run, E: from the environment. F: `jaxaudit fix` can mend it.",
    "The same page in the terminal: `jaxaudit explain RULE`. On your own JAX: `jaxaudit explain RULE --here`.",
)


def rule_page(rule: Rule) -> str:
    """One rule's page."""
    lines = [MARK, f"# {rule.name}", "", f"{_sentence(rule.title)}", "", _facts(rule)]
    lines += _section("Don't", rule.dont)
    lines += _section("Do", rule.do)
    lines += _section("Why", rule.why)
    lines += _section("When it is fine", rule.allowed)
    lines += _section("What the advice may change", rule.may_break)
    lines += _section("What settles it", settled_by(rule.needs))
    lines += _section("How often it is right", precision_of(rule.name))
    if rule.examples:
        lines += ["", "## Examples", "", "Lines with the fault are marked. The tests run these programs on real JAX."]
        for example in rule.examples:
            lines += _example(example)
    if rule.allowed_samples:
        lines += ["", "## Left alone"]
        for sample in rule.allowed_samples:
            lines += ["", *_code(sample.code), *_claim(sample.shows)]
    lines += _where_it_holds(rule)
    lines += ["", "## To allow it", "", "On the line, with your reason:", ""]
    lines += _code(f"...  # jaxaudit: allow {rule.name} -- reason")
    return "\n".join(lines) + "\n"


def letters(rule: Rule) -> str:
    return "".join(word[0].upper() for word in rule.sees) + ("F" if rule.mend else "")


def _facts(rule: Rule) -> str:
    parts = [
        f"Family {rule.family.replace('_', ' ')}",
        rule.severity,
        f"seen from {' and '.join(SEES[word] for word in rule.sees)}",
        "`jaxaudit fix` can mend it" if rule.mend else "no mechanical fix",
    ]
    if rule.aliases:
        parts.append(f"old names: {', '.join(f'`{name}`' for name in rule.aliases)}")
    return f"{'; '.join(parts)}."


def _section(heading: str, text: str) -> Iterator[str]:
    if not text.strip():
        return
    yield from ("", f"## {heading}")
    if is_code(text):
        yield ""
        yield from _code(text)
        return
    for paragraph in paragraphs(text):
        yield from ("", paragraph)


def _example(example: Example) -> Iterator[str]:
    fixed = " (`jaxaudit fix` writes it)" if example.fixed_by_us else ""
    yield from ("", f"### {_capital(example.name)}", "")
    yield from (*_code(example.dont.code), *_claim(example.dont.shows), "", f"Instead{fixed}:", "")
    yield from (*_code(example.do.code), *_claim(example.do.shows))


def _claim(shows: str) -> list[str]:
    return ["", f"Shown by running it: `{' '.join(shows.split())}`."] if shows.strip() else []


def _where_it_holds(rule: Rule) -> Iterator[str]:
    rows = holds_of(rule.name)
    if not rows:
        return
    yield from ("", "## Where it holds", "", "| JAX | claims that hold | not |", "|---|---|---|")
    for jax, held, asked, false in rows:
        yield f"| {jax} | {held} of {asked} | {_cell(', '.join(false)) or '-'} |"


def _code(text: str) -> list[str]:
    fence = "````" if "```" in text else "```"
    return [f"{fence}python", *(line.rstrip() for line in text.strip("\n").splitlines()), fence]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _sentence(text: str) -> str:
    return _capital(text.rstrip(".")) + "."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _written(root: Path) -> list[Path]:
    return [file for file in (root / FOLDER).glob("*.md") if file.read_text("utf-8").startswith(MARK)]
