"""Wrappers built in functions that run again and again."""

import pytest

from rules.programs_of_rules import found, lines

FAULTS = {
    "decorated nested def": ("""
        def solve(rates):
            @jax.jit
            def run(y):
                return rates * y
            return run(1.0)
        for k in range(9):
            z = solve(jnp.float32(k))
        """, 3),
    "method, called through another function": ("""
        class Optimiser:
            def step(self, w):
                return w - jax.jit(jax.grad(jnp.sum))(w)
        def advance(optimiser, w):
            return optimiser.step(w)
        def main():
            optimiser = Optimiser()
            w = jnp.ones(3)
            while w.sum() > 0:
                w = advance(optimiser, w)
        """, 4),
    "partial": ("""
        def residual(x, w):
            return w - x
        def evaluate(w, x):
            return jax.jit(partial(residual, x))(w)
        zs = [evaluate(1.0, x) for x in jnp.ones(9)]
        """, 5),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_it_names_the_wrapper(name):
    code, line = FAULTS[name]
    assert lines(found("jit-per-call", code, at_least=0.8)) == [line]


ALLOWED = {
    "main": "def main():\n    return jax.jit(lambda x: x)(1.0)\nmain()\n",
    "init": "class A:\n    def __init__(self):\n        self.f = jax.jit(self.g)\n    def g(self, x):\n        return x\n",
    "cached": """
        @functools.lru_cache
        def make(n):
            f = jax.jit(lambda x: x)
            return f(1.0)
        for n in range(9):
            make(n)
        """,
    "kept behind a test": """
        class A:
            def __init__(self):
                self._f = None
            def f(self, x):
                if self._f is None:
                    self._f = jax.jit(lambda x: x)
                return self._f(x)
        a = A()
        for _ in range(9):
            a.f(1.0)
        """,
    "module-level function": "def g(x):\n    return x\ndef f(x):\n    return jax.jit(g)(x)\nfor _ in range(9):\n    f(1.0)\n",
    "module-level lambda": "g = lambda x: x\ndef f(x):\n    return jax.jit(g)(x)\nfor _ in range(9):\n    f(1.0)\n",
}


@pytest.mark.parametrize("name", ALLOWED)
def test_it_is_silent(name):
    assert not [one.message for one in found("jit-per-call", ALLOWED[name])]


def test_a_bench_of_functions_is_a_suspicion():
    [one] = found(
        "jit-per-call",
        """
        def timed(fn, args):
            @jax.jit
            def run(*args):
                return fn(*args)
            return run(*args)
        def compare(cases):
            for case in cases:
                timed(*case)
        """,
    )
    assert one.confidence < 0.8
    assert "`fn`" in one.message


def test_a_call_that_depends_below_a_loop_further_up_is_a_suspicion():
    [one] = found(
        "jit-per-call",
        """
        def fit(y):
            return jax.jit(lambda p: p * y)(1.0)
        def both(y, start=None):
            if start is None:
                start = fit(y)
            return start + y
        for k in range(9):
            both(k, start=1.0)
        """,
    )
    assert one.confidence < 0.8
    assert one.notes[0].text == "called here; the loop in line 15 leads to it"


def test_a_function_that_nobody_calls_here_is_a_suspicion():
    [one] = found("jit-per-call", "def f(x, a):\n    return jax.jit(lambda x: a * x)(x)\n")
    assert one.confidence < 0.6


def test_an_object_for_each_turn_may_need_a_program_of_its_own():
    source = """
        class Case:
            def __init__(self, setup):
                self.setup = setup
            def start(self, x):
                return jax.jit(lambda y: self.setup * y)(x)
        for setup in load():
            case = Case(setup)
            case.start(jnp.ones(3))
        """
    assert not [one for one in found("jit-per-call", source) if one.confidence >= 0.8]


def test_a_loop_in_another_file_is_said_with_its_file():
    [one] = found(
        "jit-per-call",
        {
            "project/denoise.py": """
                import jax
                def denoise(x):
                    return jax.jit(lambda y: 2 * y)(x)
                """,
            "project/main.py": """
                from project.denoise import denoise
                for level in range(9):
                    x = denoise(1.0)
                """,
            "project/__init__.py": "",
        },
    )
    assert "which runs again and again (the loop in project/main.py:3)" in one.message
