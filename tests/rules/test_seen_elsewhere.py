"""What rules see in a run apart from recompilations: constants, syncs, keys, donations, uploads, unrolled loops."""

import pytest

from evidence.records import at, compiled, row, site
from rules.observed import every, only, seen


def constant(tmp_path, holder="tensor", leaf="", size=19_200_000, **more):
    shown = {
        "shape": [200, 160, 150],
        "dtype": "float32",
        "bytes": size,
        "at": at(tmp_path, 6, "step"),
        "how": "closure",
    }
    return row("constant", site=1, holder=holder, leaf=leaf, **(shown | more))


def test_a_captured_array(tmp_path):
    made = {"path": str(tmp_path / "train.py"), "line": 1}
    one = only(tmp_path, "captured-array", site(tmp_path), constant(tmp_path, made=made))
    assert (one.place.line, one.place.function) == (6, "step")
    assert "`step` closes over `tensor` (float32[200,160,150], 19.2 MB)" in one.message
    assert "constant" in one.message
    assert one.facts["bytes"] == 19_200_000
    assert [note.place.line for note in one.notes] == [1]


def test_the_parts_of_one_object_are_one_finding(tmp_path):
    parts = [constant(tmp_path, "optics.coronagraph", leaf) for leaf in (".psf", ".mask")]
    one = only(tmp_path, "captured-array", site(tmp_path), *parts)
    assert "`optics.coronagraph.psf` and `optics.coronagraph.mask`" in one.message
    assert "38.4 MB in all" in one.message
    assert "partial(jitted, optics)" in one.help


def test_what_the_object_of_a_method_holds(tmp_path):
    one = only(tmp_path, "captured-self", site(tmp_path, name="Sim.step"), constant(tmp_path, "self", ".kernel"))
    assert "`self.kernel`" in one.message


def test_an_array_that_comes_in_through_another_function_is_told_at_the_jitted_one(tmp_path):
    inner = constant(tmp_path, at=at(tmp_path, 11, "fit.body"))
    one = only(tmp_path, "captured-array", site(tmp_path), inner)
    assert (one.place.line, one.place.function) == (5, "step")
    assert [note.place.line for note in one.notes] == [11]


def test_what_tracing_makes_itself_is_not_the_authors(tmp_path):
    assert not every(tmp_path, site(tmp_path), constant(tmp_path, how="created"), constant(tmp_path, size=12))


@pytest.mark.parametrize(
    ("static", "words", "help"),
    [
        (["det"], "the static argument `det`", "Trace `det`"),
        ([], "static metadata of the argument `det`", "data field"),
    ],
)
def test_an_array_that_a_static_argument_brought_in(tmp_path, static, words, help):
    rows = [site(tmp_path, parameters=["det", "x"], static=static), constant(tmp_path, "det", ".dark", how="argument")]
    one = only(tmp_path, "static-array", *rows)
    assert "`det.dark` (float32[200,160,150], 19.2 MB) of `step` came in through " + words in one.message
    assert help in one.help


def test_what_numpy_makes_while_a_function_is_traced(tmp_path):
    mask = constant(tmp_path, "mask", size=9_000_000, how="made", at=at(tmp_path, 7, "step"))
    other = constant(tmp_path, "", how="made", at=at(tmp_path, 8, "step"))
    one = only(tmp_path, "captured-array", site(tmp_path), mask, other)
    assert (one.place.line, one.place.function) == (8, "step")
    assert "`mask` and an array (float32[200,160,150], 19.2 MB" in one.message
    assert "come from NumPy while `step` is traced: baked into the program as constants" in one.message
    assert one.facts["bytes"] == 28_200_000 and "jax.numpy" in one.help
    assert not every(tmp_path, site(tmp_path), constant(tmp_path, "", how="created"))


def test_work_that_xla_does_on_constants(tmp_path):
    folds = [row("fold", site=1, seconds=2.5, text="`cumsum` of float32[9]", operations=3)] * 2
    rows = [site(tmp_path), constant(tmp_path, "table", size=800_000), *folds]
    (one,) = seen(tmp_path, "folded-constant", *rows)
    assert "`step` took 5.0 s to compile, and `cumsum` of float32[9] (and 2 more) in it" in one.message
    assert "the constant `table`" in one.message


