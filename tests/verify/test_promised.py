"""Gains that are neither counts nor CPU time: memory, and waits together with a shorter run."""

from jaxaudit.model.evidence import Environment, Evidence, SyncSeen
from jaxaudit.model.proposal import Expected
from jaxaudit.model.spot import Spot, Turns
from jaxaudit.verify.figures import waits
from jaxaudit.verify.judging import by_clocks, counted, promised, timed


def runs(steady, peak, syncs=150.0):
    return [
        {("steady_s", ""): steady * noise, ("peak_bytes", ""): peak * noise, ("syncs", ""): syncs}
        for noise in (1.0, 1.01, 0.99, 1.0, 1.02)
    ]


def won(metric, before, after):
    clocks = [timed(name, before, after) for name in ("steady_s", "peak_bytes")]
    return [one.metric for one in promised((Expected(metric, 2, 1, 1, 1),), before, after[0], clocks)]


def test_less_memory_is_a_gain_where_it_was_promised():
    before, after = runs(1.0, 5e8), runs(1.0, 3.7e8)
    assert won("peak_bytes", before, after) == ["peak_bytes"]
    assert not won("compiles", before, after)
    assert not won("peak_bytes", before, runs(1.0, 4.95e8))


def test_fewer_waits_are_a_gain_only_where_the_run_got_shorter():
    before = runs(1.0, 5e8)
    assert won("syncs", before, runs(0.8, 5e8, 1.0)) == ["syncs", "steady_s"]
    assert not won("syncs", before, runs(1.0, 5e8, 1.0))
    assert not won("syncs", before, runs(0.8, 5e8, 149.0))


def test_what_is_counted_as_well_needs_no_second_round():
    def gain(metric, after):
        before = runs(1.0, 5e8)
        clocks = [timed(name, before, after) for name in ("steady_s", "peak_bytes")]
        still = [timed(name, [{(name, ""): 1.0}] * 5, [{(name, ""): 1.0}] * 5) for name in ("compile_s", "cpu_s")]
        return by_clocks((Expected(metric, 2, 1, 1, 1),), counted([{}], {}), before, after[0], [*clocks, *still])

    (waits,), (memory,) = gain("syncs", runs(0.8, 5e8, 1.0)), gain("peak_bytes", runs(1.0, 3.7e8))
    assert waits.counted and waits.metric == "steady_s"
    assert memory.metric == "peak_bytes" and not memory.counted


def test_one_fetch_of_many_arrays_is_one_wait():
    at = Spot("a.py", 9, "main")
    turns = at._replace(loop=Turns(8, "for"))
    evidence = Evidence(Environment(1), syncs=(
        SyncSeen(at, "device_get", 150), SyncSeen(turns, "float", 150), SyncSeen(turns, "device_get", 20),
    ))  # fmt: skip
    assert waits(evidence) == 1 + 150 + 20


def test_programs_read_from_a_cache_are_a_gain_only_where_compiling_took_less():
    def seen(hits, compiling):
        return [
            {("cache_hits", ""): hits, ("compile_s", ""): compiling * noise, ("cpu_s", ""): 4.0 * noise}
            for noise in (1.0, 1.01, 0.99, 1.0, 1.02)
        ]

    def gained(compiling):
        before, after = seen(0.0, 2.0), seen(3.0, compiling)
        counts = counted(before, after[0])
        assert not counts.gains
        clocks = [timed(metric, before, after) for metric in ("compile_s", "cpu_s")]
        return by_clocks((), counts, before, after[0], clocks)

    assert not gained(2.0)
    (kept,) = gained(0.5)
    assert kept.metric == "compile_s"
    assert kept.text.startswith("cache hits 0 -> 3; compiling")


def test_a_single_operation_more_is_no_loss_but_a_function_compiled_again_is():
    def programs(whole, step):
        return {("compiles", ""): whole, ("compiles", "step"): step, ("traces", "step"): 9.0}

    before = [programs(5.0, 2.0), programs(5.0, 2.0)]
    assert counted(before, programs(7.0, 2.0)).losses == ()
    assert [one.metric for one in counted(before, programs(8.0, 2.0)).losses] == ["compiles"]
    assert [one.metric for one in counted(before, programs(6.0, 3.0)).losses] == ["compiles"]
