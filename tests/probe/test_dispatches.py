"""Loops outside jit, as a run sees them: how many small programs, from which call, through which functions."""

import linecache
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

jax = pytest.importorskip("jax")

from jaxaudit_probe import call_paths, dispatches  # noqa: E402
from probe.listening import Listener, listening  # noqa: E402


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as listener:
        yield listener


def ran(listener: Listener, tmp_path: Path, code: str) -> list[dict[str, Any]]:
    """The loops that the last totals tell of a program."""
    path = tmp_path / "main.py"
    path.write_text("import jax\nimport jax.numpy as jnp\n" + dedent(code))
    linecache.checkcache(str(path))
    exec(compile(path.read_text(), str(path), "exec"), {"__name__": "main"})
    rows = {row["line"]: row for row in listener.told("dispatches") if row["path"] == str(path)}
    return [row for row in rows.values() if row["count"]]


def test_a_step_in_a_loop(listener: Listener, tmp_path: Path) -> None:
    (row,) = ran(
        listener,
        tmp_path,
        """
        def force(x):
            return -jnp.sin(x) * jnp.exp(-x * x)

        def step(x):
            return x + 0.1 * force(x) + 0.01 * jnp.cos(x)

        def main():
            x = jnp.zeros(3)
            for _ in range(200):
                x = step(x)
        main()
        """,
    )
    (call,) = row["calls"]
    assert (call["line"], row["line"], row["function"]) == (13, 12, "main")
    assert (call["text"], call["share"]) == ("step(x)", 1.0)
    inner = max(call["runs"]["calls"], key=lambda one: len(one.get("runs", ())))
    assert (call["runs"]["function"], inner["text"], inner["runs"]["function"]) == ("step", "force(x)", "force")
    assert 800 < row["count"] < 4000, "ten operations a turn"
    assert 50 < row["turns"] < 800
    assert {"sin", "exp", "multiply", "cos", "add"} & set(row["operations"])


def test_calls_of_one_turn_are_told_by_their_share(listener: Listener, tmp_path: Path) -> None:
    (row,) = ran(
        listener,
        tmp_path,
        """
        x = jnp.ones(3)
        for _ in range(300):
            y = jnp.linalg.norm(x)
            x = (lambda v: jnp.sin(v) + jnp.cos(v) + jnp.tanh(v))(x) / y * y
        """,
    )
    assert row["calls"][0]["text"].startswith("(lambda v:")
    assert row["calls"][0]["share"] > 0.5 > row["calls"][1]["share"]
    assert {one["text"] for one in row["calls"]} >= {"jnp.linalg.norm(x)", ""}, "operators are told without a call"


@pytest.mark.parametrize("inner, loop", [(3, 3), (100, 4)])
def test_a_short_inner_loop_belongs_to_the_turn_of_the_outer(
    listener: Listener, tmp_path: Path, inner: int, loop: int
) -> None:
    (row,) = ran(
        listener,
        tmp_path,
        f"""for _ in range({3000 // inner}):
            for k in range({inner}):
                x = jnp.sin(jnp.cos(jnp.ones(2)))
            x = jnp.exp(jnp.tanh(x))
        """,
    )
    assert row["line"] == loop


def test_a_jitted_step_and_a_few_operations_are_not_told(listener: Listener, tmp_path: Path) -> None:
    assert not listener.told("dispatches")
    assert not any(
        row["count"] >= dispatches.LEAST
        for row in ran(
            listener,
            tmp_path,
            """
            step = jax.jit(lambda x: jnp.sin(x) + jnp.cos(x) + jnp.tanh(x))
            x = jnp.zeros(3)
            for i in range(2000):
                x = step(x)
                if i % 100 == 0:
                    jnp.sum(x)
            """,
        )
    )


def test_loops_are_known_by_their_heads() -> None:
    def turns(n: int) -> int:
        while n < 100:
            while n % 7:
                n += 1
            n += 2
        while True:
            n += 1
            if n > 200:
                break
        for _ in range(3):
            if n % 2:
                continue
            n += len("a")
        for _ in range(3):
            n += 1
            if n % 5 == 0:
                print(n)
        return n

    code = turns.__code__
    inner = {
        call_paths.line_of(code, offset): tuple(call_paths.heads_around(code, offset)) for offset in range(0, 400, 2)
    }
    first = code.co_firstlineno
    at = {line - first: tuple(head - first for head in heads) for line, heads in inner.items()}
    assert (at[3], at[4], at[6], at[11], at[14]) == ((2, 1), (1,), (5,), (9,), (13,))


def test_what_came_while_nobody_looked_is_as_much_as_before_and_after() -> None:
    seen = dispatches.Dispatches()
    frames = ((test_a_step_in_a_loop.__code__, 0),)
    seen.ways[frames, "sin"] = way = dispatches.Sampled("sin")
    way.recent = 100.0
    seen.settle(1.0, 0.0)
    way.recent = 25.0  # half as often as before
    assert seen.counts(0.5, 2.0, 0.0)[way] == 100 + 25 + 2 * (100 + 50) / 2
    seen.settle(0.5, 2.0)
    assert seen.counts(1.0, 0.0, 0.25)[way] == 275 + 50 * 0.25