def sync(tmp_path, line, how=".item()", count=60, **more):
    fields = {"blocked": count, "seconds": 0.5, "bytes": 240, "loop": True, "in_loop_of": None}
    return row("sync", **at(tmp_path, line), how=how, count=count, **(fields | more))


def test_a_wait_in_every_turn(tmp_path):
    one = only(tmp_path, "host-sync-in-loop", sync(tmp_path, 12))
    assert (one.place.line, one.place.function) == (12, "fit")
    assert "`.item()` fetches a device value in every turn of the loop at line 10 (sync): 60 times" in one.message
    assert "500 ms" in one.message
    assert one.certain


@pytest.mark.parametrize(
    "change",
    [{"count": 8}, {"line": 14}, {"line": 15, "loop": False, "count": 1}, {"calls": 600}],
    ids=["few turns", "every tenth turn", "after the loop", "one read for ten calls"],
)
def test_a_wait_that_is_fine(tmp_path, change):
    assert not every(tmp_path, sync(tmp_path, **({"line": 12} | change)))


def test_a_wait_that_was_asked_for_may_be_what_is_timed(tmp_path):
    one = only(tmp_path, "host-sync-in-loop", sync(tmp_path, 12, "block_until_ready"))
    assert not one.certain


def test_a_wait_in_a_function_that_a_loop_elsewhere_calls(tmp_path):
    one = only(tmp_path, "host-sync-in-loop", sync(tmp_path, 6, in_loop_of=at(tmp_path, 11)))
    assert "the loop at line 11" in one.message


def test_a_wait_in_a_loop_over_what_a_turn_brought(tmp_path):
    one = only(tmp_path, "host-sync-in-loop", sync(tmp_path, 12, in_loop_of=at(tmp_path, 4), calls=30))
    assert "the loop at line 4" in one.message


def test_a_key_used_twice(tmp_path):
    used = row(
        "keys", site=None, key="key", first=at(tmp_path, 9), again=at(tmp_path, 11), how="normal, then normal", times=3
    )
    one = only(tmp_path, "key-reuse", used)
    assert one.place.line == 11
    assert "`key` is used twice: it was consumed already at line 9" in one.message
    assert "3 times in this run" in one.message
    assert [note.place.line for note in one.notes] == [9]


def test_a_buffer_donated_for_nothing(tmp_path):
    one = only(tmp_path, "donated-reuse", site(tmp_path), row("donation", site=1, wasted=["images"], missed=[]))
    assert "`images` of `step` is donated, and no output" in one.message


@pytest.mark.parametrize(("size", "dead", "found"), [(8 << 20, True, 1), (8 << 20, False, 0), (100, True, 0)])
def test_a_buffer_that_could_have_been_donated(tmp_path, size, dead, found):
    missed = [{"name": "state['w']", "bytes": size, "dead": dead}]
    said = every(tmp_path, site(tmp_path), row("donation", site=1, wasted=[], missed=missed))
    assert [one.rule for one in said] == ["missed-donation"] * found
    assert all("donate_argnames='state'" in one.help for one in said)


def calls(**argument):
    fields = {"name": "scale", "kinds": ["float"], "values": "one", "distinct": 1, "tracer": False, "bytes": 8}
    return row("calls", site=1, calls=40, sampled=30, tracer_calls=0, arguments=[fields | argument])


def test_a_host_array_that_is_copied_at_each_call(tmp_path):
    one = only(
        tmp_path,
        "implicit-upload",
        site(tmp_path),
        calls(kinds=["numpy"], values="array", bytes=4 << 20, same_object=True, host_upload_bytes=160 << 20),
    )
    assert "`scale` of `step` is the same host array in every call" in one.message
    assert "168 MB in 40 calls" in one.message


def test_a_number_that_never_changes_is_a_suspicion(tmp_path):
    one = only(tmp_path, "static-candidate", site(tmp_path), compiled(), calls())
    assert "`scale` of `step` is a Python number that had one value in 30 calls looked at, of about 40" in one.message
    assert not one.certain


@pytest.mark.parametrize("change", [{"values": "few"}, {"tracer": True}, {"kinds": ["float", "jax.Array"]}])
def test_what_is_no_candidate(tmp_path, change):
    assert not every(tmp_path, site(tmp_path), compiled(), calls(**change))


def test_a_static_argument_that_arrives_as_a_tracer(tmp_path):
    one = only(tmp_path, "traced-static", site(tmp_path, static=["scale"]), calls(tracer=True, kinds=["tracer"]))
    assert "the static argument `scale` of `step` arrived as a tracer" in one.message


