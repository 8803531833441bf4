"""What an audit proposes for numbers that never change, on programs that are really run."""

POWER = """
    @jax.jit
    def push(x, dt, order):
        for _ in range(3):
            x = x + dt * shape(x, order)
        return x


    def shape(x, n):
        return jnp.power(x, n) / (1 + x**2)


    x = jnp.ones(100)
    for _ in range(5):
        x = push(x, 1e-3, 3)
    print(float(x.sum()))
"""


def of(folder, code, tiny=False, **more):
    # compiling a small program takes less than what the rule thinks worth a word: ask the propose alone
    from rules.captures import hoisted_programs as harness

    files = harness.program(code)
    printed, evidence = harness.run(folder / "before", files)
    from dataclasses import replace

    longer = tuple(replace(one, compile_s=one.compile_s + 1.0) for one in evidence.functions)
    if tiny:  # as if the machine had had nothing else to do
        whole = evidence.environment.import_s + sum(one.seconds for one in evidence.compiles)
        evidence = replace(evidence, environment=replace(evidence.environment, seconds=whole + 1e-6))
    tried = harness.Tried(files, printed, replace(evidence, functions=longer))
    for answer in harness.answers(folder / "before", files, tried.evidence, harness.SMALL, ("static-candidate",)):
        (tried.changes if isinstance(answer, harness.Change) else tried.refused).append(answer)
    return tried


def test_an_exponent_is_tried_and_a_factor_is_ruled_out_with_its_sum(tmp_path):
    tried = of(tmp_path, POWER)
    [change] = tried.changes
    assert "`order` of `push` becomes static" in change.title
    assert "@functools.partial(jax.jit, static_argnames=('order',))" in "".join(tried.lines(change)).replace('"', "'")
    assert all("dt" not in change.title for change in tried.changes)


def test_a_caller_that_differentiates_by_it_rules_it_out(tmp_path):
    tried = of(
        tmp_path,
        {
            "main.py": "import jax\nimport jax.numpy as jnp\nfrom halo import density\n\nfor _ in range(5):\n    print(float(density(jnp.ones(3), 2.0).sum()))\n",
            "halo.py": "import jax\nimport jax.numpy as jnp\n\n\n@jax.jit\ndef density(x, slope):\n    return jnp.power(1 + x, slope)\n",
            "other.py": "import jax\nimport jax.numpy as jnp\nfrom halo import density\n\nprint(jax.jacfwd(lambda s: density(jnp.ones(3), s))(1.0))\n",
        },
    )
    assert not tried.changes
    [refused] = tried.refused
    assert refused.code == "arrives-as-tracer" and "other.py:5" in refused.text and "jacfwd" in refused.text


def test_a_program_beside_it_with_many_values_rules_it_out(tmp_path):
    tried = of(
        tmp_path,
        {
            "main.py": "import jax\nimport jax.numpy as jnp\nfrom halo import density\n\nfor _ in range(5):\n    print(float(density(jnp.ones(3), 2.0).sum()))\n",
            "halo.py": "import jax\nimport jax.numpy as jnp\n\n\n@jax.jit\ndef density(x, slope):\n    return jnp.power(1 + x, slope)\n",
            "other.py": "import jax.numpy as jnp\nfrom halo import density\n\nfor k in range(40):\n    slope = 1.0 + 0.05 * k\n    print(density(jnp.ones(3), slope))\n",
        },
    )
    assert not tried.changes
    [refused] = tried.refused
    assert refused.code == "varies" and "other.py:6" in refused.text


def test_what_the_user_wants_traced_stays_so(tmp_path):
    from jaxaudit.rules.project import Wishes
    from rules.captures import hoisted_programs as harness

    kept, harness.SMALL = harness.SMALL, Wishes(never_static=("order",))
    try:
        tried = of(tmp_path, POWER)
    finally:
        harness.SMALL = kept
    assert not tried.changes
    assert any("never-static" in one.text for one in tried.refused)


LEAP = """
    @jax.jit
    def leap(x, dt, k, drag):
        return x - dt * (k * x + drag)


    def main(k):
        dt = 1e-3
        x = jnp.linspace(0.0, 1.0, 8)
        for epoch in range(2):
            {inner}
            for _ in range(3):
                x = leap(x, dt, {k}, drag=-0.1)
        print(f"{{float(x.sum()):.4f}}")


    main(2.5)
"""


WRITTEN = """\
    dt_array = jnp.asarray(dt)
    drag_array = jnp.asarray(-0.1)
    for epoch in range(2):
        rate = k * 1.0
        rate_array = jnp.asarray(rate)
        for _ in range(3):
            x = leap(x, dt_array, rate_array, drag=drag_array)
"""


def test_numbers_of_tiny_calls_are_made_arrays_before_the_loop(tmp_path):
    tried = of(tmp_path, LEAP.format(inner="rate = k * 1.0", k="rate"), tiny=True)
    once, static = tried.changes
    assert once.title == "`dt`, `k`, `drag` handed to `leap` as arrays, made once before the loop"
    [text] = tried.after(once).values()
    assert WRITTEN in text
    assert static.title == "`dt`, `k`, `drag` of `leap` become static: one value in this run"
    assert static.group == once.group


