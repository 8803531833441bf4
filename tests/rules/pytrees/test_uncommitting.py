"""`device_put` that commits arrays to the device where they would lie anyway, in some calls only."""

import pytest

from rules.proposed_changes import compiles, done, of

RULE = "unstable-structure"
KEEPER = """
import numpy as np


class Keeper:
    def __init__(self, device):
        self.device = device
        self.kept = None

    def save(self, state):
        self.kept = jax.device_get(state)

    def restore(self):
        return jax.device_put(self.kept, {device})


@jax.jit
def step(state, x):
    return state + x.mean()


def train(seed):
    keeper = Keeper({made})
    state = jnp.zeros(3)
    for turn in range(6):
        if turn % 3 == 0:
            keeper.save(state)
        state = step(state, jnp.full(4, 1.0 + turn))
        if turn == 2:
            state = keeper.restore()
    return state


print(train(0).sum().round(3))
"""


@pytest.mark.parametrize(
    ("device", "made"), [("self.device", "jax.devices()[0]"), ("device=jax.local_devices()[0]", "None")]
)
def test_the_device_is_left_out(tmp_path, device, made):
    tried = of(tmp_path, RULE, KEEPER.replace("{device}", device).replace("{made}", made))
    assert compiles(tried.evidence, "step") == 2
    lines, evidence = done(tmp_path, tried)
    assert lines == ["        return jax.device_put(self.kept)"]
    assert compiles(evidence, "step") == 1


@pytest.mark.parametrize(
    ("device", "made", "reason"),
    [
        ("self.device", "jax.devices()[-1]", "may be another device"),
        ("self.device", "jax.devices('cpu')[0]", "may be another device"),
        ("jax.sharding.SingleDeviceSharding(self.device)", "jax.devices()[0]", "may be another device"),
        ("self.device, donate=False", "jax.devices()[0]", "more than an array and a device"),
    ],
)
def test_left_where_it_may_matter(tmp_path, device, made, reason):
    tried = of(tmp_path, RULE, KEEPER.replace("{device}", device).replace("{made}", made))
    assert not tried.changes
    assert reason in tried.refused[0].text


def test_not_where_the_default_device_may_be_another(tmp_path):
    main = KEEPER.replace("{device}", "self.device").replace("{made}", "jax.devices()[0]")
    other = "import jax\n\nwith jax.default_device(jax.devices('cpu')[0]):\n    import main\n"
    tried = of(tmp_path, RULE, {"main.py": "import jax\nimport jax.numpy as jnp\n" + main, "on_cpu.py": other})
    assert not tried.changes
    assert "on_cpu.py names another default device" in tried.refused[0].text


def test_the_finding_names_the_line_that_committed(tmp_path):
    tried = of(tmp_path, RULE, KEEPER.replace("{device}", "self.device").replace("{made}", "jax.devices()[0]"))
    notes = [note for one in tried.changes[0].findings for note in one.notes]
    assert any("`device_put` in this line put it there" in note.text for note in notes)
