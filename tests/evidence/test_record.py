"""A record folder, read: processes joined, paths as the reader writes them, damage said and survived."""

import json
import os

from evidence.records import at, compiled, row, site, start, write
from jaxaudit.evidence import read_record


def test_a_process_whole(tmp_path):
    record = write(
        tmp_path,
        *start(tmp_path),
        site(tmp_path, static=["scale"], jitted_at=at(tmp_path, 4)),
        row("trace", site=1, trace_s=0.1, self_s=0.1, api="call", outer=None, at=at(tmp_path, 11)),
        compiled(at=at(tmp_path, 11)),
        compiled("static-value", 1, ("scale", "1.0", "2.0"), at=at(tmp_path, 15), cache="hit"),
        row("calls", site=1, calls=40, sampled=40, tracer_calls=0, arguments=[{"name": "scale", "kinds": ["float"]}]),
    )
    seen = read_record(record, tmp_path)
    assert seen.environment.jax == "0.10.2"
    assert (seen.environment.ended, seen.environment.seconds) == ("exit", 3.5)
    (function,) = seen.functions
    assert (function.site.name, function.site.path) == ("step", "train.py")
    assert function.site.line == 5, "the line of `def`, not that of the decorator"
    assert (function.traces, function.compiles, function.calls) == (1, 2, 40)
    assert function.arguments[0].role == "static"
    assert [one.cause.kind for one in seen.compiles] == ["first", "static-value"]
    assert seen.compiles[1].at.function == "fit"
    assert round(seen.compiles[0].seconds, 3) == 1.0


def test_processes_are_joined(tmp_path):
    first = [*start(tmp_path, 10), site(tmp_path), compiled()]
    later = [*start(tmp_path, 11, time=6e8), site(tmp_path, 7), compiled(number=7), compiled("shape", 7)]
    write(tmp_path, *later, name="11-1")
    seen = read_record(write(tmp_path, *first), tmp_path)
    assert [one.pid for one in seen.processes] == [10, 11]
    assert seen.environment.pid == 10
    (function,) = seen.functions
    assert function.compiles == 3
    assert [one.process for one in seen.compiles] == [0, 1, 1]


def test_the_leading_process_is_one_that_used_jax(tmp_path):
    write(tmp_path, start(tmp_path, 10)[0])
    seen = read_record(write(tmp_path, *start(tmp_path, 11, time=6e8), name="11-1"), tmp_path)
    assert seen.environment.pid == 11


def test_a_killed_process_leaves_all_but_its_last_line(tmp_path):
    record = write(tmp_path, *start(tmp_path), site(tmp_path), compiled(), end="", rest=b'{"k": "comp')
    seen = read_record(record, tmp_path)
    assert len(seen.compiles) == 1
    assert seen.environment.ended == ""
    assert not seen.unread
    assert [note.partition(":")[0] for note in seen.notes] == ["the record of process 10 has no end"]


def test_of_many_killed_processes_a_few_are_named(tmp_path):
    for pid in range(11, 16):
        record = write(tmp_path, *start(tmp_path, pid), compiled(), name=f"{pid}-1", end="")
    record = write(tmp_path, *start(tmp_path, 16), compiled(), name="16-1", end="exit")
    (note,) = read_record(record, tmp_path).notes
    assert note.startswith("the records of 5 processes (11, 12, 13, ...) have no end: killed, no room on the disk")


def test_a_process_that_observes_itself_is_not_called_killed(tmp_path):
    record = write(tmp_path, *start(tmp_path, os.getpid()), compiled(), end="")
    assert not read_record(record, tmp_path).notes


def test_a_damaged_line_is_said(tmp_path):
    good = json.dumps(compiled()).encode()
    record = write(tmp_path, *start(tmp_path), site(tmp_path), end="", rest=b"\x00\x00garbage\n" + good + b"\n")
    seen = read_record(record, tmp_path)
    assert len(seen.compiles) == 1
    assert [one.reason for one in seen.unread] == ["line 5 of this record is damaged and was left out"]


def test_lines_and_fields_of_later_versions_are_left_out(tmp_path):
    rows = [*start(tmp_path, v=9), site(tmp_path, colour="red"), row("hologram", x=1), compiled(mood="good")]
    seen = read_record(write(tmp_path, *rows), tmp_path)
    assert len(seen.compiles) == 1
    assert "later jaxaudit" in seen.notes[0]


def test_fields_of_the_wrong_kind_do_no_harm(tmp_path):
    rows = [
        row("start", v="x", pid=None, argv=3, time="now"),
        row("site", id=1, name=None, path=5, line="y"),
        row("compile", site=1, cause=[], trace_s="long", at={"path": 4}),
        row("constant", site=1, shape="big", bytes=None),
        row("sync", path=None, count="x"),
        row("calls", site=99, arguments=[3]),
        row("keys", first=None, again=None),
        row("donation", site=None, missed=[1]),
        row("program", site=1, lines=[[1]]),
        ["not", "a", "row"],
    ]
    seen = read_record(write(tmp_path, *rows), tmp_path)
    assert [one.cause.kind for one in seen.compiles] == ["unknown"]


