"""What a rule says, or what a message of JAX's means, as a document for a report."""

from pathlib import Path
from typing import Any

from jaxaudit.model.mistake import Mistake, nearest
from jaxaudit.rules import load_rules
from jaxaudit.rules.rule import Rule
from jaxaudit.steps.config import read_config
from jaxaudit.steps.interpreter import users_python
from jaxaudit.steps.messages import meanings
from jaxaudit.steps.rule_samples import Claim, claims_of, requests_of
from jaxaudit.steps.sample_runs import Shown, run_samples
from jaxaudit.steps.selection import known_words, named


def explain(text: str) -> dict[str, Any]:
    """The rules that a name, an old name or a family means; else the meaning of a pasted message.

    Raises `Mistake` where it is neither.
    """
    rules = load_rules()
    names = named(text.strip(), rules)
    if names:
        return {"message": None, "rules": [entry(rules[name]) for name in rules if name in names]}
    for message in meanings(text):
        found = [entry(rules[name]) for name in message.rules if name in rules]
        return {"message": {"text": text.strip(), "cause": message.cause, "next": message.next}, "rules": found}
    if " " in text.strip():
        raise Mistake(
            "no message of JAX's or XLA's that jaxaudit knows has these words; `jaxaudit rules` lists the rules"
        )
    raise Mistake(
        f"there is no rule {text!r}{nearest(text, known_words(rules)) or ';'} `jaxaudit rules` lists them, "
        "and a message of JAX's goes in quotes"
    )


def tried_here(document: dict[str, Any], python: str) -> dict[str, Any]:
    """Effect: runs the examples of the document's rules on the user's JAX. The document, and what they showed.

    Raises `Mistake` where that Python has no JAX.
    """
    rules = load_rules()
    config = read_config(Path.cwd())
    interpreter = users_python(python, config)
    chosen = [rules[one["name"]] for one in document["rules"]]
    runs = run_samples(interpreter.path, requests_of(chosen))
    if runs.jax is None:
        raise Mistake(
            f"{interpreter.path} ({interpreter.because}) can't run the examples: {runs.missing.splitlines()[0]}; "
            "--python names another one"
        )
    claims = [
        _claim(claim, runs.shown[claim.id]) for rule in chosen for claim in claims_of(rule) if claim.id in runs.shown
    ]
    return {
        **document,
        "here": {"python": interpreter.path, "because": interpreter.because, "jax": runs.jax, "claims": claims},
    }


def _claim(claim: Claim, shown: Shown) -> dict[str, Any]:
    said = {None: "not run", True: "holds", False: "is false"}[shown.holds]
    return {
        "rule": claim.rule,
        "label": claim.label,
        "shows": claim.shows,
        "verdict": said,
        "reason": shown.missing or shown.error,
    }


def entry(rule: Rule) -> dict[str, Any]:
    """A rule as plain values, in the order in which a reader asks."""
    return {
        "name": rule.name,
        "family": rule.family,
        "title": rule.title,
        "severity": rule.severity,
        "sees": list(rule.sees),
        "fix": rule.mend is not None,
        "aliases": list(rule.aliases),
        "dont": rule.dont,
        "do": rule.do,
        "why": rule.why,
        "allowed": rule.allowed,
        "may_break": rule.may_break,
    }


def all_rules() -> list[dict[str, Any]]:
    """Every rule's entry, family by family."""
    return [entry(rule) for rule in load_rules().values()]
