"""What a rule says, or what a message of JAX's means, as a document for a report."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jaxaudit.model.mistake import Mistake, nearest
from jaxaudit.rules import load_rules
from jaxaudit.rules.rule import Rule
from jaxaudit.steps.config import read_config
from jaxaudit.steps.document import SCHEMA
from jaxaudit.steps.evidence_words import settled_by
from jaxaudit.steps.figures import holds_sentence, precision_of
from jaxaudit.steps.interpreter import users_python
from jaxaudit.steps.messages import meanings
from jaxaudit.steps.rule_samples import Claim, claims_of, requests_of
from jaxaudit.steps.sample_runs import Shown, run_samples
from jaxaudit.steps.selection import known_words, named_or_begun

UNKNOWN = (
    "jaxaudit does not know this message. Paste more of it (the last lines of a traceback), without what your own "
    "program adds; or check the file that it names: `jaxaudit check FILE`."
)
MOST_NEAR = 3


def explain(text: str) -> dict[str, Any]:
    """The rules that a name, an old name or a family means; else the meaning of a pasted message.

    A message that is not known has no `cause`, and the rules whose words are nearest. Raises `Mistake` for a word
    that is no rule.
    """
    if not text.strip():
        raise Mistake("name a rule, or paste a message of JAX's; `jaxaudit rules` lists the rules")
    rules = load_rules()
    names = _named(text, rules)
    if names:
        return _document(None, [entry(rules[name]) for name in rules if name in names])
    for message in meanings(text):
        found = [entry(rules[name]) for name in message.rules if name in rules]
        return _document({"text": text.strip(), "cause": message.cause, "next": message.next}, found)
    if " " in text.strip():
        return _document({"text": text.strip(), "cause": None, "next": UNKNOWN}, _nearest(text, rules))
    raise Mistake(
        f"there is no rule {text!r}{nearest(text.lower(), known_words(rules)) or ';'} `jaxaudit rules` lists them, "
        "and a message of JAX's goes in quotes"
    )


def _named(text: str, rules: Mapping[str, Rule]) -> frozenset[str]:
    """The rules that a text of nothing but their names means: `jit-in-loop`, `Jit in loop`, `jit`, `pmap key-reuse`."""
    words = text.lower().replace("_", "-").replace(",", " ").split()
    each = [named_or_begun(word, rules) for word in words]
    return named_or_begun("-".join(words), rules) or frozenset().union(*(each if all(each) else ()))


def _document(message: dict[str, Any] | None, rules: list[dict[str, Any]]) -> dict[str, Any]:
    return {"schema": SCHEMA, "kind": "explain", "message": message, "rules": rules}


def _nearest(text: str, rules: Mapping[str, Rule]) -> list[dict[str, Any]]:
    """The rules whose name and title share most words with the text, common words aside."""
    said = _words(text)
    shared = {name: len(said & _words(f"{name} {rule.title} {rule.dont}")) for name, rule in rules.items()}
    near = sorted((name for name in rules if shared[name] > 1), key=lambda name: -shared[name])
    return [entry(rules[name]) for name in near[:MOST_NEAR]]


def _words(text: str) -> set[str]:
    return {word.rstrip("s") for word in re.findall(r"[a-z]{4,}", text.lower())} - {
        "that",
        "thi",
        "with",
        "from",
        "error",
    }


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
        "settled_by": settled_by(rule.needs),
        "example": _example(rule),
        "precision": precision_of(rule.name),
        "holds": holds_sentence(rule.name),
    }


def _example(rule: Rule) -> dict[str, str] | None:
    """The first way in which people write the fault, and the same program without it."""
    for one in rule.examples:
        return {"name": one.name, "dont": one.dont.code, "do": one.do.code}
    return None


def all_rules() -> list[dict[str, Any]]:
    """Every rule's entry, family by family."""
    return [entry(rule) for rule in load_rules().values()]