def test_only_the_last_totals_count(tmp_path):
    def sync(count):
        return row("sync", **at(tmp_path, 12), how="float", count=count, blocked=count, seconds=0.1 * count, loop=True)

    seen = read_record(write(tmp_path, *start(tmp_path), sync(5), sync(40)), tmp_path)
    (one,) = seen.syncs
    assert one.count == 40
    assert (one.at.loop.line, one.at.loop.kind) == (10, "for")


def test_a_library_is_told_from_the_users_code(tmp_path):
    theirs = "/env/lib/python3.12/site-packages/diffrax/_integrate.py"
    rows = [site(tmp_path, 1), site(tmp_path, 2, "diffeqsolve", path=theirs), site(tmp_path, 3, "mine", path=theirs)]
    record = write(tmp_path, *start(tmp_path), *rows, compiled(), compiled(number=2))
    seen = read_record(record, tmp_path)
    assert {one.site.name: (one.site.user, one.site.package) for one in seen.functions} == {
        "step": (True, ""),
        "diffeqsolve": (False, "diffrax"),
        "mine": (False, "diffrax"),
    }
    named = read_record(record, tmp_path, project=["diffrax"])
    assert all(one.site.user for one in named.functions)


def test_paths_outside_the_folder_stay_whole(tmp_path):
    inner = tmp_path / "work"
    inner.mkdir()
    seen = read_record(write(tmp_path, *start(tmp_path), site(tmp_path), compiled()), inner)
    assert seen.functions[0].site.path == str(tmp_path / "train.py")


def test_names_are_those_of_the_source(tmp_path):
    rows = [site(tmp_path, name="fit.<locals>.inner", line=9), compiled(at=at(tmp_path, 10, "fit.<locals>.inner"))]
    seen = read_record(write(tmp_path, *start(tmp_path), *rows), tmp_path)
    assert seen.functions[0].site.name == "fit.inner"
    assert seen.compiles[0].at.function == "fit.inner"


def test_one_array_of_one_function_is_one_constant(tmp_path):
    held = row(
        "constant", site=1, holder="tensor", leaf="", shape=[4, 2], dtype="float32", bytes=32, at=at(tmp_path, 6),
        how="closure",
    )  # fmt: skip
    seen = read_record(write(tmp_path, *start(tmp_path), site(tmp_path), held, held), tmp_path)
    (one,) = seen.constants
    assert (one.times, one.shape, one.name) == (2, (4, 2), "tensor")


def begun(number, stage, **more):
    fields = {"cause": None, "constants_bytes": 4_360_000_000, "thread": 1}
    return row("begin", work=number, stage=stage, site=1, **(fields | more))


def test_what_a_killed_process_was_compiling(tmp_path):
    lines = [
        begun(1, "trace"),
        row("trace", site=1, trace_s=0.1, self_s=0.1, api="call", outer=None, work=1),
        begun(2, "lower"),
        row("done", work=2, failed=None),
        begun(3, "compile", at=at(tmp_path, 11)),
        row("still", work=3, seconds=41.2),
    ]
    seen = read_record(write(tmp_path, *start(tmp_path), site(tmp_path), *lines, end=""), tmp_path)
    (left,) = seen.unfinished
    assert (left.site.name, left.stage, left.seconds, left.ended) == ("step", "compile", 41.2, "")
    assert (str(left.at), left.constants_bytes) == ("train.py:11", 4_360_000_000)
    ended = read_record(write(tmp_path, *start(tmp_path), site(tmp_path), *lines, end="signal 9"), tmp_path)
    assert ended.unfinished[0].ended == "signal 9"


def test_nothing_is_left_of_a_process_that_ended_well(tmp_path):
    lines = [begun(1, "compile"), begun(2, "trace"), row("done", work=2, failed="ValueError")]
    for end in ("exit", "exception", "exec"):
        seen = read_record(write(tmp_path, *start(tmp_path), site(tmp_path), *lines, end=end), tmp_path)
        assert not seen.unfinished, end


def test_two_threads_that_compiled_and_work_within_work(tmp_path):
    lines = [begun(1, "trace"), begun(2, "compile"), begun(3, "lower", thread=2)]
    seen = read_record(write(tmp_path, *start(tmp_path), site(tmp_path), *lines, end="signal 9"), tmp_path)
    assert [one.stage for one in seen.unfinished] == ["compile", "lower"]


