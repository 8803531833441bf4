"""Each reason for which something compiles again gives one finding, of one rule, that names the leaf and its values."""

import pytest

from evidence.records import at, compiled, row, site
from rules.observed import every, only, seen

LIBRARY = "/env/lib/python3.12/site-packages/{name}/core.py"


@pytest.mark.parametrize(
    ("kind", "change", "words"),
    [
        ("weak-type", ("model.log_flux", "weak f32[]", "f32[]"), ["`model.log_flux`", "weak", "f32[]", "`step`"]),
        ("dtype", ("x", "i32[64]", "f32[64]"), ["`x`", "its dtype", "i32[64] -> f32[64]"]),
        ("shape", ("batch", "f32[32,8]", "f32[17,8]"), ["`batch`", "f32[32,8] -> f32[17,8]"]),
        ("structure", ("state['m']", "not there", "f32[3]"), ["`state['m']`", "not there -> f32[3]"]),
        ("sharding", ("count", "cpu:0", "NamedSharding(data)"), ["`count`", "sharding", "NamedSharding(data)"]),
        ("committed", ("x", "cpu:0, not committed", "cpu:0, committed"), ["`x`", "committed"]),
        ("convention", ("the call", "2 by position", "1 by position, scale by name"), ["1 by position, scale by name"]),
        ("surprise", ("x", "old", "new"), ["`x`", "old -> new"]),
    ],
)
def test_an_argument_that_changes(tmp_path, kind, change, words):
    one = only(
        tmp_path, "unstable-structure", site(tmp_path), compiled(), compiled(kind, 1, change, at=at(tmp_path, 11))
    )
    assert (one.place.line, one.place.function) == (5, "step")
    assert all(word in one.message for word in words), one.message
    assert "compiled twice instead of once, which cost 1.0 s" in one.message
    assert [note.place.line for note in one.notes] == [11]


def test_a_cause_that_is_not_known_is_a_finding_all_the_same(tmp_path):
    rows = [site(tmp_path), compiled(), compiled("unknown", text="nothing that was compared differs")]
    one = only(tmp_path, "unstable-structure", *rows)
    assert "`step` compiled twice" in one.message
    assert "nothing that was compared differs" in one.message


def test_many_leaves_are_named_by_the_first_ones(tmp_path):
    changes = [(f"params[{i}]", "f32[3]", "f64[3]") for i in range(9)]
    one = only(tmp_path, "unstable-structure", site(tmp_path), compiled(), compiled("dtype", 1, *changes))
    assert "`params[0]`, `params[1]`, `params[2]` and 6 more changed together" in one.message


def test_a_cheap_single_recompilation_is_a_note(tmp_path):
    cheap = compiled("dtype", 1, ("x", "i32[]", "f32[]"), trace_s=0.01, lower_s=0.0, compile_s=0.02)
    assert only(tmp_path, "unstable-structure", site(tmp_path), compiled(), cheap).severity == "info"
    dear = compiled("dtype", 1, ("x", "i32[]", "f32[]"))
    assert only(tmp_path, "unstable-structure", site(tmp_path), compiled(), dear).severity == "warning"


def test_a_static_argument_of_many_values(tmp_path):
    rows = [
        site(tmp_path, static=["scale"]),
        compiled(),
        compiled("static-value", 1, ("scale", "1.5", "5.0")),
        compiled("static-value", 1, ("scale", "5.0", "7.5")),
    ]
    one = only(tmp_path, "varying-static", *rows)
    assert "the static argument `scale` took 3 values (1.5, 5.0, 7.5)" in one.message
    assert "compiled 3 times instead of once, which cost 2.0 s" in one.message
    assert "static arguments" in one.help


def test_two_values_are_few(tmp_path):
    rows = [site(tmp_path, static=["scale"]), compiled(), compiled("static-value", 1, ("scale", "1.5", "5.0"))]
    assert only(tmp_path, "varying-static", *rows).severity == "info"


def test_a_static_field(tmp_path):
    rows = [site(tmp_path), compiled(), compiled("static-value", 1, ("m.stddev", "5.0", "10.0"))]
    one = only(tmp_path, "varying-static", *rows)
    assert "the static field `m.stddev`" in one.message
    assert "data field" in one.help


