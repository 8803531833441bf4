"""Random keys used twice: inside programs, across eager calls, across calls of jitted functions; and what is fine."""

import gc
import linecache
import runpy
import textwrap
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

jax = pytest.importorskip("jax")
import jax.numpy as jnp  # noqa: E402

from probe.listening import Listener, listening  # noqa: E402

MAKERS = [jax.random.PRNGKey, jax.random.key]


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as listener:
        yield listener


@pytest.fixture(params=MAKERS, ids=["raw", "typed"])
def key(request: pytest.FixtureRequest) -> Any:
    return request.param(0)


INSIDE = {
    "two draws": (True, "return normal(key) + uniform(key)"),
    "after a split": (True, "a, b = split(key)\nreturn normal(key) + normal(a)"),
    "one part twice": (True, "ks = split(key)\nreturn normal(ks[0]) + normal(ks[0])"),
    "every turn of a scan": (True, "return scan(lambda c, _: (c + normal(key), None), 0.0, None, length=3)[0]"),
    "a carry that stays": (
        True, "return scan(lambda c, x: ((c[0], c[1] + normal(c[0])), None), (key, 0.0), None, length=3)[0][1]"
    ),
    "a while loop's state": (
        True, "return while_loop(lambda c: c[1] < 3, lambda c: (c[0], c[1] + uniform(c[0])), (key, 0.0))[1]"
    ),
    "the same fold": (True, "return normal(fold_in(key, 0)) + normal(fold_in(key, 0))"),
    "one seed": (True, "return normal(PRNGKey(3)) + normal(PRNGKey(3))"),
    "an inner jit": (True, "f = jit(lambda k: normal(k))\nreturn f(key) + f(key)"),
    "every leaf": (True, "return tree_map(lambda x: x + normal(key), {'a': 1.0, 'b': 2.0})"),
    "a Python loop": (True, "return sum(normal(key) for _ in range(3))"),
    "split": (False, "a, b = split(key)\nreturn normal(a) + normal(b)"),
    "a scan over keys": (False, "return scan(lambda c, k: (c + normal(k), None), 0.0, split(key, 3))[0]"),
    "folds": (False, "return normal(fold_in(key, 0)) + normal(fold_in(key, 1)) + normal(key)"),
    "a fold in each turn": (False, "return fori_loop(0, 3, lambda i, c: c + normal(fold_in(key, i)), 0.0)"),
    "branches": (False, "return cond(True, lambda: normal(key), lambda: uniform(key))"),
    "branches under vmap": (
        False, "return vmap(lambda p: cond(p > 0, lambda: normal(key), lambda: uniform(key)))(ones(3))"
    ),
    "parts by number": (False, "ks = split(key, 3)\nreturn sum(normal(ks[i]) for i in range(3))"),
    "a carry that is split": (
        False, "def body(c):\n    k, u = split(c[0])\n    return k, c[1] + uniform(u)\nreturn while_loop(lambda c: c[1] < 3, body, (key, 0.0))[1]"
    ),
    "draws that draw twice inside": (
        False, "a, b, c = split(key, 3)\nreturn poisson(a, 3.0) + categorical(b, ones(3)) + choice(c, 4)"
    ),
    "the backward pass": (False, "return grad(checkpoint(lambda w: jnp.sin(w * normal(key))))(1.0)"),
    "a backward scan": (
        False, "return grad(lambda w: scan(lambda c, k: (jnp.tanh(c * w + normal(k)), None), 1.0, split(key, 4))[0])(1.0)"
    ),
}  # fmt: skip


def compiled(folder: Path, body: str, name: str = "sample") -> Callable[[Any], Any]:
    """A function of a file, as users have them."""
    source = f"def {name}(key):\n{textwrap.indent(body, '    ')}\n"
    file = folder / f"{name}.py"
    file.write_text(source, "utf-8")
    linecache.checkcache(str(file))
    scope = {
        **vars(jax.random), "jnp": jnp, "jit": jax.jit, "vmap": jax.vmap, "grad": jax.grad, "cond": jax.lax.cond,
        "scan": jax.lax.scan, "while_loop": jax.lax.while_loop, "fori_loop": jax.lax.fori_loop, "ones": jnp.ones,
        "tree_map": jax.tree.map, "checkpoint": jax.checkpoint,
    }  # fmt: skip
    exec(compile(source, str(file), "exec"), scope)
    return scope[name]  # type: ignore[no-any-return]


