"""Where a program waits for its device: the line, the loop, how often; and what is nobody's wait."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

jax = pytest.importorskip("jax")
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402

from jaxaudit_probe import hooks  # noqa: E402
from jaxaudit_probe import syncs as probe  # noqa: E402
from probe.listening import Listener, listening  # noqa: E402

NEWER = sys.version_info >= (3, 12)


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as listener:
        yield listener


def syncs(listener: Listener) -> dict[str, dict[str, Any]]:
    return {line["how"]: line for line in listener.told("sync")}


def line_of_this_call() -> int:
    return sys._getframe(1).f_lineno


def test_item_in_a_loop(listener: Listener) -> None:
    loss = jnp.ones(())
    total, at = 0.0, line_of_this_call()
    for turn in range(10):
        total += (loss + turn).item()
    told = syncs(listener)["item"]
    assert (told["path"], told["line"], told["count"]) == (__file__, at + 2, 10)
    assert told["function"].endswith("test_item_in_a_loop")
    assert told["loop"] and told["in_loop_of"] == {"path": __file__, "line": at + 1}
    assert set(syncs(listener)) == {"item"}


def test_a_function_that_is_called_in_a_loop(listener: Listener) -> None:
    def log(value: Any) -> float:
        return float(value)

    left = 5.0
    while left > 0:
        left = log(jnp.ones(()) * left) - 1
    told = syncs(listener)["float"]
    assert told["function"].endswith("log") and told["value"] == "value"
    assert not told["loop"] and told["in_loop_of"] is not None


def test_the_loop_that_calls_jitted_functions_is_the_one_that_waits(listener: Listener) -> None:
    step = jax.jit(lambda x: {"loss": (x * 2.0).sum(), "norm": x.sum()})

    def show(values: dict[str, Any]) -> str:
        return " ".join(f"{name} {float(value)}" for name, value in values.items())

    at = line_of_this_call()
    for turn in range(90):
        values = step(jnp.ones(3) * turn)
        if turn % 30 == 29:
            show(values)
    told = syncs(listener)["float"]
    assert (told["count"], told["in_loop_of"]) == (6, {"path": __file__, "line": at + 1})
    assert 85 <= told["calls"] <= 95


def test_of_two_loops_that_call_a_function_each_has_its_calls(listener: Listener) -> None:
    step = jax.jit(lambda x: x * 2.0)
    for _ in range(40):
        float(step(1.0))
    for _ in range(2000):
        step(1.0)
    told = syncs(listener)["float"]
    assert told["count"] == 40 and 32 <= told["calls"] <= 64


def test_ways_of_reading(listener: Listener) -> None:
    one = jnp.ones(())
    two = jnp.ones(2)
    bool(one + 1)
    int(one + 2)
    if one + 3 > 2:
        str(one + 4)
    (two + 1).tolist()
    jax.device_get(two + 2)
    (two + 3).block_until_ready()
    jax.block_until_ready([two + 4, two + 5])
    told = syncs(listener)
    assert set(told) == {"bool", "int", "print", "tolist", "device_get", "block_until_ready"}
    assert told["bool"]["count"] == 1 and not told["bool"]["loop"] and told["bool"]["in_loop_of"] is None
    assert told["tolist"]["bytes"] == 8 and told["tolist"]["value"] == "two + 1"


@pytest.mark.skipif(not NEWER, reason="NumPy reads an array's memory unseen before Python 3.12")
def test_numpy_reads(listener: Listener) -> None:
    for turn in range(3):
        np.asarray(jnp.ones(5) * turn)
    told = syncs(listener)["np.asarray"]
    assert told["count"] == 3 and told["bytes"] == 60 and told["loop"]


def test_whether_it_had_to_wait(listener: Listener) -> None:
    work = jax.jit(lambda x: jax.lax.fori_loop(0, 40, lambda _, power: power @ x, x).sum())
    x = jnp.ones((400, 400)) / 400
    float(work(x))
    slow = work(x)
    float(slow)
    ready = jnp.ones(())
    ready.block_until_ready()
    told = syncs(listener)
    assert told["float"]["count"] >= 1 and told["float"]["blocked"] >= 1
    assert told["float"]["seconds"] > 0


def test_what_jax_and_libraries_read_for_themselves(listener: Listener) -> None:
    table = jnp.arange(1000.0)

    @jax.jit
    def look(x: Any) -> Any:
        jax.debug.callback(lambda value: np.asarray(value).sum(), x)
        return x + table

    for _ in range(3):
        look(jnp.ones(1000))
    jax.effects_barrier()
    assert syncs(listener) == {}


def test_the_marker_of_filter_jit(listener: Listener) -> None:
    eqx = pytest.importorskip("equinox")

    @eqx.filter_jit
    def double(x: Any) -> Any:
        return x * 2

    for _ in range(3):
        double(jnp.ones(3))
    assert syncs(listener) == {}


def test_what_a_library_of_jax_programs_reads_is_its_own_affair(listener: Listener, tmp_path: Path) -> None:
    package = tmp_path / "site-packages" / "solver.py"
    package.parent.mkdir()
    source = "import jax\n\ndef solve(x):\n    return float(x.sum())\n"
    package.write_text(source, "utf-8")
    scope: dict[str, Any] = {"__name__": "solver"}
    exec(compile(source, str(package), "exec"), scope)
    for _ in range(3):
        scope["solve"](jnp.ones(3))
    told = syncs(listener)["float"]
    assert told["via"] == "solver" and told["count"] == 3
    assert not told["loop"] and told["in_loop_of"] is None


def test_after_many_reads_some_stand_for_all(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "EXACT", 100)
    values = [jnp.ones(()) + i for i in range(20)]
    for _ in range(100):
        for value in values:
            float(value)
            value.block_until_ready()
    told = syncs(listener)
    assert not told["float"]["exact"]
    for how in ("float", "block_until_ready"):
        assert 1500 < told[how]["count"] < 2500, told[how]


def test_a_value_that_the_host_has_is_no_read(listener: Listener) -> None:
    table = jax.device_put(np.arange(6.0).reshape(2, 3)).T + 0
    float(table.sum())
    assert syncs(listener)["float"]["count"] == 1


def test_an_array_that_was_deleted(listener: Listener) -> None:
    """The program gets JAX's own error: to ask such an array whether it is ready would end the process."""
    for read in (np.asarray, float, str, jax.device_get, lambda array: array.item(), jax.block_until_ready):
        gone = jnp.ones(()) + 1
        gone.delete()
        with pytest.raises((RuntimeError, BufferError)):
            read(gone)
    key = jax.random.split(jax.random.key(0), 1)[0]
    key.delete()
    with pytest.raises(RuntimeError):
        jax.random.normal(key)