def test_a_number_that_a_filter_makes_static(tmp_path):
    rows = [site(tmp_path, wrapper="filter_jit"), compiled(), compiled("static-value", 1, ("scale", "0.1", "0.2"))]
    assert "jnp.asarray(scale)" in only(tmp_path, "varying-static", *rows).help


@pytest.mark.parametrize("kind", ["static-identity", "static-function"])
def test_objects_compared_by_identity(tmp_path, kind):
    change = ("loss", "partial of function ridge", "another partial of function ridge")
    one = only(tmp_path, "identity-hashed-static", site(tmp_path), compiled(), compiled(kind, 1, change))
    assert "`loss` is static and compared by identity" in one.message
    assert "partial of function ridge" in one.message
    assert "Build the partial" in one.help


@pytest.mark.parametrize(
    ("value", "made"),
    [
        ("<PjitFunction of <function squash at 0x7f>>", "a jitted function"),
        ("function Gate.__init__.<locals>.<lambda> of line 8", "a closure"),
    ],
)
def test_a_function_that_each_object_makes_for_itself(tmp_path, value, made):
    rows = [site(tmp_path), compiled(), compiled("static-function", 1, ("gate.squash", value, f"another {value}"))]
    one = only(tmp_path, "jit-in-field", *rows)
    assert f"`gate.squash` is {made} that each object makes for itself" in one.message
    assert "compiled twice instead of once" in one.message


def test_an_optimiser_made_anew_is_no_field_of_a_module(tmp_path):
    change = ("opt.update", "function chain.<locals>.update_fn of line 8", "another function of line 8")
    only(tmp_path, "identity-hashed-static", site(tmp_path), compiled(), compiled("static-function", 1, change))


def test_jit_in_a_loop(tmp_path):
    again = [
        compiled("new-function", 1, ("the function", "one object", "a new one"), at=at(tmp_path, 11), compile_s=0.1)
    ] * 14
    one = only(tmp_path, "jit-in-loop", site(tmp_path, jitted_at=at(tmp_path, 11)), compiled(), *again)
    assert (one.place.line, one.place.function) == (11, "fit")
    assert "jitted anew in each turn of the loop at line 10" in one.message
    assert "15 times" in one.message
    assert "one object" not in one.message


def test_jit_in_a_function_that_is_called_again(tmp_path):
    again = [
        compiled("new-function", 1, ("scale", old, new), at=at(tmp_path, 9)) for old, new in [("1", "2"), ("2", "3")]
    ]
    one = only(tmp_path, "jit-per-call", site(tmp_path), compiled(), *again)
    assert "in each call of `fit`" in one.message
    assert "what it captures differs: `scale` was 1, 2, 3" in one.message


def test_a_loop_of_lax_outside_jit(tmp_path):
    eager = site(tmp_path, 2, "scan", path=LIBRARY.format(name="jax"), wrapper="eager", user=False)
    body = site(tmp_path, 3, "<lambda>", 11, wrapper="body")
    again = compiled("new-function", 2, ("<lambda>", "one object", "a new one"), at=at(tmp_path, 11), bodies=[3])
    one = only(tmp_path, "fresh-body", eager, body, compiled(number=2, at=at(tmp_path, 11)), again, again)
    assert one.place.line == 11
    assert "`scan` runs outside jit with the body function `<lambda>` (line 11)" in one.message


def test_a_shape_that_differs_each_time(tmp_path):
    shapes = [("frames", "f32[24,8]", "f32[31,8]"), ("frames", "f32[31,8]", "f32[18,8]")]
    one = only(
        tmp_path, "shape-churn", site(tmp_path), compiled(), *(compiled("shape", 1, change) for change in shapes)
    )
    assert "`frames` of `step` came in 3 shapes (f32[24,8], f32[31,8], f32[18,8])" in one.message


def test_an_array_that_grows(tmp_path):
    changes = [("history", f"f32[{n}]", f"f32[{n + 2}]") for n in range(2, 12, 2)]
    one = only(
        tmp_path, "growing-array", site(tmp_path), compiled(), *(compiled("shape", 1, change) for change in changes)
    )
    assert "`history` of `step` grew by 2 from call to call (f32[2], f32[4]" in one.message
    assert one.facts["grows_by"] == 2
    assert "full size" in one.help


