"""What rules claim of JAX, counted on real JAX."""

import pytest

from jaxaudit.rules import load_rules
from jaxaudit.steps.rule_samples import claims_of, requests_of
from rules.sample_cache import SampleCache, jax_of, pythons

RULES = load_rules()
CLAIMS = [claim for rule in RULES.values() for claim in claims_of(rule) if claim.shows]
PYTHONS = pythons()
SAYS_NOTHING_OF_JAX = {"unused-suppression"}


@pytest.fixture(scope="session")
def samples(request: pytest.FixtureRequest) -> SampleCache:
    return SampleCache(request.config.cache.mkdir("samples"), requests_of(RULES.values()))


@pytest.mark.parametrize("python", PYTHONS, ids=[f"jax-{jax_of(python)}" for python in PYTHONS])
@pytest.mark.parametrize("claim", CLAIMS, ids=[claim.id for claim in CLAIMS])
def test_it_shows_what_it_claims(claim, python, samples):
    shown = samples.shown(python, claim.id)
    if shown.holds is None:
        pytest.skip(shown.missing)
    assert shown.holds, f"{claim.shows}\n{shown}"


@pytest.mark.parametrize("name", sorted(set(RULES) - SAYS_NOTHING_OF_JAX))
def test_every_rule_shows_its_fault_and_its_cure(name):
    examples = RULES[name].examples
    assert any(example.dont.shows for example in examples), "no example shows the fault"
    assert any(example.do.shows for example in examples), "no example shows that it is gone"


def test_there_is_a_jax_to_ask():
    assert PYTHONS, "no interpreter with JAX: install the extra `test`, or name one in JAXAUDIT_TEST_PYTHONS"