def test_what_waits_for_a_jitted_step_is_not_the_small_programs_time(listener: Listener, tmp_path: Path) -> None:
    (row,) = ran(
        listener,
        tmp_path,
        """
        step = jax.jit(lambda x: jax.lax.fori_loop(0, 12, lambda _, y: jnp.tanh(y @ y * 0.01), x))
        x, total = jnp.ones((300, 300)), jnp.zeros(())
        began = __import__("time").perf_counter()
        for i in range(150):
            x = step(x)
            total = jnp.sqrt(jnp.abs(total + jnp.mean(x) * 0.5)) + 1.0
        total.block_until_ready()
        took = __import__("time").perf_counter() - began
        """,
    )
    assert row["count"] > 600
    assert row["seconds"] < 0.5 * row["count"] * 1e-3, "less than half a millisecond each, whatever the steps take"


def test_a_loop_over_layers_belongs_to_who_calls_the_model(listener: Listener, tmp_path: Path) -> None:
    pytest.importorskip("flax")
    (row,) = ran(
        listener,
        tmp_path,
        """
        import flax.linen as nn

        class Net(nn.Module):
            @nn.compact
            def __call__(self, x):
                for k in range(30):
                    x = x + 0.1 * jnp.tanh(nn.Dense(2)(x))
                return x

        def main():
            net, x = Net(), jnp.ones(2)
            params = net.init(jax.random.key(0), x)
            for _ in range(20):
                x = net.apply(params, x)
        main()
        """,
    )
    assert [call["text"] for call in row["calls"]] == ["net.apply(params, x)"]


TRIES = {
    "behind a try": ("try:\n    f()\nexcept E:\n    g()\nhere()\n", []),
    "behind a with": ("with f():\n    g()\nhere()\n", []),
    "behind a try in a loop": ("for k in x:\n    try:\n        f()\n    except E:\n        g()\n    here()\n", [1]),
    "behind a loop whose handler goes on": ("for k in x:\n    try:\n        f()\n    except E:\n        continue\nhere()\n", []),
    "tried again": ("while True:\n    try:\n        here()\n        break\n    except E:\n        g()\n", [1]),
    "a loop behind a handler within a handler": (
        "try:\n    f()\nexcept E:\n    try:\n        g()\n    except F:\n        pass\nfor k in x:\n    here()\n", [8],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "heads"), TRIES.values(), ids=TRIES)
@pytest.mark.parametrize("within", [False, True], ids=["module", "function"])
def test_a_jump_back_from_a_handler_is_no_loop(text: str, heads: list[int], within: bool) -> None:
    import dis

    source = "def run(x):\n" + "".join(f"    {line}\n" for line in text.splitlines()) if within else text
    code = compile(source, "main.py", "exec")
    if within:
        code = next(one for one in code.co_consts if hasattr(one, "co_code"))
    line = source[: source.index("here")].count("\n") + 1
    offsets = [one.offset for one in dis.get_instructions(code) if one.positions and one.positions.lineno == line]
    found = {tuple(call_paths.heads_around(code, offset)) for offset in offsets}
    assert {len(one) for one in found} == {len(heads)}
    if "while True" not in text:  # that line may have no instruction of its own
        assert found == {tuple(head + within for head in heads)}


def test_a_loop_that_comes_after_very_many_ways(
    listener: Listener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a long session, or one of many tests, what comes late is told as well."""
    monkeypatch.setattr(dispatches, "MOST_WAYS", 14)
    turn = "    x = jnp.sin(x) * jnp.exp(-x) + jnp.cos(x)\n"
    code = "x = jnp.ones(3)\n" + "".join(f"for n in range(900):\n{turn}" for _ in range(4))
    rows = ran(listener, tmp_path, code)
    assert max(row["line"] for row in rows) == 4 + 2 * 3


def test_a_listener_that_comes_later_is_told_of_later_loops_alone():
    import jax.numpy as jnp

    import jaxaudit

    def first(x):
        for _ in range(1500):
            x = jnp.sin(x)
        return x

    def second(x):
        for _ in range(1500):
            x = jnp.cos(x)
        return x

    def loops(evidence):
        return {call.at.function.rpartition(".")[2] for one in evidence.loops for call in one.calls}

    with jaxaudit.observe() as early:
        first(jnp.ones(3))
    with jaxaudit.observe() as late:
        second(jnp.ones(3))
    with jaxaudit.observe() as again:
        first(jnp.ones(3))
    assert loops(early.evidence) == {"first"}
    assert loops(late.evidence) == {"second"}
    assert loops(again.evidence) == {"first"}