def test_an_interrupt_and_an_exception_that_ended_the_process(tmp_path):
    lines = [begun(1, "trace"), row("done", work=1, failed="KeyboardInterrupt")]
    seen = read_record(write(tmp_path, *start(tmp_path), site(tmp_path), *lines, end="signal 2"), tmp_path)
    assert [one.error for one in seen.unfinished] == ["KeyboardInterrupt"]
    lines = [begun(1, "compile"), row("done", work=1, failed="XlaRuntimeError")]
    error = row("error", type="XlaRuntimeError", module="jaxlib", text="RESOURCE_EXHAUSTED", names=[])
    seen = read_record(write(tmp_path, *start(tmp_path), site(tmp_path), *lines, error, end="exception"), tmp_path)
    assert [one.error for one in seen.unfinished] == ["XlaRuntimeError"]
    later = [*lines, begun(2, "compile"), compiled(work=2), error]
    seen = read_record(write(tmp_path, *start(tmp_path), site(tmp_path), *later, end="exception"), tmp_path)
    assert not seen.unfinished, "the program went on after that"


def jitted(folder, line, name, **more):
    fields = {"name": name, "path": str(folder / "train.py"), "line": line, "wrapper": "jit", "at": at(folder, line)}
    return row("jitted", **(fields | more))


def test_what_was_jitted_and_never_called(tmp_path):
    lines = [jitted(tmp_path, 4, "step"), jitted(tmp_path, 9, "Model.render")]
    seen = read_record(write(tmp_path, *start(tmp_path), *lines, site(tmp_path)), tmp_path)
    assert [(one.name, one.line, one.called) for one in seen.jitted] == [("step", 5, True), ("Model.render", 9, False)]


def test_a_call_in_another_process_counts(tmp_path):
    write(tmp_path, *start(tmp_path, 11, time=6e8), site(tmp_path, 7), name="11-1")
    seen = read_record(write(tmp_path, *start(tmp_path), jitted(tmp_path, 4, "step")), tmp_path)
    assert [one.called for one in seen.jitted] == [True]


def test_without_jit_nobody_knows_who_was_called(tmp_path):
    lines = [jitted(tmp_path, 4, "step"), row("jitted", off=True)]
    seen = read_record(write(tmp_path, *start(tmp_path), *lines), tmp_path)
    assert [one.called for one in seen.jitted] == [True]


def test_single_operations_by_line(tmp_path):
    jax = {"path": "/env/site-packages/jax/_src/numpy/ufuncs.py", "user": False}
    sites = [site(tmp_path, 1), site(tmp_path, 2, "sin", wrapper="eager", **jax), site(tmp_path, 3, "add", **jax)]
    shapes = ["[2]", "[3]", "[4]"]
    rows = [compiled("signature", number, at=at(tmp_path, 12), shape=shape) for shape in shapes for number in (2, 3)]
    rows += [compiled(at=at(tmp_path, 12)), compiled("signature", 2, at=at(tmp_path, 11), shape="[2]")]
    seen = read_record(write(tmp_path, *start(tmp_path), *sites, *rows), tmp_path)
    assert [(one.at.line, one.compiles, one.shapes, one.operations) for one in seen.eager] == [
        (12, 6, 3, ("sin", "add")),
        (11, 1, 1, ("sin",)),
    ]


def test_a_fold_is_told_while_it_lasts_and_counted_once(tmp_path):
    told = [row("fold", site=1, seconds=seconds, text="`sort`", under_way=True) for seconds in (2.0, 4.0)]
    record = write(tmp_path, *start(tmp_path), site(tmp_path), *told, end="")
    assert [one.seconds for one in read_record(record, tmp_path).folds] == [4.0]
    done = row("fold", site=1, seconds=9.0, text="`sort`", under_way=False)
    record = write(tmp_path, *start(tmp_path), site(tmp_path), *told, done)
    assert [one.seconds for one in read_record(record, tmp_path).folds] == [9.0]


def test_a_factory_of_another_place_is_where_its_function_is_jitted(tmp_path):
    made = jitted(tmp_path, 4, "make.<locals>.step", at=at(tmp_path, 4, "make"))
    lines = [made, site(tmp_path, name="make.<locals>.step"), compiled(at=at(tmp_path, 11, "fit"))]
    (seen,) = read_record(write(tmp_path, *start(tmp_path), *lines), tmp_path).compiles
    assert (seen.jitted_at.line, seen.jitted_at.function, seen.jitted_at.loop) == (4, "make", None)


def test_a_function_that_the_module_jits_is_not_jitted_where_it_is_called(tmp_path):
    lines = [jitted(tmp_path, 4, "step", at=at(tmp_path, 4, "<module>")), site(tmp_path), compiled(at=at(tmp_path, 11))]
    (seen,) = read_record(write(tmp_path, *start(tmp_path), *lines), tmp_path).compiles
    assert seen.jitted_at is None
