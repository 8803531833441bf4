"""What following a body keeps: one object for one thing, branches that exclude, names that loops carry."""

from jaxaudit.source import values as v
from programs import bound, function, program_of


def paths_exclude(first: v.Path, second: v.Path) -> bool:
    arms = dict(first)
    return any(arms.get(branch, arm) != arm for branch, arm in second)


def test_reading_a_name_twice_gives_one_object() -> None:
    program = program_of("""
        def f(key):
            a = jax.random.normal(key)
            b = jax.random.normal(key)
            key, other = jax.random.split(key)
            return jax.random.normal(key)
        """)
    first, second, split, last = function(program, "f").flow.calls
    assert first.args[0] is second.args[0] is split.args[0]
    assert last.args[0] is not split.args[0]


def test_arms_of_a_branch_exclude_each_other_also_after_an_early_return() -> None:
    program = program_of("""
        def f(x, flag):
            if flag:
                return jnp.sin(x)
            return jnp.cos(x)
        """)
    sin, cos = function(program, "f").flow.calls
    assert paths_exclude(sin.path, cos.path)


def test_what_follows_a_branch_without_a_return_excludes_nothing() -> None:
    program = program_of("""
        def f(x, flag):
            if flag:
                x = jnp.sin(x)
            return jnp.cos(x)
        """)
    sin, cos = function(program, "f").flow.calls
    assert not paths_exclude(sin.path, cos.path)
    assert isinstance(cos.args[0], v.Phi)


def test_a_loop_carries_what_it_rebinds() -> None:
    program = program_of("""
        def f(x):
            total = jnp.zeros(3)
            for i in range(4):
                total = total + x
            return total
        """)
    flow = function(program, "f").flow
    (returned,) = flow.returns
    assert isinstance(returned.value, v.Left)
    carried = returned.value.carried
    assert isinstance(carried.before, v.Call)
    assert isinstance(carried.after, v.Op)
    assert carried.after.operands[0] is carried


def test_unpacking_a_written_tuple_gives_its_items() -> None:
    program = program_of("a, (b, *c) = 1, (jnp.ones(2), 3, 4)")
    assert isinstance(bound(program, "a"), v.Const)
    assert isinstance(bound(program, "b"), v.Call)


def test_an_enclosing_name_is_free_and_knows_all_its_values() -> None:
    program = program_of("""
        def outer(flag):
            size = 3
            if flag:
                size = 4
            def inner(x):
                return x * size
            return inner
        """)
    flow = function(program, "outer.inner").flow
    free = flow.frees["size"]
    assert isinstance(free, v.Free)
    assert {value.value for value in free.values() if isinstance(value, v.Const)} == {3, 4}


def test_deep_nesting_is_followed_or_named_never_a_crash() -> None:
    program = program_of("x = " + "+".join(["1"] * 900), head=False)
    assert isinstance(bound(program, "x"), v.Op)


def test_of_overloads_only_the_definition_that_runs_is_bound() -> None:
    program = program_of(
        """
        from typing import overload

        @overload
        def f(x: int) -> int: ...
        @overload
        def f(x: str) -> str: ...
        def f(x):
            return x
        """
    )
    [value] = next(iter(program.by_path.values())).flow.bindings["f"]
    assert value.function.flow.returns