def program(tmp_path, line, count, whole=900):
    return row("program", site=1, equations=whole, lines=[{**at(tmp_path, line), "equations": count}])


def test_a_loop_that_is_written_out(tmp_path):
    one = only(tmp_path, "unrolled-loop", site(tmp_path), program(tmp_path, 11, 800))
    assert (one.place.line, one.place.function) == (10, "fit")
    assert "line 11 wrote 800 of its 900 equations" in one.message
    assert "lax.scan" in one.message


def test_a_comprehension_that_is_written_out(tmp_path):
    one = only(tmp_path, "vmappable-loop", site(tmp_path), program(tmp_path, 15, 390))
    assert one.place.line == 15
    assert "jax.vmap" in one.message


def test_a_function_that_a_loop_of_the_file_calls(tmp_path):
    assert not every(tmp_path, site(tmp_path), program(tmp_path, 6, 390)), "two loops call it: which one is not known"


def test_a_few_equations_in_a_loop_are_fine(tmp_path):
    assert not every(tmp_path, site(tmp_path), program(tmp_path, 11, 40))


@pytest.mark.parametrize(("cache", "seconds", "found"), [("off", 9.0, 1), ("off", 1.0, 0), ("miss", 9.0, 0)])
def test_seconds_that_every_process_pays(tmp_path, cache, seconds, found):
    said = every(tmp_path, site(tmp_path), compiled(cache=cache, compile_s=seconds))
    assert [one.rule for one in said] == ["no-compilation-cache"] * found
    assert all("9.0 s" in one.message for one in said)


def test_a_cache_that_keeps_nothing(tmp_path):
    one = only(tmp_path, "no-compilation-cache", site(tmp_path), compiled(cache="unkept", compile_s=0.6))
    assert "every program compiled in less than `jax_persistent_cache_min_compile_time_secs` (1 of them" in one.message
    assert "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS=0" in one.help


def test_a_cache_that_keeps_the_long_ones(tmp_path):
    assert not every(tmp_path, site(tmp_path), compiled(cache="unkept", compile_s=0.6), compiled(cache="hit"))


def recursive(tmp_path, equations, callers):
    names = [at(tmp_path, 6, "hermite")] * callers + [at(tmp_path, 3, "step")]
    line = {**at(tmp_path, 6, "hermite"), "equations": equations, "callers": names}
    return row("program", site=1, equations=equations + 10, lines=[line], exponents=[])


@pytest.mark.parametrize(("equations", "severity"), [(8000, "warning"), (400, "info")])
def test_a_function_that_calls_itself_while_it_is_traced(tmp_path, equations, severity):
    one = only(tmp_path, "unrolled-loop", site(tmp_path), recursive(tmp_path, equations, 4))
    assert "`hermite` calls itself while `step` is traced" in one.message
    assert (one.place.line, one.severity) == (6, severity)


@pytest.mark.parametrize(("equations", "callers"), [(8000, 1), (100, 4)])
def test_one_call_within_itself_or_a_few_equations_are_fine(tmp_path, equations, callers):
    assert not every(tmp_path, site(tmp_path), recursive(tmp_path, equations, callers))


def scanning(tmp_path, copies, **more):
    scan = {**at(tmp_path, 12, "predict"), "copies": copies, "length": 48, "equations": 12}
    return row("program", site=1, equations=40, lines=[], exponents=[], scans=[scan], **more)


@pytest.mark.parametrize(("copies", "seconds", "found"), [(48, 4.0, 1), (48, 0.1, 0), (8, 4.0, 0)])
def test_a_scan_that_is_asked_to_be_written_out(tmp_path, copies, seconds, found):
    told = every(tmp_path, site(tmp_path), scanning(tmp_path, copies), compiled(compile_s=seconds))
    assert [one.rule for one in told] == ["unrolled-loop"] * found
    assert all("asked to write out all its steps" in one.message and "576 equations" in one.message for one in told)


@pytest.mark.parametrize(("how", "turns", "severity"), [("pure_callback", 400, "warning"), ("io_callback", 0, "info")])
def test_a_compiled_loop_that_calls_python(tmp_path, how, turns, severity):
    called = {**at(tmp_path, 12, "cooling"), "how": how, "calls": "table", "turns": turns, "loop": "scan"}
    used = row("program", site=1, equations=40, lines=[], exponents=[], callbacks=[called])
    one = only(tmp_path, "host-sync-in-loop", site(tmp_path), used)
    assert f"`step` calls the Python function `table` (`{how}`)" in one.message
    assert ("in each of the 400 turns" in one.message) is (turns == 400)
    assert (one.place.line, one.severity) == (12, severity)