@pytest.mark.parametrize("case", INSIDE)
def test_inside_a_program(case: str, key: Any, tmp_path: Path, listener: Listener) -> None:
    reused, body = INSIDE[case]
    jax.jit(compiled(tmp_path, body))(key)
    told = listener.told("keys")
    assert bool(told) is reused, told
    for line in told:
        assert line["site"] is not None and line["key"]
        assert line["first"]["path"] == str(tmp_path / "sample.py")


STRAIGHT = ("two draws", "after a split", "one part twice", "the same fold", "one seed", "every leaf", "a Python loop",
            "split", "folds", "parts by number", "draws that draw twice inside")  # fmt: skip


@pytest.mark.parametrize("case", STRAIGHT)
def test_the_same_without_jit(case: str, key: Any, tmp_path: Path, listener: Listener) -> None:
    reused, body = INSIDE[case]
    compiled(tmp_path, body)(key)
    told = listener.told("keys")
    assert bool(told) is reused, told


def integrate(key: Any, position: Any) -> Any:
    return position + jax.random.normal(key, position.shape)


def expand(state: Any) -> Any:
    key, position = state
    direction, key = jax.random.split(key)
    position = integrate(key, position * jax.random.bernoulli(direction))
    return key, position


def test_both_uses_are_named_in_the_function_that_has_both(listener: Listener) -> None:
    @jax.jit
    def trajectory(key: Any) -> Any:
        state = key, jnp.ones(3)
        for _ in range(3):
            state = expand(state)
        return state[1]

    jax.vmap(trajectory)(jax.random.split(jax.random.key(0), 2))
    told = listener.told("keys")[-1]
    first = expand.__code__.co_firstlineno
    assert (told["first"]["line"], told["again"]["line"]) == (first + 3, first + 2)
    assert told["first"]["function"].endswith("expand") and told["key"] == "key"
    assert told["how"] == "normal, then split"
    assert [place["function"].rpartition(".")[2] for place in told["drawn"]] == ["integrate", "expand"]


def test_calls_of_jitted_functions(listener: Listener) -> None:
    @jax.jit
    def step(params: Any, key: Any) -> Any:
        return params + jax.random.normal(key, params.shape)

    params, base = jnp.ones(3), jax.random.key(1)
    for i in range(3):
        params = step(params, jax.random.fold_in(base, i))
    key = jax.random.key(2)
    step.lower(params, key)
    jax.make_jaxpr(step)(params, key)
    step(params, key)
    assert listener.told("keys") == []
    for _ in range(4):
        params = step(params, base)
    line = listener.told("keys")[-1]
    assert (line["key"], line["how"], line["times"]) == ("base", "step in every turn", 3)
    jax.random.uniform(base)
    assert listener.told("keys")[-1]["how"] == "step, then uniform"


def test_parts_of_an_array_of_keys(listener: Listener) -> None:
    @jax.jit
    def many(keys: Any) -> Any:
        return jax.lax.scan(lambda c, key: (c + jax.random.normal(key), None), 0.0, keys)[0]

    keys = jax.random.split(jax.random.key(0), 3)
    many(keys)
    assert listener.told("keys") == []
    many(keys)
    assert [line["how"] for line in listener.told("keys")][:1] == ["many, then many"]


def test_equal_keys_in_different_objects(listener: Listener, key: Any) -> None:
    keys = jax.random.split(key)
    jax.random.normal(keys[0])
    assert listener.told("keys") == []
    jax.random.uniform(keys[0])
    assert listener.told("keys")[-1]["key"] == "keys[0]"


