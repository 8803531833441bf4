"""What rules find in their own examples, and what their fixes make of them."""

import pytest

from jaxaudit.rules import load_rules
from jaxaudit.steps.fix import run_fix
from rules.sample_program import PATH, findings, marked_lines, without_marks

RULES = load_rules()
EXAMPLES = [(rule, example) for rule in RULES.values() for example in rule.examples]
ALLOWED = [(rule, sample) for rule in RULES.values() for sample in rule.allowed_samples]
each_example = pytest.mark.parametrize(
    ("rule", "example"), EXAMPLES, ids=[f"{rule.name}: {example.name}" for rule, example in EXAMPLES]
)
each_allowed = pytest.mark.parametrize(
    ("rule", "sample"), ALLOWED, ids=[f"{rule.name}: {number}" for number, (rule, _) in enumerate(ALLOWED)]
)


def said(found):
    return [f"{one.place.line}: {one.message} ({one.confidence})" for one in found]


@each_example
def test_it_fires_on_the_marked_lines_and_nowhere_else(rule, example):
    found = findings(rule, example.dont.code)
    assert {one.place.line for one in found} == marked_lines(example.dont.code), said(found)


@each_example
def test_every_dont_has_its_mark_and_no_do_has_one(rule, example):
    assert "source" not in rule.sees or marked_lines(example.dont.code)
    assert not marked_lines(example.do.code)


@each_example
def test_it_is_silent_on_what_one_should_do(rule, example):
    assert not said(findings(rule, example.do.code))


@each_allowed
def test_it_leaves_the_allowed_code_alone(rule, sample):
    assert not marked_lines(sample.code)
    assert not said(findings(rule, sample.code))


@each_example
def test_the_fix_gives_the_shown_text_and_no_fix_is_made_where_none_is_shown(rule, example):
    code = without_marks(example.dont.code)
    found = findings(rule, code)
    if rule.mend is None:
        assert not example.fixed_by_us
        assert not [one for one in found if one.fix]
        return
    made = run_fix(
        found,
        lambda changed: findings(rule, changed[PATH].decode() if PATH in changed else code),
        {rule.name: rule.mend},
        {PATH: code.encode()}.__getitem__,
        unsafe=True,
    )
    after = made.changes[0].after.decode() if made.changes else code
    assert after == (example.do.code if example.fixed_by_us else code), [one.text for one in made.skipped]


@pytest.mark.parametrize("name", RULES)
def test_a_rule_that_mends_shows_a_fix(name):
    rule = RULES[name]
    assert (rule.mend is not None) == any(example.fixed_by_us for example in rule.examples)
