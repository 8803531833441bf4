"""Static values of which only a run knew how many there are."""

import pytest

from rules.proposed_changes import compiles, done, of

TABLE = """
{jit}
def decay(x, rate):
    return {body}


def go(table):
    for rate in table:
        print(decay(jnp.ones(3), rate).sum())


go({{0.5: 1, 1.0: 2, 2.0: 3}})
"""
NAMED = "@functools.partial(jax.jit, static_argnames=('rate',))"


def test_it_leaves_the_static_names(tmp_path):
    tried = of(tmp_path, "varying-static", TABLE.format(jit=NAMED, body="x * jnp.exp(-rate)"))
    assert compiles(tried.evidence, "decay") == 3
    lines, evidence = done(tmp_path, tried)
    assert lines == ["@jax.jit"] and compiles(evidence, "decay") == 1


def test_filter_jit_is_handed_an_array(tmp_path):
    tried = of(tmp_path, "varying-static", TABLE.format(jit="@eqx.filter_jit", body="x * jnp.exp(-rate)"))
    lines, evidence = done(tmp_path, tried)
    assert lines == ["        print(decay(jnp.ones(3), jnp.asarray(rate)).sum())"] and compiles(evidence, "decay") == 1


def test_what_decides_a_shape_stays_static(tmp_path):
    tried = of(tmp_path, "varying-static", TABLE.format(jit=NAMED, body="jnp.pad(x, (0, int(4 * rate)))"))
    assert not tried.changes
    [refused] = tried.refused
    assert refused.code == "arrives-as-tracer" and "line 10" in refused.text


SHARED = """
SETTINGS = ("kind", "rate")


def _fall(x, kind, rate):
    return x * jnp.exp(-rate) if kind == "fast" else x - rate


def _steps(x, kind, rate):
    for _ in range(rate):
        x = x + 1.0
    return x


fall = jax.jit(_fall, static_argnames=SETTINGS)
steps = jax.jit(_steps, static_argnames=SETTINGS)
for rate in (0.5, 1.0, 2.0, 3.0):
    print(fall(jnp.ones(3), kind="fast", rate=rate).sum())
print(steps(jnp.ones(3), kind="slow", rate=3).sum())
"""


def test_names_that_two_jits_share_stay_for_the_other(tmp_path):
    lines, evidence = done(tmp_path, of(tmp_path, "varying-static", SHARED))
    assert lines == ['fall = jax.jit(_fall, static_argnames=("kind",))']
    assert compiles(evidence, "_fall") == 1


TOGETHER = """
@functools.partial(jax.jit, static_argnames=("rate", "kind", "gain"))
def grow(x, kind, rate, gain):
    return x * jnp.exp(-rate) * gain if kind == "fast" else x


for rate in (0.5, 1.0, 2.0, 3.0):
    print(grow(jnp.ones(3), kind="fast", rate=rate, gain=1.0 + rate).sum())
"""


def test_two_that_change_together(tmp_path):
    lines, evidence = done(tmp_path, of(tmp_path, "varying-static", TOGETHER))
    assert lines == ['@functools.partial(jax.jit, static_argnames=("kind",))']
    assert compiles(evidence, "grow") == 1


DAYS = """
@functools.partial(jax.jit, static_argnames="day")
def pattern(x, day):
    mark = (day * {factor} + 11) % 97
    return x * mark + day


for day in range(1, 5):
    print(pattern(jnp.ones(3), day).sum())
"""


def test_a_whole_number_that_is_multiplied_up_stays_static(tmp_path):
    tried = of(tmp_path, "varying-static", DAYS.format(factor=7919))
    assert not tried.changes
    assert any("`day * 7919` in line" in one.text for one in tried.refused)


def test_a_whole_number_that_stays_small(tmp_path):
    tried = of(tmp_path, "varying-static", DAYS.format(factor=7))
    assert [one.title for one in tried.changes] == ["trace `day`"] or "traced" in tried.changes[0].title


COOLED = """
class Annealer(eqx.Module):
    weights: jax.Array
    temperature: float{default}
    steps: int = 3

    def cool(self, temperature):
        return {replaced}

    def relax(self, m):
        for _ in range(self.steps):
            m = jnp.tanh(self.weights * m / self.temperature)
        return m


@eqx.filter_jit
def equilibrate(annealer, m):
    return annealer.relax(m)


annealer = Annealer(jnp.ones(3), 6.0)
m = jnp.arange(3.0)
for k in range(4):
    annealer = annealer.cool(6.0 * 0.7**k)
    m = equilibrate(annealer, m)
    print(m.sum()){more}
"""
TREE_AT = "eqx.tree_at(lambda a: a.temperature, self, temperature)"
REPLACED = "dataclasses.replace(self, temperature=temperature)"


