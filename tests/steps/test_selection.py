import pytest

from fake_engine import fake_rules
from jaxaudit.model.mistake import Mistake
from jaxaudit.steps.selection import resolve

RULES = fake_rules()


@pytest.mark.parametrize(
    ("word", "names"),
    [
        ("key-reuse", {"key-reuse"}),
        ("loop-jit", {"jit-in-loop"}),
        ("random", {"key-reuse"}),
        ("jit", {"jit-in-loop", "jit-per-call"}),
        ("jit-in", {"jit-in-loop"}),
        ("all", set(RULES)),
        (" key-reuse ", {"key-reuse"}),
        ("", set()),
    ],
)
def test_what_a_word_means(word: str, names: set[str]) -> None:
    assert resolve([word], RULES, "--select") == names


def test_an_unknown_rule_names_the_nearest() -> None:
    with pytest.raises(Mistake, match=r"^--select: there is no rule 'key-resue'; did you mean 'key-reuse'\?$"):
        resolve(["key-resue"], RULES, "--select")


def test_a_part_of_a_word_is_no_prefix() -> None:
    with pytest.raises(Mistake, match="there is no rule 'ke'; `jaxaudit rules` lists them"):
        resolve(["ke"], RULES, "--ignore")