def test_reading_works_as_before_and_afterwards() -> None:
    with listening():
        assert float(jnp.ones(())) == 1.0
        assert np.asarray(jnp.ones(2)).tolist() == [1.0, 1.0]
        with pytest.raises(TypeError):
            float(jnp.ones(2))
        with pytest.raises(ValueError, match="ambiguous"):
            bool(jnp.ones(2))
    assert float(jnp.ones(())) == 1.0
    assert np.asarray(jnp.ones(2)).tolist() == [1.0, 1.0]
    assert jnp.ones(2).block_until_ready().tolist() == [1.0, 1.0]


def test_who_begins_to_look_late_sees_each_read(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "EXACT", 10)
    values = [jnp.ones(()) + i for i in range(60)]
    for value in values[:30]:
        float(value)
    hooks.look_closely()
    reads = probe.current()
    assert reads is not None and (reads.looked, reads.passes()) == (0, False)


def test_what_a_test_asks_for(listener: Listener) -> None:
    """The whole of it: `done(x, y)`, not one of its arguments."""
    one = jnp.ones(())

    def done(x: Any, limit: float) -> Any:
        return x > limit

    turns = 0
    while not done(one * turns, 3.0):
        turns += 1
        if done(one, 2.0):
            turns = 10
        elif bool(one * 0):
            turns = 20
    assert not (one > 5.0)
    told = [line["value"] for line in listener.told("sync") if line["how"] == "bool"]
    assert sorted(told) == ["done(one * turns, 3.0)", "done(one, 2.0)", "one * 0", "one > 5.0"]


def test_a_call_that_fetches_many_arrays_is_one_wait(listener: Listener) -> None:
    rows = [(jnp.ones(3) * turn, {"b": jnp.zeros(2)}) for turn in range(20)]
    got = jax.device_get(rows)
    assert len(got) == 20
    assert syncs(listener)["device_get"]["count"] == 1
    assert syncs(listener)["device_get"]["bytes"] == 20 * 5 * 4


def test_each_call_in_a_loop_is_one_and_what_is_read_between_is_told_apart(listener: Listener) -> None:
    for turn in range(3000):
        jax.device_get((jnp.float32(turn), jnp.float32(-turn)))
        if turn % 10 == 0:
            float(jnp.float32(turn) + 1)
    assert 2800 <= syncs(listener)["device_get"]["count"] <= 3200
    assert 200 <= syncs(listener)["float"]["count"] <= 400


def test_what_device_get_raises_reaches_the_caller(listener: Listener) -> None:
    gone = jnp.ones(3) + 1
    gone.delete()
    with pytest.raises(RuntimeError):
        jax.device_get([gone])
    jax.device_get(jnp.ones(2))
    assert syncs(listener)["device_get"]["count"] == 1


def test_an_index_into_an_array_that_was_deleted(listener: Listener) -> None:
    state = jnp.ones((2, 3)) + 1
    state.delete()
    with pytest.raises(RuntimeError):
        state[1]
    assert [one["arguments"] for one in listener.told("raised")] == [{"state": "deleted"}]
