"""What observing costs, as ratios to the same work unobserved: calls that JAX's C++ cache answers, and first calls.

    python benchmarks/observe_overhead.py [--rounds 20] [--seconds 0.4] [--only "first call"]

Every round measures, in random order: the call plain, plain once more (what the machine's noise makes of two equal
things), observed with the sampling credit spent, and observed while every call is looked at. The ratio is to the plain
call of the same round; printed are the median and the middle half. Small calls are timed in CPU seconds of the calling
thread, the long one in those of all threads of the process, for the machine's other work is not theirs.

A first call is traced, lowered and compiled, with JAX's caches emptied before it; observed, it is written into a real
record. Its ratio says what observing adds to all of that together.
"""

import argparse
import gc
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import jax
import jax.numpy as jnp

from jaxaudit_probe import calls, hooks, keys, syncs
from jaxaudit_probe.writer import Writer

Clock = Callable[[], float]
VARIANTS = ("plain", "plain again", "observed, credit spent", "observed, every call looked at")


class Silent:
    """A record that goes nowhere."""

    def put(self, kind: str, **fields: Any) -> None:
        pass

    def at_end(self, callback: Callable[[], None]) -> None:
        pass


@jax.jit
def product(x: Any) -> Any:
    return x @ x @ x


def of_a_millisecond() -> jax.Array:
    """The matrix whose product takes a millisecond of CPU time on this machine, roughly."""
    side = 240
    for _ in range(3):
        matrix = jnp.ones((side, side)) / side
        taken = seconds_a_call(lambda matrix=matrix: product(matrix).block_until_ready(), time.process_time, 0.3)
        side = max(16, round(side * (1e-3 / taken) ** (1 / 3)))
    return jnp.ones((side, side)) / side


def programs() -> list[tuple[str, Callable[[], Any], Clock]]:
    """Calls with their names and clocks: a tiny one with one and with seven arguments, one of about a millisecond, a draw."""
    small = jnp.ones(3)
    seven = [jnp.ones(3) * i for i in range(5)]
    matrix = of_a_millisecond()
    key = jax.random.key(0)

    @jax.jit
    def increment(x: Any) -> Any:
        return x + 1

    @jax.jit
    def weighted(a: Any, b: Any, c: Any, d: Any, e: Any, rate: Any, kind: Any) -> Any:
        return (a + b + c + d + e) * rate + kind

    def long() -> Any:
        return product(matrix).block_until_ready()

    return [
        ("1 argument", lambda: increment(small), time.thread_time),
        ("7 arguments", lambda: weighted(*seven, 0.5, 2), time.thread_time),
        ("a millisecond", long, time.process_time),
        ("eager random.normal", lambda: jax.random.normal(key, (3,)), time.thread_time),
    ]


def first_calls() -> list[tuple[str, Callable[[], Any]]]:
    """Programs that are compiled, by what makes them costly: operations, a gradient, a captured constant, many small ones."""
    eight, matrix = jnp.ones(8), jnp.ones((16, 32))
    layers = [(jnp.ones((32, 32)), jnp.ones(32)) for _ in range(12)]
    cube = jnp.ones((64, 128, 128)) * 0.5

    def operations(x: Any) -> Any:
        for _ in range(15):
            x = jnp.where(x > 0, jnp.sin(x) * 0.5, jnp.clip(x, -1.0, 1.0)) + jnp.sum(x) * 1e-3
        return x

    def loss(layers: Any, x: Any) -> Any:
        for weight, bias in layers:
            x = jax.nn.gelu(x @ weight + bias)
        return jnp.mean(x**2)

    def step(layers: Any, x: Any) -> Any:
        return jax.tree.map(lambda p, g: p - 0.1 * g, layers, jax.grad(loss)(layers, x))

    def recurrence(x: Any) -> Any:
        def turn(carry: Any, k: Any) -> Any:
            carry = jnp.tanh(carry @ jnp.ones((16, 16)) + k)
            return carry, carry.sum()

        return jax.lax.scan(turn, x, jnp.arange(10.0))[1].sum()

    def many() -> None:
        for turn in range(30):
            jax.jit(lambda x, turn=turn: jnp.sin(x) * turn + jnp.cos(x))(eight)

    return [
        ("120 operations", lambda: jax.jit(operations)(eight)),
        ("gradient of 12 layers", lambda: jax.jit(step)(layers, matrix)),
        ("captured constant of 4 MB", lambda: jax.jit(lambda x: jnp.einsum("ijk,k->ij", cube, x))(jnp.ones(128))),
        ("scan and its gradient", lambda: jax.jit(jax.value_and_grad(recurrence))(jnp.ones(16))),
        ("30 small programs", many),
    ]