def cooled(replaced=TREE_AT, default="", more=""):
    return "import dataclasses\n" + COOLED.format(replaced=replaced, default=default, more=more)


def test_a_number_in_an_equinox_module_becomes_an_array(tmp_path):
    lines, evidence = done(tmp_path, of(tmp_path, "varying-static", cooled()))
    assert lines == [
        "    temperature: jax.Array = eqx.field(converter=jnp.asarray)",
        "        return eqx.tree_at(lambda a: a.temperature, self, jnp.asarray(temperature))",
    ]
    assert compiles(evidence, "equilibrate") == 1


def test_its_default_stays(tmp_path):
    lines, evidence = done(tmp_path, of(tmp_path, "varying-static", cooled(REPLACED, " = 1.0")))
    assert lines == ["    temperature: jax.Array = eqx.field(default=1.0, converter=jnp.asarray)"]
    assert compiles(evidence, "equilibrate") == 1


def test_what_is_a_key_elsewhere_stays_a_number(tmp_path):
    more = "\nseen = {}\nseen[annealer.temperature] = 1"
    tried = of(tmp_path, "varying-static", cooled(more=more))
    assert not tried.changes
    assert any("needs `temperature` as a number of Python's" in one.text for one in tried.refused)


def test_what_the_trace_asks_for_stays_static(tmp_path):
    code = cooled().replace("        return m\n", "        return m if self.temperature > 0.1 else 2 * m\n", 1)
    tried = of(tmp_path, "varying-static", code)
    assert not tried.changes and any("while it is traced" in one.text for one in tried.refused)


@pytest.mark.parametrize("field", ["temperature: float", "temperature: float = eqx.field(static=True)"])
def test_what_is_trained_elsewhere_would_be_trained_too(tmp_path, field):
    code = "import equinox as eqx\nimport jax\nimport jax.numpy as jnp\n" + cooled(REPLACED).replace(
        "temperature: float", field
    )
    code = code.replace("annealer = annealer.cool(6.0 * 0.7**k)", "annealer = Annealer(jnp.ones(3), 6.0 * 0.7**k)")
    train = (
        "import equinox as eqx\nfrom main import Annealer\n\nslope = eqx.filter_grad(lambda a, m: a.relax(m).sum())\n"
    )
    assert of(tmp_path / "alone", "varying-static", {"main.py": code}).changes
    tried = of(tmp_path / "both", "varying-static", {"main.py": code, "train.py": train})
    assert not tried.changes and any("`temperature` would become one: trained" in one.text for one in tried.refused)


FITTED = """
class Network(eqx.Module):
    layer: eqx.nn.Linear
    scale: jax.Array{more}


def loss(network, annealer, x):
    return jnp.sum(annealer.relax(network.scale * network.layer(x)) ** 2)


@eqx.filter_jit
def fit(network, annealer, x):
    value, slope = eqx.filter_value_and_grad(loss)({order}, x)
    return eqx.apply_updates(network, slope), value


network = Network({made})
for k in range(3):
    network, value = fit(network, Annealer(jnp.ones(3), 6.0 * 0.7**k), m)
    print(value)
"""
MADE = "eqx.nn.Linear(3, 3, key=jax.random.key(0)), jnp.ones(3)"


def fitted(order="network, annealer", more="", made=MADE):
    code = cooled(REPLACED, " = eqx.field(static=True)").partition("annealer = Annealer")[0]
    return code + "m = jnp.arange(3.0)\n" + FITTED.format(order=order, more=more, made=made)


def test_what_is_handed_in_beside_what_is_trained_may_become_an_array(tmp_path):
    _, evidence = done(tmp_path, of(tmp_path, "varying-static", fitted()))
    assert compiles(evidence, "fit") == 1


@pytest.mark.parametrize(
    "code",
    [
        fitted(more="\n    cooling: Annealer | None = None"),
        fitted(more="\n    cooling: eqx.Module | None = None"),
        fitted(more="\n    cooling: 'Annealer | None' = None"),
        fitted() + "\nby_cooling = eqx.filter_grad(lambda a, x: a.relax(x).sum())\n",
        fitted() + "\nrows = eqx.filter_vmap(lambda a, x: a.relax(x))\n",
        fitted() + "\nparts = eqx.partition(Annealer(jnp.ones(3), 1.0), eqx.is_array)\n",
    ],
)
def test_what_may_hold_it_is_left_alone(tmp_path, code):
    tried = of(tmp_path, "varying-static", code)
    assert not tried.changes and any("trained, differentiated or mapped" in one.text for one in tried.refused)