def test_the_line_that_makes_an_array_grow_is_told_with_it(tmp_path):
    changes = [("history", f"f32[{n}]", f"f32[{n + 1}]") for n in range(1, 6)]
    join = site(tmp_path, 2, "concatenate", path=LIBRARY.format(name="jax"), user=False)
    small = {"at": at(tmp_path, 12), "compile_s": 0.01}
    joins = [compiled("signature", 2, text=f"called with f32[{n}]", **small) for n in range(1, 5)]
    one = only(
        tmp_path, "growing-array", site(tmp_path), join, compiled(), compiled(number=2, **small),
        *(compiled("shape", 1, change, at=at(tmp_path, 11), compile_s=0.1) for change in changes), *joins,
    )  # fmt: skip
    assert "made longer by `concatenate` at line 12" in one.message
    assert [note.place.line for note in one.notes] == [11, 12]


def test_sizes_that_only_go_up_are_no_growth(tmp_path):
    changes = [("batch", f"f32[{n}]", f"f32[{2 * n}]") for n in (8, 16, 32, 64, 128)]
    only(tmp_path, "shape-churn", site(tmp_path), compiled(), *(compiled("shape", 1, change) for change in changes))


def test_a_setting_that_changes(tmp_path):
    change = ("jax_default_matmul_precision", "None", "'highest'")
    one = only(tmp_path, "context-change", site(tmp_path), compiled(), compiled("context", 1, change))
    assert "the setting `jax_default_matmul_precision` changed between its calls (None -> 'highest')" in one.message


def test_cleared_caches(tmp_path):
    one = only(tmp_path, "context-change", site(tmp_path), compiled(), compiled("cache-cleared"))
    assert "caches were cleared" in one.message


@pytest.mark.parametrize(
    ("kind", "changes", "words"),
    [
        ("static-value", [("t0", "0.0", "1.5"), ("t0", "1.5", "3.0")], ["`t0`", "static", "0.0, 1.5, 3.0"]),
        ("new-function", [("the function", "one object", "a new one")], ["new function object", "data"]),
        ("signature", [], ["called with dict"]),
    ],
)
def test_a_librarys_function(tmp_path, kind, changes, words):
    theirs = site(tmp_path, 2, "diffeqsolve", path=LIBRARY.format(name="diffrax"), user=False)
    again = [compiled(kind, 2, change, at=at(tmp_path, 11), text="called with dict") for change in changes]
    again = again or [compiled(kind, 2, at=at(tmp_path, 11), text="called with dict")]
    one = only(tmp_path, "library-recompile", theirs, compiled(number=2, at=at(tmp_path, 11)), *again)
    assert (one.place.path, one.place.line, one.place.function) == ("train.py", 11, "fit")
    assert all(word in one.message for word in ["diffrax's `diffeqsolve`", *words]), one.message
    assert "arrays" in one.help


def test_single_operations_in_a_loop(tmp_path):
    add = site(tmp_path, 2, "add", path=LIBRARY.format(name="jax"), user=False, wrapper="eager")
    again = [compiled("signature", 2, at=at(tmp_path, 11), text=f"called with f32[{n}]") for n in range(5)]
    one = only(tmp_path, "eager-hot-path", add, compiled(number=2, at=at(tmp_path, 11)), *again)
    assert "compiled again 5 times" in one.message
    assert "`add`" in one.message


def test_a_loop_that_a_library_runs_outside_jit(tmp_path):
    scan = site(tmp_path, 2, "scan", path=LIBRARY.format(name="jax"), user=False, wrapper="eager")
    via = LIBRARY.format(name="numpyro")
    again = [compiled("signature", 2, at=at(tmp_path, 11), text="called with f32[10]", via=via) for _ in range(3)]
    one = only(tmp_path, "library-recompile", scan, compiled(number=2, at=at(tmp_path, 11), via=via), *again)
    assert one.message.startswith("numpyro's `scan` of this line or of what it calls compiled 4 times")
    assert "Predictive" in one.help


def test_single_operations_of_a_library_are_its_own(tmp_path):
    add = site(tmp_path, 2, "add", path=LIBRARY.format(name="jax"), user=False, wrapper="eager")
    via = LIBRARY.format(name="numpyro")
    again = [compiled("signature", 2, at=at(tmp_path, 11), text=f"called with f32[{n}]", via=via) for n in range(5)]
    one = only(tmp_path, "eager-hot-path", add, compiled(number=2, at=at(tmp_path, 11), via=via), *again)
    assert one.message.startswith("numpyro works outside jit here")
    assert "numpyro does this itself" in one.help and "put one jit" not in one.help.lower()