def measure_first(call: Callable[[], Any], observed: bool) -> float:
    jax.clear_caches()
    gc.collect()
    with tempfile.TemporaryDirectory() as folder:
        writer = Writer(folder)
        if observed:
            writer.open()
            hooks.install(writer)
        began = time.process_time()
        jax.block_until_ready(call())
        seconds = time.process_time() - began
        if observed:
            hooks.uninstall()
            writer.finish("exit")
    return seconds


def compare_first_calls(rounds: int, only: str, chance: random.Random) -> None:
    for name, call in first_calls():
        if only not in f"first call: {name}":
            continue
        call()
        variants = {"plain": False, "plain again": False, "observed": True}
        found: dict[str, list[float]] = {variant: [] for variant in variants}
        for _ in range(rounds):
            for variant in chance.sample(list(variants), len(variants)):
                found[variant].append(measure_first(call, variants[variant]))
        show(f"first call: {name}", f"{statistics.median(found['plain']):.2f} s", found)


def show(name: str, plain: str, found: dict[str, list[float]]) -> None:
    print(f"{name}: {plain}", flush=True)
    for variant in list(found)[1:]:
        ratios = [one / plain for one, plain in zip(found[variant], found["plain"])]
        low, middle, high = statistics.quantiles(ratios, n=4)
        print(f"    {variant:32} {middle:.3f}  [{low:.3f} .. {high:.3f}]", flush=True)


def seconds_a_call(call: Callable[[], Any], clock: Clock, seconds: float) -> float:
    """In batches, so that the clock is read seldom; at least as long as asked for, by the wall's clock."""
    count, began, until = 0, clock(), time.perf_counter() + seconds
    while time.perf_counter() < until:
        for _ in range(20):
            call()
        count += 20
    return (clock() - began) / count


def spend(sampler: calls.Calls) -> None:
    """As after a while of running: what is looked at each time at first is looked at now and then."""
    sampler.disarm()
    drawn, read = keys.current(), syncs.current()
    assert drawn is not None and read is not None
    drawn.credit = 0
    read.looked = syncs.EXACT


def measure(variant: str, call: Callable[[], Any], clock: Clock, seconds: float) -> float:
    if variant.startswith("plain"):
        return seconds_a_call(call, clock, seconds)
    hooks.install(Silent())
    sampler = calls.current()
    assert sampler is not None
    try:
        if variant.endswith("spent"):
            spend(sampler)
        else:
            sampler.left = 1 << 40
        call()
        return seconds_a_call(call, clock, seconds)
    finally:
        hooks.uninstall()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=0.4)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    print(f"JAX {jax.__version__}, Python {sys.version.split()[0]}, {os.cpu_count()} cores, {arguments.rounds} rounds")
    chance = random.Random(0)
    for name, call, clock in programs():
        if arguments.only not in name:
            continue
        for _ in range(200):
            call()
        found: dict[str, list[float]] = {variant: [] for variant in VARIANTS}
        for _ in range(arguments.rounds):
            order = list(VARIANTS)
            chance.shuffle(order)
            for variant in order:
                found[variant].append(measure(variant, call, clock, arguments.seconds))
        show(name, f"{statistics.median(found['plain']) * 1e6:.1f} us", found)
    compare_first_calls(arguments.rounds, arguments.only, chance)


if __name__ == "__main__":
    main()
