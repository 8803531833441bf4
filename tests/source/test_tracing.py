"""Which functions run under a trace, and which values are tracers there."""

import pytest

from jaxaudit.source.program import Program
from programs import function, program_of


def tracer_parameters(program: Program, name: str) -> set[str]:
    found = function(program, name)
    return {p.name for p in found.all_parameters if program.tracing.param(found, p.name) is not None}


def test_static_parameters_are_no_tracers_and_the_others_are() -> None:
    program = program_of("""
        @functools.partial(jax.jit, static_argnames=("n",), static_argnums=1)
        def f(x, mode, n):
            return helper(x, n)

        def helper(y, m):
            return y * m
        """)
    assert tracer_parameters(program, "f") == {"x"}
    assert tracer_parameters(program, "helper") == {"y"}


def test_bodies_of_loops_and_branches_get_tracers() -> None:
    program = program_of("""
        def run(x):
            def body(carry, row):
                return carry + row, None
            return lax.scan(body, jnp.zeros(()), x)[0]
        """)
    assert tracer_parameters(program, "run.body") == {"carry", "row"}
    assert program.tracing.context(function(program, "run")) is None


def test_vmap_maps_only_the_given_axes_and_grad_only_its_argnums() -> None:
    program = program_of("""
        def f(x, n):
            return x * n
        def g(x, n):
            return x * n
        jax.vmap(f, in_axes=(0, None))(jnp.ones(3), 2)
        jax.grad(g, argnums=1)(1.0, 2.0)
        """)
    assert tracer_parameters(program, "f") == {"x"}
    assert tracer_parameters(program, "g") == {"n"}


def test_shapes_and_tests_for_none_are_no_tracers() -> None:
    program = program_of("""
        @jax.jit
        def f(x, y=None):
            n = x.shape[0]
            missing = y is None
            value = x.sum()
            return value
        """)
    flow = function(program, "f").flow
    assert program.tracing.tracer(flow.bindings["n"][-1]) is None
    assert program.tracing.tracer(flow.bindings["missing"][-1]) is None
    assert program.tracing.tracer(flow.bindings["value"][-1]) is not None


def test_a_function_called_under_grad_inside_jit_is_hidden_by_the_jit() -> None:
    program = program_of("""
        def logits(p, x):
            return p * x
        @jax.jit
        def step(p, x):
            def loss(p):
                return logits(p, x).sum()
            return jax.grad(loss)(p)
        """)
    context = program.tracing.context(function(program, "logits"), abstract=True)
    assert context is not None
    assert context.kind == "jit"


@pytest.mark.parametrize("call", ["jax.pure_callback(f, x, x)", "jax.debug.callback(f, x)"])
def test_callbacks_run_on_the_host(call: str) -> None:
    program = program_of(f"""
        def f(x):
            return x
        @jax.jit
        def step(x):
            return {call}
        """)
    assert program.tracing.context(function(program, "f")) is None


def test_the_keys_of_a_dict_are_no_tracers_and_its_values_are() -> None:
    program = program_of("""
        @jax.jit
        def step(params):
            for name in params.keys():
                told(name)
            for name, value in params.items():
                shown(name, value)

        def told(n):
            return n

        def shown(m, w):
            return w
        """)
    assert tracer_parameters(program, "told") == set()
    assert tracer_parameters(program, "shown") == {"w"}


def test_a_method_that_apply_is_asked_for_is_traced_and_not_call() -> None:
    program = program_of("""
        import flax.linen as nn

        class Net(nn.Module):
            def __call__(self, x, train):
                return x
            def embed(self, y):
                return y

        model = Net()
        embed = jax.jit(functools.partial(model.apply, variables, method=model.embed))
        embed(jnp.ones(3))
        """)
    assert tracer_parameters(program, "Net.embed") == {"y"}
    assert tracer_parameters(program, "Net.__call__") == set()