@pytest.mark.parametrize(
    ("calls", "repeated"),
    [("main(rate=1.0)\nmain(rate=2.0)", True), ("main()\nother()", False), ("draw(KEY)\ndraw(key=KEY)", False)],
    ids=["a run that is repeated", "two functions", "a key that is handed in"],
)
def test_a_function_that_is_run_again(listener: Listener, tmp_path: Path, calls: str, repeated: bool) -> None:
    program = """
        import jax
        KEY = jax.random.key(77)

        def draw(key=KEY):
            return jax.random.normal(key)

        def main(rate=1.0):
            return rate * draw()

        def other():
            return draw()

        """
    file = tmp_path / "program.py"
    file.write_text(textwrap.dedent(program) + calls, "utf-8")
    runpy.run_path(str(file))
    assert [line["repeated"] for line in listener.told("keys")][-1] is repeated


SKELETONS = {
    "filled by a loader": (
        False,
        "def load(path):\n    like = make(key=KEY)\n    return restore(path, like)\nload('m')",
    ),
    "made within the call of a loader": (False, "restore('m', make(key=KEY))"),
    "made under eval_shape": (False, "jax.eval_shape(lambda: make(key=KEY))"),
    "used before it is filled": (True, "like = make(key=KEY)\nprint(like)\nrestore('m', like)"),
    "a second model": (True, "other = make(key=KEY)\nprint(other)"),
}


@pytest.mark.parametrize("case", SKELETONS)
def test_a_model_that_is_made_to_be_filled(listener: Listener, tmp_path: Path, case: str) -> None:
    told, second = SKELETONS[case]
    file = tmp_path / "program.py"
    file.write_text(
        "import jax\nKEY = jax.random.key(5)\n\n\ndef make(*, key):\n    return jax.random.normal(key, (3,))\n\n\n"
        f"def restore(path, like):\n    return like\n\n\nmodel = make(key=KEY)\nprint(model)\n{second}\n",
        "utf-8",
    )
    runpy.run_path(str(file))
    assert bool(listener.told("keys")) is told


def test_eager_transformations_run_each_time(listener: Listener) -> None:
    def loss(w: Any, key: Any) -> Any:
        return (w * jax.random.normal(key, (3,))).sum()

    key = jax.random.key(0)
    jax.grad(loss)(jnp.ones(3), key)
    assert listener.told("keys") == []
    jax.grad(loss)(jnp.ones(3), key)
    assert listener.told("keys") != []


def test_libraries_keep_their_own_ways(listener: Listener) -> None:
    eqx = pytest.importorskip("equinox")
    one, other = jax.random.split(jax.random.key(0))
    eqx.nn.MLP(3, 3, 4, 2, key=one)
    eqx.nn.MultiheadAttention(2, 4, key=other)
    assert listener.told("keys") == []
    eqx.nn.Linear(3, 3, key=one)
    assert listener.told("keys")[-1]["key"] == "one"


def test_no_key_is_kept_alive(listener: Listener) -> None:
    key = jax.random.PRNGKey(0).block_until_ready()
    jax.random.normal(key)
    gone = weakref.ref(key)
    del key
    gc.collect()
    assert gone() is None
    jax.random.normal(jax.random.PRNGKey(0))
    assert listener.told("keys")[-1]["times"] == 1


def test_a_key_that_nobody_holds_is_known_once_it_is_made(listener: Listener) -> None:
    slow = jax.jit(lambda start: jnp.uint32(jax.lax.fori_loop(0, 300, lambda _, x: jnp.tanh(x @ x), start)[0, :2]))
    start = jnp.ones((200, 200))
    drawn = [jax.random.normal(slow(start), (50,)) for _ in range(5)]
    jax.block_until_ready(drawn)
    until = time.monotonic() + 10
    while listener.told("keys")[-1]["times"] < 4 and time.monotonic() < until:
        time.sleep(0.01)  # JAX may call what a key became ready a moment before the key itself
    assert listener.told("keys")[-1]["times"] == 4
