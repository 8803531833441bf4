import pytest

from edits.marked_source import marked, shown, written
from jaxaudit.edits import CannotEdit, enclosing, expression_at, function_at, hoist, hoist_to_module, move_before
from jaxaudit.edits.nodes import COMPREHENSIONS, LOOPS


def hoisted(program, hint="step"):
    source, place = marked(program)
    node = expression_at(source, place)
    loop = enclosing(source, node, *LOOPS, *COMPREHENSIONS)
    return written(source, hoist(source, node, loop, hint))


def test_a_jit_goes_before_its_loop():
    assert hoisted("""
        def train(x):
            for i in range(3):
                x = «jax.jit(lambda y: y + 1)»(x)  # step
            return x
    """) == shown("""
        def train(x):
            step = jax.jit(lambda y: y + 1)
            for i in range(3):
                x = step(x)  # step
            return x
    """)


def test_out_of_a_comprehension_and_with_a_fresh_name():
    assert hoisted("step = 0\nys = [«jax.jit(f)»(x) for x in xs]\n") == (
        "step = 0\nstep_2 = jax.jit(f)\nys = [step_2(x) for x in xs]\n"
    )


def test_several_lines_get_parentheses_where_they_need_them():
    assert (
        hoisted("for i in r:\n    g(«a +\n      b», i)\n", "total")
        == "total = (a +\n      b)\nfor i in r:\n    g(total, i)\n"
    )


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("for i in r:\n    g(«jax.jit(lambda y: y + i)»)\n", "the loop binds i"),
        ("for i in r:\n    k = i\n    g(«h(k)»)\n", "the loop binds k"),
        ("for i in r:\n    def inner(z):\n        return «h(z)»\n", "the loop binds z"),
        ("for i in r:\n    g(«(w := 3)»)\n", "assigns, awaits or yields"),
        ("ys = [«h(x)» for x in xs]\n", "the loop binds x"),
    ],
)
def test_what_needs_the_loop_stays(program, reason):
    with pytest.raises(CannotEdit, match=reason):
        hoisted(program)


def test_a_lambdas_own_parameter_does_not_hold_it_back():
    assert "step = jax.jit(lambda i: i)\n" in hoisted("for i in r:\n    «jax.jit(lambda i: i)»(i)\n")


def to_module(program):
    source, place = marked(program)
    return written(source, hoist_to_module(source, expression_at(source, place), "_step"))


def test_to_the_module_before_the_function():
    assert to_module("""
        import jax


        def run(x):
            return «jax.jit(lambda y: y + 1)»(x)
    """) == shown("""
        import jax


        _step = jax.jit(lambda y: y + 1)


        def run(x):
            return _step(x)
    """)


def test_to_the_module_after_a_function_that_it_names():
    assert to_module("""
        import jax

        def run(x):
            return «jax.jit(g)»(x)

        def g(y):
            return later(y)

        def later(y):
            return y
    """) == shown("""
        import jax

        def run(x):
            return _step(x)

        def g(y):
            return later(y)


        _step = jax.jit(g)

        def later(y):
            return y
    """)


def test_what_needs_the_functions_own_names_stays():
    with pytest.raises(CannotEdit, match="needs scale, which the function"):
        to_module("def run(scale):\n    return «jax.jit(lambda y: y * scale)»\n")


def test_a_def_moves_out_of_its_loop_with_its_strings_untouched():
    source, place = marked("""
        def train(xs):
            for x in xs:
                @jax.jit
                def «step»(y):
                    text = '''
                keep
            '''
                    return y

                x = step(x)
    """)
    function = function_at(source, place)
    after = written(source, move_before(source, function, enclosing(source, function, *LOOPS)))
    assert after == shown("""
        def train(xs):
            @jax.jit
            def step(y):
                text = '''
                keep
            '''
                return y
            for x in xs:

                x = step(x)
    """)


def test_a_def_that_reads_the_loops_names_stays():
    source, place = marked("for x in xs:\n    def «step»(y):\n        return y + x\n")
    function = function_at(source, place)
    with pytest.raises(CannotEdit, match="needs x"):
        move_before(source, function, enclosing(source, function, *LOOPS))


def test_a_setting_moves_up():
    source, _ = marked("import os\nimport jax\n«os.environ['XLA_FLAGS'] = '--a'»\n")
    moved = source.tree.body[2]
    assert written(source, move_before(source, moved, source.tree.body[1])) == (
        "import os\nos.environ['XLA_FLAGS'] = '--a'\nimport jax\n"
    )


def test_a_statement_takes_its_comment_with_it():
    source, _ = marked("for x in xs:\n    «step = jax.jit(f)»  # one program\n    x = step(x)  # a turn\n")
    loop = source.tree.body[0]
    assert written(source, move_before(source, loop.body[0], loop)) == (
        "step = jax.jit(f)  # one program\nfor x in xs:\n    x = step(x)  # a turn\n"
    )


@pytest.mark.parametrize("line", ["step = jax.jit(f); x = step(x)  # here", "step = jax.jit(f)  # here"])
def test_a_comment_whose_line_stays_stays(line):
    source, _ = marked(f"for «x» in xs:\n    {line}\n")
    loop = source.tree.body[0]
    statement = next(one for one in loop.body if "step =" in source.of(one))
    after = written(source, move_before(source, statement, loop))
    assert after.startswith("step = jax.jit(f)\nfor x in xs:\n")
    assert after.count("# here") == 1


def test_signs_that_end_lines_elsewhere_end_none_in_python():
    source, place = marked(
        "for x in xs:\n    def «step»(y):\n        \x0c\n        return y, '\u2028 \x85'\n    x = step(x)\n"
    )
    function = function_at(source, place)
    after = written(source, move_before(source, function, enclosing(source, function, *LOOPS)))
    assert after == "def step(y):\n    \x0c\n    return y, '\u2028 \x85'\nfor x in xs:\n    x = step(x)\n"


def test_an_expression_with_a_string_of_several_lines_stays():
    with pytest.raises(CannotEdit, match="a string in the expression"):
        hoisted("def g():\n    for i in r:\n        «h('''a\n  b''')»\n")
