"""Wrappers built in loops, by the spellings that people use."""

import pytest

from rules.programs_of_rules import found, lines

FAULTS = {
    "gradient at once": ("def f(w):\n    return w.sum()\nfor _ in range(9):\n    g = jax.jit(jax.grad(f))(jnp.ones(3))\n", 4),
    "alias of jit": ("from jax import jit as J\nx = 1.0\nwhile x < 9:\n    x = J(lambda x: x + 1)(x)\n", 4),
    "pmap of a lambda": ("for _ in range(9):\n    y = jax.pmap(lambda x: x)(jnp.ones((1, 2)))\n", 2),
    "nnx.jit of a module's function": (
        "from flax import nnx\ndef f(x):\n    return x\nfor _ in range(9):\n    y = nnx.jit(f)(1.0)\n", 5),
    "comprehension": ("ys = [jax.jit(lambda x: 2 * x)(x) for x in jnp.ones((4, 5))]\n", 1),
    "def at module level, in the loop": ("""
        for k in range(3):
            @jax.jit
            def step(x):
                return x + 1
            y = step(1.0)
        """, 3),
    "closure over the batch": ("""
        def train(params, data):
            for x, y in data:
                def loss(p):
                    return jnp.mean((p * x - y) ** 2)
                grads = jax.jit(jax.grad(loss))(params)
                params = params - 0.1 * grads
            return params
        """, 6),
    "bound method": ("""
        class Model:
            def step(self, x):
                return x
            def run(self, x):
                for _ in range(9):
                    x = jax.jit(self.step)(x)
                return x
        """, 7),
    "factory of a nested def": ("""
        def make_step(opt):
            @jax.jit
            def step(p, x):
                return p - x
            return step
        def main(p):
            for epoch in range(10):
                step = make_step(None)
                for i in range(5):
                    p = step(p, 1.0)
        """, 9),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_it_names_the_line_where_the_wrapper_is_built(name):
    code, line = FAULTS[name]
    assert lines(found("jit-in-loop", code, at_least=0.8)) == [line]


ALLOWED = {
    "the same function": "def f(x):\n    return x\nfor _ in range(9):\n    y = jax.jit(f)(1.0)\n",
    "compiled ahead of time": "for n in (1, 2):\n    c = jax.jit(lambda x: x).lower(jnp.ones(n)).compile()\n",
    "a table of functions": "fs = {}\nfor n in range(3):\n    fs[n] = jax.jit(lambda x: x * n)\n",
    "before the loop": "f = jax.jit(lambda x: x)\nfor _ in range(9):\n    y = f(1.0)\n",
    "a nested def made before the loop": """
        def main():
            def f(x):
                return x
            g = jax.grad(f)
            for _ in range(9):
                y = jax.jit(f)(1.0) + jax.jit(g)(1.0)
        main()
        """,
    "one turn": "for _ in range(1):\n    y = jax.jit(lambda x: x)(1.0)\n",
    "inside a trace": """
        @jax.jit
        def f(x):
            for _ in range(3):
                x = jax.jit(lambda x: x + 1)(x)
            return x
        """,
}


@pytest.mark.parametrize("name", ALLOWED)
def test_it_is_silent(name):
    assert not [one.message for one in found("jit-in-loop", ALLOWED[name])]


def test_a_tuning_loop_is_a_suspicion():
    [one] = found(
        "jit-in-loop",
        """
        import optax

        def loss(p, x):
            return jnp.sum((p - x) ** 2)

        for rate in (0.1, 0.01):
            opt = optax.adam(rate)
            @jax.jit
            def step(p, s, x):
                u, s = opt.update(jax.grad(loss)(p, x), s)
                return p + u, s
            p, s = step(jnp.zeros(3), opt.init(jnp.zeros(3)), 1.0)
        """,
    )
    assert one.confidence < 0.8
    assert "`opt`" in one.message


OF_THEIR_OWN = {
    "a list whose entries are written out": """
        def make_sum(offsets):
            def total(x):
                for k in offsets:
                    x = x + k
                return x
            return total
        for offsets in [[0], [-1], [-1, 0, 1]]:
            y = jax.jit(jax.vmap(make_sum(offsets)))(jnp.ones(8))
        """,
    "a mesh": """
        from functools import partial
        import numpy as np
        from jax.sharding import Mesh
        def make(mesh):
            @jax.jit
            def run(x):
                @partial(jax.shard_map, mesh=mesh, in_specs=None, out_specs=None)
                def inner(shard):
                    return 2 * shard
                return inner(x)
            return run
        first = Mesh(np.array(jax.devices()[:1]), ("i",))
        second = Mesh(np.array(jax.devices()[:2]), ("i",))
        for n, mesh in [(1, first), (2, second)]:
            y = make(mesh)(jnp.ones(8))
        """,
}


@pytest.mark.parametrize("name", OF_THEIR_OWN)
def test_turns_that_need_a_program_each_are_a_suspicion(name):
    assert not found("jit-in-loop", OF_THEIR_OWN[name], at_least=0.8)
    [one] = found("jit-in-loop", OF_THEIR_OWN[name])
    assert "may need a program of its own" in one.message


def test_a_factory_of_another_module():
    [one] = found(
        "jit-in-loop",
        {
            "project/steps.py": "import jax\ndef make(rate):\n    return jax.jit(lambda w: w - rate)\n",
            "project/main.py": "from project.steps import make\nw = 1.0\nfor _ in range(9):\n    w = make(0.1)(w)\n",
            "project/__init__.py": "",
        },
    )
    assert (one.place.path, one.place.line) == ("project/main.py", 4)
    assert [note.place.path for note in one.notes][-1] == "project/steps.py"


def test_a_wrapper_called_by_the_function_that_gets_it():
    [one] = found(
        "jit-in-loop",
        """
        def minimise(fun, x, *args):
            return x - fun(x, *args)
        def outer(fun, x):
            return minimise(fun, x)
        def loss(mu, x):
            return (x - mu) ** 2
        def scan(grid):
            for mu in grid:
                slope = jax.jit(jax.grad(partial(loss, mu)))
                print(outer(slope, 0.0))
        """,
    )
    assert one.confidence >= 0.8


def test_a_wrapper_that_is_only_kept_by_the_function_that_gets_it():
    [one] = found(
        "jit-in-loop",
        """
        def register(table, name, fun):
            table[name] = fun
        def scan(loss, grid, table):
            for mu in grid:
                register(table, mu, jax.jit(jax.grad(partial(loss, mu))))
        """,
    )
    assert one.confidence < 0.8


def test_a_factory_of_a_file_that_was_only_read(tmp_path):
    from jaxaudit.rules import load_rules
    from jaxaudit.source.reading import read_program

    (tmp_path / "steps.py").write_text(
        "import jax\ndef make_step():\n    @jax.jit\n    def step(x):\n        return x + 1\n    return step\n"
    )
    main = tmp_path / "main.py"
    main.write_text(
        "from steps import make_step\nfor epoch in range(20):\n    step = make_step()\n    print(step(epoch))\n"
    )
    [one] = load_rules()["jit-in-loop"].match(read_program([str(main)]))
    assert (one.place.path, one.place.line) == (str(main), 3)


MEASURED = {
    "a default of each turn": """
        import time
        def run(x, limit):
            return x / limit
        for limit in (1.0, 2.0):
            f = jax.jit(lambda x, limit=limit: run(x, limit))
            start = time.perf_counter()
            f(jnp.ones(3))
            print(time.perf_counter() - start)
        """,
    "a builder of candidates": """
        import time
        def tune(x, candidates):
            def build(candidate):
                rows = np.zeros((candidate, 3))
                return jax.jit(lambda x: x + rows)
            for candidate in candidates:
                f = build(candidate)
                start = time.perf_counter()
                f(x).block_until_ready()
                print(time.perf_counter() - start)
        """,
}


@pytest.mark.parametrize("name", MEASURED)
def test_candidates_that_are_timed_are_a_suspicion(name):
    assert [one.confidence for one in found("jit-in-loop", MEASURED[name]) if one.confidence >= 0.8] == []
