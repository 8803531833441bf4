"""What a run tells of arguments: kinds, values, the same object, uploads, and whether they are dead after the call."""

import gc
import threading
import time
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

jax = pytest.importorskip("jax")
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402

from jaxaudit_probe import calls, private  # noqa: E402
from probe.listening import Listener, listening  # noqa: E402


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as listener:
        yield listener


def stepper() -> Any:
    @jax.jit
    def step(params: Any, data: Any, rate: Any, kind: Any = 0) -> Any:
        return jax.tree.map(lambda p: p * rate + data.sum() + kind, params)

    return step


def arguments(listener: Listener, function: str) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in listener.of("calls", function)["arguments"]}


def test_every_call_of_a_short_program_is_seen(listener: Listener) -> None:
    step = stepper()
    params, data = {"w": jnp.ones(300)}, np.ones(1000, np.float32)
    for turn in range(20):
        params = step(params, data, 0.5, kind=turn % 3)
    told = listener.of("calls", "step")
    assert (told["calls"], told["sampled"], told["exact"], told["tracer_calls"]) == (20, 20, True, 0)
    seen = arguments(listener, "step")
    assert seen["rate"]["kinds"] == ["float"] and seen["rate"]["values"] == "one"
    assert seen["kind"]["kinds"] == ["int"] and (seen["kind"]["values"], seen["kind"]["distinct"]) == ("few", 3)
    assert seen["params"]["kinds"] == ["jax.Array"] and seen["params"]["bytes"] == 1200
    assert seen["data"]["kinds"] == ["numpy"] and seen["data"]["same_object"]
    assert seen["data"]["host_upload_bytes"] == 20 * 4000


def test_functions_and_empty_trees_are_the_same_or_not(listener: Listener) -> None:
    eqx = pytest.importorskip("equinox")

    @eqx.filter_jit
    def step(x: Any, kept: Any, fresh: Any, nothing: Any) -> Any:
        return fresh(kept(x))

    for _ in range(4):
        step(jnp.ones(3), jnp.sin, lambda x: x, ())
    seen = arguments(listener, "step")
    assert [seen[name]["values"] for name in ("kept", "fresh", "nothing")] == ["one", "many", "one"]


def test_values_are_counted_exactly_and_told_apart_by_type(listener: Listener) -> None:
    step = stepper()
    params, data = jnp.ones(3), jnp.ones(3)
    for turn in range(50):
        step(params, data, float(turn), kind=(1, 1.0, True)[turn % 3])
    seen = arguments(listener, "step")
    assert (seen["rate"]["values"], seen["rate"]["distinct"]) == ("many", 50)
    assert seen["kind"]["distinct"] == 3


def test_an_argument_that_is_replaced_is_dead_and_one_that_is_kept_is_not(listener: Listener) -> None:
    step = stepper()
    state, data, kept = jnp.ones(5), jnp.ones(3), []
    for _ in range(10):
        state = step(state, data, 1.0)
    assert arguments(listener, "step")["params"]["dead"] is True
    assert arguments(listener, "step")["data"]["dead"] is False

    @jax.jit
    def keep(state: Any) -> Any:
        return state + 1

    for _ in range(10):
        kept.append(state)
        state = keep(state)
    assert arguments(listener, "keep")["state"]["dead"] is False


def test_tracers_are_told(listener: Listener) -> None:
    @jax.jit
    def inner(a: Any, b: Any) -> Any:
        return a * b

    jax.grad(lambda x: inner(x, 2.0).sum())(jnp.ones(3))
    jax.vmap(inner, (0, None))(jnp.ones(3), 3.0)
    inner.lower(jnp.ones(3), 4.0)
    jax.eval_shape(inner, jnp.ones(3), 5.0)
    told = listener.of("calls", "inner")
    traced_too = jax.__version_info__ < (0, 7)  # eval_shape calls the jitted function there
    assert (told["calls"], told["tracer_calls"]) == ((3, 3) if traced_too else (2, 2))
    seen = arguments(listener, "inner")
    assert seen["a"]["tracer"]
    assert seen["b"]["tracer"] is traced_too


def test_a_host_array_that_is_filled_anew_is_not_the_same_data(listener: Listener) -> None:
    step = stepper()
    batch = np.zeros(100, np.float32)
    for turn in range(6):
        batch[:] = turn
        step(jnp.ones(3), batch, 1.0)
    assert not arguments(listener, "step")["data"]["same_object"]


def test_filtered_functions_of_one_name_are_kept_apart(listener: Listener) -> None:
    eqx = pytest.importorskip("equinox")

    def made(scale: float) -> Any:
        if scale > 1:

            def work(x: Any, rate: float) -> Any:
                return x * rate * scale
        else:

            def work(x: Any, rate: float) -> Any:
                return x + rate

        return eqx.filter_jit(work)

    one, other = made(2.0), made(1.0)
    for turn in range(6):
        one(jnp.ones(3), 0.5)
        other(jnp.ones(3), float(turn % 2))
    told = [line for line in listener.told("calls") if {a["name"] for a in line["arguments"]} == {"x", "rate"}]
    assert sorted((line["calls"], line["arguments"][1]["distinct"]) for line in told[-2:]) == [(6, 1), (6, 2)]


