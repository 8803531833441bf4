"""Which rules a word means: a name, an old name, a family, or the start of several names."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from jaxaudit.model.mistake import Mistake, nearest

if TYPE_CHECKING:
    from jaxaudit.rules.rule import Rule

Rules = Mapping[str, "Rule"]


def resolve(words: Iterable[str], rules: Rules, where: str) -> frozenset[str]:
    """The names of all rules that the words mean. `where` says who wrote them, should one be unknown."""
    return frozenset(name for word in words if word.strip() for name in _meant(word.strip(), rules, where))


def _meant(word: str, rules: Rules, where: str) -> frozenset[str]:
    found = named_or_begun(word, rules)
    if not found:
        close = nearest(word, known_words(rules)) or "; `jaxaudit rules` lists them"
        raise Mistake(f"{where}: there is no rule {word!r}{close}")
    return found


def named_or_begun(word: str, rules: Rules) -> frozenset[str]:
    """The rules that a word names, or whose names begin with it: `jit` means every `jit-...`."""
    return named(word, rules) or frozenset(name for name in rules if name.startswith(f"{word}-"))


def named(word: str, rules: Rules) -> frozenset[str]:
    """The rules that a word names in full: `all`, a rule, an alias or a family. Empty when it names none."""
    if word in rules:
        return frozenset({word})
    if word == "all":
        return frozenset(rules)
    return frozenset(name for name, rule in rules.items() if word in rule.aliases or word == rule.family)


def known_words(rules: Rules) -> set[str]:
    """Everything that may be written where a rule is named."""
    return {
        *rules,
        *(alias for rule in rules.values() for alias in rule.aliases),
        *(rule.family for rule in rules.values()),
    }