def test_single_operations_now_and_then_are_one_note(tmp_path):
    add = site(tmp_path, 2, "add", path=LIBRARY.format(name="jax"), user=False, wrapper="eager")
    again = [compiled("signature", 2, at=at(tmp_path, line)) for line in (9, 11, 11)]
    one = only(tmp_path, "eager-hot-path", add, compiled(number=2), *again)
    assert one.severity == "info"
    assert "3 small programs" in one.message
    assert one.place.line == 11


def test_the_program_of_a_gradient_is_no_recompilation(tmp_path):
    assert not every(tmp_path, site(tmp_path), compiled(), compiled("derived"))


def test_none_is_left_without_a_finding(tmp_path):
    kinds = ["shape", "dtype", "static-value", "static-identity", "new-function", "context", "unknown", "of tomorrow"]
    rows = [site(tmp_path), compiled(), *(compiled(kind, 1, ("x", "a", "b"), at=at(tmp_path, 9)) for kind in kinds)]
    assert sum(one.facts["recompiles"] for one in every(tmp_path, *rows) if "recompiles" in one.facts) == len(kinds)


def test_another_program_is_no_recompilation(tmp_path):
    assert not every(tmp_path, site(tmp_path), compiled(), compiled("another-program"))


def test_several_leaves_of_a_library_are_told_in_the_plural(tmp_path):
    theirs = site(tmp_path, 2, "diffeqsolve", path=LIBRARY.format(name="diffrax"), user=False)
    again = compiled("weak-type", 2, ("state.error", "f32[]", "weak f32[]"), ("y", "f32[]", "weak f32[]"))
    one = only(tmp_path, "library-recompile", theirs, compiled(number=2), again)
    assert "`state.error` and `y` were weakly typed" in one.message
    assert "dtype" in one.help


def test_processes_start_with_a_first_compilation_each(tmp_path):
    assert not seen(tmp_path, "unstable-structure", site(tmp_path), compiled(), compiled())


def test_a_function_jitted_before_the_loop_that_calls_it_is_jitted_per_call(tmp_path):
    (tmp_path / "fits.py").write_text(
        "def fit(xs):\n    step = jax.jit(lambda x: x)\n    for x in xs:\n        step(x)\n", "utf-8"
    )
    place = {"path": str(tmp_path / "fits.py"), "line": 4, "function": "fit"}
    one = only(
        tmp_path,
        "jit-per-call",
        site(tmp_path, name="fit.<locals>.<lambda>", path=place["path"], line=2),
        compiled(at=place),
        *[compiled("new-function", 1, ("the function", "one object", "a new one"), at=place)] * 2,
    )
    assert (one.place.line, one.place.function) == (2, "fit")
    assert "in each call of `fit`" in one.message


def test_a_function_of_a_library_that_a_function_of_the_user_jits(tmp_path):
    path = LIBRARY.format(name="blackjax")
    made = row("jitted", name="build.<locals>.step", path=path, line=30, wrapper="jit", at=at(tmp_path, 9))
    of_library = site(tmp_path, name="build.<locals>.step", path=path, line=30, user=False)
    again = [
        compiled("new-function", 1, ("kernel", "function kernel of line 4", "another function kernel of line 4"))
    ] * 2
    again = [one | {"at": at(tmp_path, 11)} for one in again]
    one = only(tmp_path, "jit-per-call", made, of_library, compiled(at=at(tmp_path, 11)), *again)
    assert (one.place.line, one.place.function) == (9, "fit")
    assert "it captures `kernel`, a function that is made anew each time too" in one.message


def test_a_function_of_the_module_is_wrapped_anew(tmp_path):
    change = ("the function", "one object", "a new one")
    one = only(
        tmp_path, "jit-per-call", site(tmp_path), compiled(), compiled("new-function", 1, change, at=at(tmp_path, 9))
    )
    assert one.message.startswith("`step` is wrapped and jitted anew in each call of `fit` (`vmap`, `grad`, `partial`")