def test_a_compiled_loop_that_calls_python_a_few_times_is_fine(tmp_path):
    called = {**at(tmp_path, 12, "cooling"), "how": "pure_callback", "calls": "table", "turns": 4, "loop": "scan"}
    assert not every(tmp_path, site(tmp_path), row("program", site=1, equations=40, lines=[], callbacks=[called]))


@pytest.mark.parametrize(("times", "certain"), [(2, False), (40, True)])
def test_one_line_with_one_key_again_and_again(tmp_path, times, certain):
    used = row("keys", site=None, key="key", first=at(tmp_path, 11), again=at(tmp_path, 11), how="step", times=times)
    one = only(tmp_path, "key-reuse", used)
    assert "this line consumed it already, and consumes the same key again (step)" in one.message
    assert one.certain is certain


def branches(tmp_path, how, **more):
    where = {"path": str(tmp_path / "train.py"), "line": 2, "function": "relax"}
    fields = {"by": "cond", "name": "relax", "of": where, "equations": 40, "heavy": "scan", "calls": []}
    return row("branches", how=how, site=1, at=at(tmp_path, 9), **(fields | more))


def test_a_batched_predicate(tmp_path):
    one = only(tmp_path, "heavy-branches", site(tmp_path), branches(tmp_path, "batched"))
    assert (
        "the predicate of this `cond` in `fit` was batched by `vmap`: it became a select, and both branches"
        in one.message
    )
    assert "`relax` (40 equations, a `scan` among them)" in one.message
    assert (one.certain, one.place.line, [note.place.line for note in one.notes]) == (True, 9, [2])


def test_a_long_branch_with_nothing_heavy_is_a_suspicion(tmp_path):
    assert not only(tmp_path, "heavy-branches", site(tmp_path), branches(tmp_path, "batched", heavy="")).certain


@pytest.mark.parametrize(("equations", "severity"), [(40, "info"), (400, "warning")])
def test_one_call_in_every_branch(tmp_path, equations, severity):
    calls = [at(tmp_path, 10), at(tmp_path, 11)]
    rows = [site(tmp_path), branches(tmp_path, "shared", equations=equations, calls=calls)]
    one = only(tmp_path, "heavy-branches", *rows)
    assert "stands in both branches of this `cond`: it is traced and compiled twice" in one.message
    assert one.severity == severity
    assert [note.place.line for note in one.notes] == [10, 11]


def listed(tmp_path, **more):
    fields = {"calls": 1, "arrays": 0, "numbers": 0, "longest": 900, "seconds": 0.5, "by": "jnp.array", "list": "rows"}
    return row("list", **at(tmp_path, 9), **(fields | more))


@pytest.mark.parametrize(
    ("many", "words"),
    [
        ({"arrays": 600, "calls": 6}, ["600 device arrays in 6 calls", "`rows`", "500 ms", "`jnp.stack`"]),
        ({"numbers": 20_000}, ["converted 20000 numbers element by element", "`np.asarray`"]),
    ],
)
def test_a_list_that_became_an_array(tmp_path, many, words):
    one = only(tmp_path, "list-to-array", listed(tmp_path, **many))
    assert all(word in one.message for word in words), one.message


@pytest.mark.parametrize("few", [{"arrays": 400}, {"numbers": 9_000}, {"numbers": 90_000, "longest": 90}])
def test_short_lists_are_fine(tmp_path, few):
    assert not every(tmp_path, listed(tmp_path, **few))


@pytest.mark.parametrize(("uses", "alone", "found"), [(1, 0, 1), (2, 0, 0), (1, 1, 0)])
def test_a_jit_that_only_a_loop_calls(tmp_path, uses, alone, found):
    told = row("nested", site=1, outer=2, by="scan", uses=uses, at=at(tmp_path, 10))
    called = row("calls", site=1, calls=1 + alone, sampled=1, tracer_calls=1, arguments=[])
    said = every(tmp_path, site(tmp_path), site(tmp_path, 2, "fall", 9), told, called)
    assert [(one.rule, one.certain) for one in said] == [("nested-jit-in-step", False)] * found