def test_what_a_gradient_is_taken_by_elsewhere_stays_static(tmp_path):
    code = "import equinox as eqx\nimport jax\nimport jax.numpy as jnp\n" + cooled(
        REPLACED, " = eqx.field(static=True)"
    )
    train = (
        "import jax\nimport jax.numpy as jnp\nfrom main import Annealer\n\n\ndef loss(a, m):\n    return a.relax(m).sum()\n\n\n"
        "slope = jax.grad(loss{by})(Annealer(jnp.ones(3), 2.0), jnp.ones(3))\n"
    )
    assert of(tmp_path / "m", "varying-static", {"main.py": code, "train.py": train.format(by=", argnums=1")}).changes
    tried = of(tmp_path / "a", "varying-static", {"main.py": code, "train.py": train.format(by="")})
    assert not tried.changes and any("train.py:10 takes a gradient by `a`" in one.text for one in tried.refused)


ENTRY = """
@eqx.filter_jit
def step(x, options):
    return x * (1.0 - options["rate"]) ** options["power"]


x = jnp.ones(3)
for k in range(4):
    x = step(x, {"rate": 0.1 * k, "power": 2})
    print(x.sum())
"""


def test_an_entry_of_a_dict(tmp_path):
    lines, evidence = done(tmp_path, of(tmp_path, "varying-static", ENTRY))
    assert lines == ['    x = step(x, {"rate": jnp.asarray(0.1 * k), "power": 2})']
    assert compiles(evidence, "step") == 1


COIL = """
@dataclasses.dataclass(frozen=True)
class Coil:
    cells: int = 4
    joule: float = 45.0
    dt: float = 1e-3{field}

    @functools.partial(jax.jit, static_argnums=0)
    def advance(self, t):
        return t + self.dt * self.joule * jnp.ones(self.cells){more}


coil, t = Coil(), jnp.ones(4)
for k in range(4):
    t = coil.advance(t)
    coil = dataclasses.replace(coil, dt=coil.dt * 1.25)
    print(t.sum())
"""


def coil(field="", more=""):
    return "import dataclasses\nimport functools\n" + COIL.replace("{field}", field).replace("{more}", more)


def test_a_field_of_a_static_dataclass_becomes_a_leaf_of_a_pytree(tmp_path):
    lines, evidence = done(tmp_path, of(tmp_path, "varying-static", coil()))
    assert lines == [
        '@functools.partial(jax.tree_util.register_dataclass, data_fields=["dt"], meta_fields=["cells", "joule"])',
        "    @jax.jit",
    ]
    assert compiles(evidence, "advance") == 1


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (coil(more=" if self.dt < 1.0 else t"), "while it is traced"),
        (coil("\n    last: float = dataclasses.field(default=0.0, init=False)"), "not set or compared"),
        (coil().replace("class Coil:", "class Coil(Base):").replace("@dataclasses", "class Base:\n    pass\n\n\n@dataclasses", 1), "bases"),
        (coil() + "seen = {coil.dt: 1}\n", "as a number of Python's"),
    ],
)  # fmt: skip
def test_a_static_dataclass_that_must_stay_one(tmp_path, code, said):
    tried = of(tmp_path, "varying-static", code)
    assert not tried.changes and any(said in one.text for one in tried.refused), tried.refused


GROWN = """
def grown(y, rate, minutes):
    return jax.lax.fori_loop(0, {bound}, lambda _, y: y + 0.01 * rate * y, y)


@functools.partial(jax.jit, static_argnames=("minutes",))
def grow(y, rate, minutes):
    return grown(y, rate, minutes)


for k in range(2, 6):
    print(grow(jnp.ones(3), 0.5, minutes=3 * k).sum())
"""
SLOPE = "import jax\nimport jax.numpy as jnp\nfrom main import grow\n\n\ndef last(rate):\n    return grow(jnp.ones(3), rate, minutes=9).sum()\n\n\n"


def grown(bound="minutes"):
    return "import functools\nimport jax\nimport jax.numpy as jnp\n" + GROWN.replace("{bound}", bound)


@pytest.mark.parametrize("more", ["", SLOPE + "print(jax.jacfwd(last)(0.5))\n"])
def test_the_turns_of_a_loop_are_traced(tmp_path, more):
    tried = of(tmp_path, "varying-static", {"main.py": grown(), "slope.py": more or "pass\n"})
    assert tried.changes


def test_a_loop_stays_what_a_gradient_can_go_back_through(tmp_path):
    tried = of(tmp_path, "varying-static", {"main.py": grown(), "slope.py": SLOPE + "print(jax.grad(last)(0.5))\n"})
    assert not tried.changes
    assert any("slope.py:10 takes a gradient through it (`grad`)" in one.text for one in tried.refused), tried.refused