def test_what_is_worked_out_in_each_turn_stays(tmp_path):
    once = of(tmp_path, LEAP.format(inner="rate = k", k="rate * 1.0"), tiny=True).changes[0]
    assert once.title == "`dt`, `drag` handed to `leap` as arrays, made once before the loop"


def test_a_caller_that_is_traced_itself_keeps_its_numbers(tmp_path):
    code = LEAP.format(inner="x = whole(x)", k="k").replace(
        "    def main(k):",
        "    @jax.jit\n    def whole(x):\n        for _ in range(2):\n            x = leap(x, 1e-3, 2.5, drag=-0.1)\n        return x\n\n\n    def main(k):",
    )
    tried = of(tmp_path, code, tiny=True)
    [text] = tried.after(tried.changes[0]).values()
    assert "x = leap(x, 1e-3, 2.5, drag=-0.1)" in text
    assert "leap(x, dt_array" in text


def decorated(body):
    return {
        "main.py": "from halo import density\n\nfor _ in range(5):\n    print(float(density(2.0, 3).sum()))\n",
        "halo.py": f"""import functools

import jax
import jax.numpy as jnp


def named(unit):
    def wrap(function):
        @functools.wraps(function)
        def inner(*args, **kwargs):
            {body}
        return inner
    return wrap


@named("kg")
@jax.jit
def density(x, n):
    return jnp.power(1 + x, n) * jnp.ones(3)
""",
        "other.py": "import jax\nimport jax.numpy as jnp\nfrom halo import density\n\nprint(jax.vmap(density)(jnp.ones(3), jnp.arange(3)))\n",
    }


def test_a_caller_behind_a_decorator_that_hands_all_on(tmp_path):
    tried = of(tmp_path, decorated("return function(*args, **kwargs)"))
    assert not tried.changes
    assert any("other.py:5 hands a tracer of `vmap` to `n`" in refused.text for refused in tried.refused)


def test_a_caller_behind_a_decorator_that_does_more(tmp_path):
    tried = of(tmp_path, decorated("print(unit)\n            return function(*args, **kwargs)"))
    assert not tried.changes
    assert any("other.py:5 hands `inner`" in refused.text for refused in tried.refused)


LAW = "import jax\nimport jax.numpy as jnp\n\n\n@jax.jit\ndef fade(x, order):\n    return jnp.power(1 + x, order)\n\n\n"
TABLE = LAW + 'LAWS = {"fade": fade}\n\n\ndef apply(law, x, **settings):\n    return LAWS[law](x, **settings)\n'
DAY = "import jax.numpy as jnp\nimport laws\n\nfor _ in range(5):\n    print(float(laws.apply('fade', jnp.ones(3), order=2).sum()))\n"


def test_a_table_whose_callers_are_all_in_sight(tmp_path):
    [change] = of(tmp_path, {"main.py": DAY, "laws.py": TABLE}).changes
    assert "`order` of `fade` becomes static" in change.title


def test_an_array_that_another_script_hands_in_through_the_table(tmp_path):
    plate = (
        "import functools\nimport numpy as np\nfrom laws import LAWS\n\n\ndef rows(law, orders):\n"
        "    draw = functools.partial(LAWS[law], np.ones((1, 4)))\n    return draw(order=np.asarray(orders)[:, None])\n"
    )
    tried = of(tmp_path, {"main.py": DAY, "laws.py": TABLE, "plate.py": plate})
    assert not tried.changes
    [refused] = tried.refused
    assert refused.code == "unhashable" and "plate.py:8 hands an array in as `order`" in refused.text


def test_a_list_that_another_script_hands_in(tmp_path):
    other = "import jax.numpy as jnp\nimport laws\n\nlaws.apply('fade', jnp.ones(2), order=[1, 2])\n"
    tried = of(tmp_path, {"main.py": DAY, "laws.py": TABLE, "other.py": other})
    assert [one.code for one in tried.refused] == ["unhashable"]


def test_an_item_of_what_numpy_reads_that_a_caller_hands_on(tmp_path):
    site = (
        "import jax.numpy as jnp\nimport numpy as np\nimport laws\n\n\ndef spread(x, order):\n    return laws.fade(x, order)\n\n\n"
        "site = np.genfromtxt('site.txt', names=True)\nspread(jnp.ones(2), site['slope'])\nspread(jnp.ones(2), 3)\n"
    )
    main = "import jax.numpy as jnp\nimport laws\n\nfor _ in range(5):\n    print(float(laws.fade(jnp.ones(3), 2).sum()))\n"
    tried = of(tmp_path, {"main.py": main, "laws.py": LAW, "site.py": site})
    assert not tried.changes and [one.code for one in tried.refused] == ["unhashable"]


def test_a_function_whose_callers_are_out_of_sight(tmp_path):
    """Put into an object by its name, and called by that."""
    registry = (
        LAW
        + "class Laws:\n    pass\n\n\ndef register(name, law):\n    setattr(Laws, name, law)\n\n\nregister('dim', fade)\n"
    )
    main = "import jax.numpy as jnp\nimport laws\n\nfor _ in range(5):\n    print(float(laws.Laws.dim(jnp.ones(3), 2).sum()))\n"
    tried = of(tmp_path, {"main.py": main, "laws.py": registry})
    assert not tried.changes
    assert "laws.py:18 hands `fade` on, and the source does not show who calls it" in tried.refused[0].text
