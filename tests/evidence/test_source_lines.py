"""What the source says of a line: its function, the loop around it, whether it runs in every turn."""

from textwrap import dedent

import pytest

from jaxaudit.evidence.source_lines import Known, SourceLines
from jaxaudit.model.spot import Turns

CODE = dedent(
    """\
    import jax

    def train(xs):
        step = jax.jit(
            lambda x: x)
        for i, x in enumerate(xs):
            y = step(
                x)
            if i % 100 == 0:
                print(y)

            def later():
                return y
        while float(y) > 0:
            y = step(y)
        return [step(x) for x in xs]

    class Model:
        @jax.jit
        def run(self):
            return later(self)

    total = sum(train(x) for x in range(3))
    """
)


@pytest.fixture
def known(tmp_path):
    file = tmp_path / "program.py"
    file.write_text(CODE, "utf-8")
    lines = SourceLines()
    return lambda line: lines.of(str(file), line)


@pytest.mark.parametrize(
    ("line", "function", "loop"),
    [
        (1, "<module>", None),
        (2, "<module>", None),
        (4, "train", None),
        (5, "train", None),
        (7, "train", Turns(6, "for")),
        (8, "train", Turns(6, "for")),
        (10, "train", Turns(6, "for", True)),
        (13, "train.later", None),
        (14, "train", Turns(14, "while")),
        (15, "train", Turns(14, "while")),
        (16, "train", Turns(16, "comprehension")),
        (21, "Model.run", None),
        (23, "<module>", Turns(23, "comprehension")),
    ],
)
def test_a_line(known, line, function, loop):
    found = known(line)
    assert found._replace(loop=found.loop and found.loop._replace(over="")) == Known(function, loop)


def test_what_a_loop_runs_over(known):
    assert [known(line).loop.over for line in (7, 14, 23)] == [
        "(i, x) in enumerate(xs)",
        "float(y) > 0",
        "x in range(3)",
    ]


def test_a_decorator_belongs_to_its_definition(known):
    assert known(19) == Known("Model", None, 20)


def test_what_can_not_be_read_is_not_known(tmp_path):
    broken = tmp_path / "broken.py"
    broken.write_text("def (:\n", "utf-8")
    lines = SourceLines()
    assert lines.of(str(broken), 1) == lines.of(str(tmp_path / "gone.py"), 1) == lines.of("<stdin>", 1) == Known()


JITS = dedent(
    """\
    import jax

    def fit(xs):
        step = jax.jit(lambda x: x)
        for x in xs:
            x = step(x)
            y = jax.jit(jax.grad(loss))(x)
            @jax.jit
            def inner(z):
                return z
        return y

    @partial(jax.jit, static_argnums=0)
    def whole(n, x):
        return x

    run = eqx.filter_jit(model.apply)
    """
)


@pytest.mark.parametrize(
    ("name", "function", "line", "loop"),
    [
        ("fit.<lambda>", "fit", 4, None),
        ("loss", "fit", 7, 5),
        ("fit.inner", "fit", 8, 5),
        ("whole", "elsewhere", None, None),
        ("Model.apply", "<module>", None, None),
        ("unheard_of", "fit", None, None),
    ],
)
def test_where_a_function_is_jitted(tmp_path, name, function, line, loop):
    file = tmp_path / "program.py"
    file.write_text(JITS, "utf-8")
    found = SourceLines().jitted(str(file), name, function)
    assert (found and found.line) == line
    assert (found.loop.line if found and found.loop else None) == loop


def test_loops_that_are_written_as_calls(tmp_path):
    file = tmp_path / "loops.py"
    file.write_text(
        "import functools, itertools\n"
        "def last(xs):\n"
        "    return functools.reduce(\n"
        "        lambda a, b: step(a, b),\n"
        "        xs,\n"
        "    )\n"
        "def every(xs):\n"
        "    kept = [state := step(state, x) for x in xs]\n"
        "    free = [step(0, x) for x in xs]\n"
        "    return list(itertools.accumulate(xs, step))\n"
        "total = table.reduce(xs, 1)\n"
        "some = [y for x in xs if (y := step(0, x))]\n"
    )
    lines = SourceLines()
    found = {line: lines.of(str(file), line).loop for line in (3, 4, 8, 9, 10, 11, 12)}
    assert {line: (loop.line, loop.kind) if loop else None for line, loop in found.items()} == {
        3: (3, "for"),
        4: (3, "for"),
        8: (8, "for"),
        9: (9, "comprehension"),
        10: (10, "for"),
        11: None,
        12: (12, "comprehension"),
    }


def test_a_map_is_a_loop(tmp_path):
    file = tmp_path / "program.py"
    file.write_text(
        "def fit(xs):\n    return list(map(\n        step, xs))\n\nother = jax.tree.map(step, xs)\n", "utf-8"
    )
    lines = SourceLines()
    assert lines.of(str(file), 2).loop == Turns(2, "comprehension", over="map(step, xs)")
    assert lines.of(str(file), 5).loop is None