def test_the_hook_survives_softmax_and_serves_debug_nans(listener: Listener) -> None:
    @jax.jit
    def product(a: Any, b: Any) -> Any:
        return a * b

    product(jnp.zeros(3), 1.0)
    jax.nn.softmax(jnp.ones(3))
    product(jnp.zeros(3), 1.0)
    assert listener.of("calls", "product")["calls"] == 2
    with jax.debug_nans(True), pytest.raises(FloatingPointError):
        product(jnp.zeros(3), float("inf"))


def test_a_hook_of_the_program_s_own_is_called_as_before() -> None:
    heard: list[Any] = []
    before = private.get_post_hook()

    def own(fun: Any, args: Any, kwargs: Any, out: Any) -> None:
        heard.append(args)

    private.set_post_hook(own)
    try:
        double = jax.jit(lambda x: x * 2)
        x = jnp.ones(3)
        double(x)
        with listening():
            heard.clear()
            double(x)
            assert len(heard) == 1
        assert private.get_post_hook() is own
    finally:
        private.set_post_hook(before)


def test_the_bucket_runs_empty_and_is_filled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "CREDIT", 200)
    with listening() as listener:
        sampler = calls.current()
        assert sampler is not None
        sampler.stopped.set()  # the test fills it itself
        step = stepper()
        state, data = jnp.ones(3), jnp.ones(3)
        for _ in range(400):
            state = step(state, data, 1.0)
        assert private.get_post_hook() is not sampler.hook
        told = listener.of("calls", "step")
        assert told["sampled"] < 250
        time.sleep(0.01)
        sampler.refill(60.0)
        assert private.get_post_hook() is sampler.hook
        for turn in range(400):
            step(state, data, float(turn))
        told = listener.of("calls", "step")
        assert told["calls"] > told["sampled"] and not told["exact"]


def test_once_the_credit_is_spent_a_call_costs_what_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening():
        sampler = calls.current()
        assert sampler is not None
        sampler.stopped.set()
        step = stepper()
        state = jnp.ones(3)
        for _ in range(3):
            state = step(state, state, 1.0)
        ticks = iter(range(1_000_000))
        monkeypatch.setattr(calls, "now", lambda: 1.0 + next(ticks) * 100 * calls.UNIT)
        left = sampler.left
        step(state, state, 1.0)
        assert left - sampler.left < 50
        sampler.disarm()
        sampler.arm(1000)
        step(state, state, 1.0)
        assert sampler.left <= 900


def test_nothing_is_kept_alive_and_nothing_stays(listener: Listener) -> None:
    step = stepper()
    state = jnp.ones(7)
    host = np.ones(7)
    gone = [weakref.ref(state), weakref.ref(host), weakref.ref(step)]
    for _ in range(3):
        step(state, host, 1.0)
    del state, host, step
    gc.collect()
    assert [one() for one in gone] == [None, None, None]
    calls.uninstall()
    assert private.get_post_hook() is None


def test_a_fault_of_ours_ends_the_watching_and_not_the_program(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    sampler = calls.current()
    assert sampler is not None
    monkeypatch.setattr(sampler, "meet", lambda *_: 1 / 0)
    double = jax.jit(lambda x: x * 2)
    x = jnp.ones(3)
    assert [float(double(x)[0]) for _ in range(3)] == [2.0, 2.0, 2.0]
    assert [fields["text"] for kind, fields in listener.lines if kind == "note"] != []


def test_threads(listener: Listener) -> None:
    step = stepper()
    data = jnp.ones(3)
    step(jnp.ones(3), data, 1.0)

    def work() -> None:
        for _ in range(50):
            step(jnp.ones(3), data, 1.0)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 190 <= listener.of("calls", "step")["calls"] <= 201


def test_what_was_stopped_is_not_filled_again(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tick that began before the end, in a thread that the machine kept waiting."""
    sampler = calls.current()
    assert sampler is not None
    before = private.get_post_hook()
    filled: list[float] = []
    monkeypatch.setattr(sampler, "refill", filled.append)
    with sampler.filling:
        began = threading.Thread(target=sampler.keep_filling)
        sampler.stopped = _PassesOnce(sampler.stopped)  # type: ignore[assignment]
        began.start()
        sampler.stop()
    began.join(timeout=10)
    assert not filled
    assert before is not private.get_post_hook()


class _PassesOnce:
    """An event that says once that it was not set, although it is by the time the answer is used."""

    def __init__(self, real: threading.Event) -> None:
        self.real = real
        self.asked = 0

    def wait(self, timeout: float) -> bool:
        self.asked += 1
        return self.asked > 1

    def set(self) -> None:
        self.real.set()

    def is_set(self) -> bool:
        return self.real.is_set()
