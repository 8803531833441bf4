"""Static fields that are labels: the calls of the jitted function leave them out."""

import pytest

pytest.importorskip("equinox")

from rules.proposed_changes import compiles, done, of

RULE = "varying-static"
STARS = """
import equinox as eqx


class Star(eqx.Module):
    name: str = eqx.field(static=True)
    band: str = eqx.field(static=True)
    light: jax.Array

    def weights(self):
        {traced}
        return self.light * (0.5 if self.band == "V" else 1.0)

    def title(self):
        return f"{self.name} in {self.band}"


@eqx.filter_jit
def power(star: Star, frequency):
    {inside}
    return {returned}


def survey(names):
    for name in names:
        star = Star(name, "V", jnp.arange(3.0))
        print(star.title(), {call}.sum().round(3))


survey(["a-1", "a-2", "a-3"])
"""


def code(traced="pass", inside="pass", returned="frequency * star.weights()", call="power(star, 2.0)"):
    text = STARS
    for word, value in {"traced": traced, "inside": inside, "returned": returned, "call": call}.items():
        text = text.replace(f"{{{word}}}", value)
    return text


@pytest.mark.parametrize("call", ["power(star, 2.0)", "power(frequency=2.0, star=star)"])
def test_the_calls_leave_it_out(tmp_path, call):
    tried = of(tmp_path, RULE, code(call=call))
    tried.refused.clear()  # that it cannot be traced is said beside
    lines, evidence = done(tmp_path, tried)
    assert any('dataclasses.replace(star, name="")' in line for line in lines)
    assert compiles(tried.evidence, "power") == 3
    assert compiles(evidence, "power") == 1


LEFT = {
    "traced code reads it": (code(traced="assert self.name"), "traced code reads it"),
    "the function itself reads it": (code(inside="assert star.name != 'x'"), "traced code reads it"),
    "the object comes back": (
        code(returned="(frequency * star.weights(), star)", call="power(star, 2.0)[0]"),
        "would come back without its `name`",
    ),
    "another is made of it": (
        code(inside="other = eqx.tree_at(lambda s: s.light, star, star.light * 2)"),
        "makes another of `star`",
    ),
    "it is handed on": (code(call="(lambda f: f(star, 2.0))(power)"), "hands `power` on"),
}


@pytest.mark.parametrize("name", LEFT)
def test_left_as_it_is(tmp_path, name):
    text, reason = LEFT[name]
    tried = of(tmp_path, RULE, text)
    assert not [one for one in tried.changes if "label" in one.title]
    assert any(reason in one.text for one in tried.refused), tried.refused
