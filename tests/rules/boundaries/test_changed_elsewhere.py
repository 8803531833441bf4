"""A function is not jitted once where it reads what another file changes while the program runs."""

import pytest

from jaxaudit.rules import load_rules
from jaxaudit.rules.boundaries.jitting_once import must_hold
from rules.proposed_changes import compiles, done, of

SETTINGS = "MODE = 'grey'\nOPTIONS = {'gain': 1.0}\n\n\nclass Box:\n    pass\n\n\nBOX = Box()\nBOX.width = 1.0\n"
PHYSICS = """import jax
import jax.numpy as jnp

{imports}


def opacity(tau):
    return {value} * tau


def solve(tau):
    def transfer(tau):
        return jnp.sum(opacity(tau))

    return jax.jit(transfer)(tau)
"""
PROGRAM = """import jax.numpy as jnp

import physics
import settings

for number in range(3):
    {change}
    print(round(float(physics.solve(jnp.arange(4.0))), 3))
"""


def project(imports, value, change):
    return {
        "main.py": PROGRAM.format(change=change),
        "physics.py": PHYSICS.format(imports=imports, value=value),
        "settings.py": SETTINGS,
    }


CHANGES = [
    ("import settings", "(2.0 if settings.MODE == 'grey' else 3.0)", "settings.MODE = 'grey' if number else 'band'"),
    ("import settings as s", "s.OPTIONS['gain']", "settings.OPTIONS['gain'] = 1.0 + number"),
    ("from settings import OPTIONS", "OPTIONS['gain']", "settings.OPTIONS.update(gain=1.0 + number)"),
    ("from settings import BOX", "BOX.width", "settings.BOX.width = 1.0 + number"),
    ("import settings", "settings.BOX.width", "setattr(settings, 'BOX', type('B', (), {'width': 1.0 + number}))"),
    ("def gain(tau):\n    return 2.0", "gain(tau)", "physics.gain = lambda tau: 1.0 + number"),
]


@pytest.mark.parametrize(("imports", "value", "change"), CHANGES)
def test_what_changes_between_its_calls(tmp_path, imports, value, change):
    tried = of(tmp_path, "jit-per-call", project(imports, value, change))
    assert not tried.changes
    [refused] = tried.refused
    assert "main.py:7 changes while the program runs" in refused.text


@pytest.mark.parametrize(
    ("imports", "value", "change"),
    [
        ("import settings", "settings.OPTIONS['gain']", "settings.OTHER = number"),
        ("import settings", "settings.OPTIONS['gain']", "OPTIONS = {'gain': number}"),
        ("GAIN = 2.0", "GAIN", "settings.GAIN = number"),
        (
            "import settings",
            "settings.OPTIONS['gain']",
            "pass\nsettings.OPTIONS['gain'] = 2.0\nfor number in range(3):",
        ),
    ],
)
def test_other_things_may_change(tmp_path, imports, value, change):
    _, evidence = done(tmp_path, of(tmp_path, "jit-per-call", project(imports, value, change)))
    assert compiles(evidence, "transfer") == 1


def test_the_module_may_change_it_itself(tmp_path):
    files = project("import settings", "settings.MODE", "settings.choose(1.0 + number)")
    files["settings.py"] = "MODE = 1.0\n\n\ndef choose(mode):\n    global MODE\n    MODE = mode\n"
    tried = of(tmp_path, "jit-per-call", files)
    assert not tried.changes
    assert "`settings.MODE`, which settings.py:6 changes" in tried.refused[0].text


def test_a_name_set_through_globals(tmp_path):
    code = """import jax
import jax.numpy as jnp

gain = 1.0


def simulate(y):
    @jax.jit
    def step(y):
        return gain * y

    return step(y)


for number in range(3):
    globals()["gain"] = 1.0 + number
    print(float(simulate(jnp.ones(2)).sum()))
"""
    tried = of(tmp_path, "jit-per-call", code)
    assert not tried.changes
    assert "it reads `gain`, which line 22 changes" in tried.refused[0].text


def test_the_fix_of_a_jit_in_a_loop_asks_for_it_too():
    rules = load_rules()
    assert all(rules[name].must_hold is must_hold for name in ("jit-in-loop", "jit-per-call"))
