"""`trace-time-effect` in programs that really ran: what was done while tracing, and not in the calls after it."""

import pytest

from rules.really_run import findings_of, said

HEAD = "import random\nimport time\nfrom time import perf_counter\nimport jax\nimport jax.numpy as jnp\nimport numpy as np\nx = jnp.ones(3)\n"
FAULTY = {
    "a_counter": "class Trainer:\n    def __init__(self):\n        self.steps = 0\n        self.loss = jax.jit(self._loss)\n"
    "    def _loss(self, x):\n        self.steps += 1  # here\n        return x.sum() / self.steps\n\nt = Trainer()\nfor _ in range(4):\n    t.loss(x)\n",
    "a_global": "count = 0\n\n@jax.jit\ndef f(x):\n    global count\n    count += 1  # here\n    return 2 * x\n\nf(x)\nf(x)\n",
    "nonlocal": "def run(x):\n    turn = 0\n    def f(x):\n        nonlocal turn\n        turn = turn + 1  # here\n        return 2 * x\n"
    "    g = jax.jit(f)\n    return g(g(x))\n\nrun(x)\n",
    "kept": "history = []\n\n@jax.jit\ndef f(x):\n    history.append(x)  # here\n    return 2 * x\n\nf(x)\nf(x)\n",
    "kept_in_a_body": "history = []\n\n@jax.jit\ndef f(x):\n    def body(x, _):\n        history.append(x)  # here\n        return 0.5 * x, None\n"
    "    return jax.lax.scan(body, x, None, length=5)[0]\n\nf(x)\nf(x)\n",
    "kept_in_a_dict": "class Net:\n    def __init__(self):\n        self.seen = {}\n    def __call__(self, x):\n        h = jnp.tanh(x)\n"
    "        self.seen['h'] = h  # here\n        return h * 2\n\nnet = Net()\nfast = jax.jit(net.__call__)\nfast(x)\nfast(x)\n",
    "numpy_draws": "@jax.jit\ndef noisy(x):\n    return x + np.random.normal(size=3)  # here\n\nnoisy(x)\nnoisy(x)\n",
    "own_generator": "rng = np.random.default_rng(0)\n\ndef jitter(x):\n    return x * rng.uniform(0.9, 1.1)  # here\n\n"
    "f = jax.jit(lambda x: jitter(x) + 1)\nf(x)\nf(x)\n",
    "pythons_draws": "@jax.jit\ndef drop(x):\n    return x * random.random()  # here\n\ndrop(x)\ndrop(x)\n",
    "the_clock": "@jax.jit\ndef timed(x):\n    began = perf_counter()  # here\n    return x * began\n\ntimed(x)\ntimed(x)\n",
}
FINE = {
    "traces_counted": "n_traces = 0\n\n@jax.jit\ndef f(x):\n    global n_traces\n    n_traces += 1\n    return 2 * x\n\nf(x)\nf(x)\n",
    "called_once": "count = 0\n\n@jax.jit\ndef f(x):\n    global count\n    count += 1\n    return x * np.random.normal()\n\nf(x)\n",
    "inside": "@jax.jit\ndef f(x):\n    parts, table = [], {}\n    for k in range(3):\n        parts.append(k * x)\n        table[k] = x\n"
    "    return jnp.stack(parts) + table[0]\n\nf(x)\nf(x)\n",
    "own_object": "class Cell:\n    def __init__(self, x):\n        self.x = x\n    def double(self):\n        self.x = 2 * self.x\n"
    "        return self.x\n\n@jax.jit\ndef f(x):\n    return Cell(x).double()\n\nf(x)\nf(x)\n",
    "outside": "count = 0\nf = jax.jit(lambda x: 2 * x)\nfor _ in range(3):\n    count += 1\n    f(x * np.random.normal() * time.time())\n",
    "a_callback": "history = []\n\n@jax.jit\ndef f(x):\n    jax.debug.callback(lambda v: history.append(v), x)\n    return 2 * x\n\nf(x)\nf(x)\n",
    "put_back": "depth = 0\n\n@jax.jit\ndef f(x):\n    global depth\n    depth += 1\n    y = 2 * x\n    depth -= 1\n    return y\n\nf(x)\nf(x)\n",
    "another_branch": "@jax.jit\ndef f(x, noise=None):\n    if noise is not None:\n        return x * np.random.normal() * time.time()\n"
    "    return 2 * x\n\nf(x)\nf(x)\n",
    "jax_random": "key = jax.random.key(0)\n\n@jax.jit\ndef f(key, x):\n    return x + jax.random.normal(key, (3,))\n\nf(key, x)\nf(key, x)\n",
}
UNSURE = {
    "a_memo": "made = {}\n\n@jax.jit\ndef f(x):\n    if 'table' not in made:\n        made['table'] = np.arange(3.0)\n    return x + made['table']\n\nf(x)\nf(x)\n",
    "printed": "@jax.jit\ndef f(x):\n    print('x is', x)\n    return 2 * x\n\nf(x)\nf(x)\n",
}
ALL = {name: HEAD + text for group in (FAULTY, FINE, UNSURE) for name, text in group.items()}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return findings_of(tmp_path_factory.mktemp("run"), ("trace-time-effect",), ALL)


@pytest.mark.parametrize("name", FAULTY)
def test_an_effect_of_the_trace_alone(found, name):
    (one,) = found[name]
    assert ALL[name].splitlines()[one.place.line - 1].endswith("# here"), said(found[name])
    assert one.certain
    assert "not in the others" in one.message


@pytest.mark.parametrize("name", FINE)
def test_what_is_fine_is_not_named(found, name):
    assert not found[name], said(found[name])


@pytest.mark.parametrize("name", UNSURE)
def test_what_may_be_meant_is_a_suspicion(found, name):
    assert all(not one.certain for one in found[name]), said(found[name])


def test_the_message_has_both_values_and_the_calls(found):
    (one,) = found["a_counter"]
    assert (
        "`Trainer._loss` changed `self.steps` from 0 to 1 while it was traced, a side effect: once in 4 calls"
        in one.message
    )
