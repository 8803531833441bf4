"""Returned values set side by side: what agrees, what counts as rounding, what differs, and what can't be compared."""

from array import array
from math import inf

import pytest

from jaxaudit.evidence.results import Jitted, Leaf, Result
from jaxaudit.verify.rounding import Rounding, judged_values
from jaxaudit.verify.values import apart, compare_values

STEP = Jitted("sim.py", "main.step")


@pytest.fixture
def leaf(tmp_path):
    made = []

    def make(numbers, dtype="float32", odd="", name="x", whole=False, step=1):
        file = tmp_path / f"{len(made)}.values"
        made.append(file)
        data = array("d", numbers).tobytes()
        file.write_bytes(data)
        peak = max(map(abs, numbers), default=0.0)
        norm = sum(one * one for one in numbers) ** 0.5
        return Leaf(name, dtype, (len(numbers),), repr(numbers), odd, peak, norm, whole, "d", step, file, 0, len(data))

    return make


def results(*calls, inputs=("float32[2] a", "number (1+0j)"), function=STEP):
    return {function: {n: Result((one,), inputs if n == 1 else None) for n, one in enumerate(calls, 1)}}


def judged(before, after, rounding=None, **more):
    return judged_values(compare_values(before, after, **more), lambda: rounding or Rounding())


def test_equal_and_within_tolerance(leaf):
    before = results(leaf([1.0, 8.0]))
    assert judged(before, before).how == "equal"
    near = judged(before, results(leaf([1.0, 8.00004])))
    assert (near.how, near.reason) == ("within-tolerance", None)
    assert judged(before, results(leaf([1.0, 8.001]))).how == "different"


def test_the_tolerance_is_the_dtypes_or_the_users(leaf):
    before, after = results(leaf([1.0], "float64")), results(leaf([1.000001], "float64"))
    assert judged(before, after).how == "different"
    assert judged(before, after, tolerance={"float64": 1e-5}).how == "within-tolerance"
    assert judged(results(leaf([1.0, 2.0], "complex64")), results(leaf([1.0, 2.00001], "complex64"))).reason is None


def test_what_rounding_alone_moves_as_far_is_no_difference(leaf):
    before, after = results(leaf([1.0])), results(leaf([1.003]))
    assert judged(before, after, Rounding(values={(STEP, 1, "x"): 0.0011})).how == "rounding-amplified"
    far = judged(before, after, Rounding(values={(STEP, 1, "x"): 0.0009}))
    assert far.reason.code == "outputs-differ" and not far.undecided
    assert far.reason.text == (
        "what the first call of `step` returns (x) moved by 3.0e-03 of its peak; rounding alone moves it by 9.0e-04"
    )


def test_what_only_later_calls_show_is_the_users_to_decide(leaf):
    before, after = results(leaf([1.0]), leaf([1.0])), results(leaf([1.0]), leaf([1.5]))
    far = judged(before, after)
    assert (
        far.undecided
        and "call 2 of `step`" in far.reason.text
        and "First calls with the same inputs agree" in far.reason.text
    )


def test_a_first_call_with_other_inputs_forbids_nothing(leaf):
    far = judged(results(leaf([1.0])), results(leaf([1.5]), inputs=("float32[2] b",)))
    assert far.undecided and "agree" not in far.reason.text


def test_an_argument_more_is_no_other_input(leaf):
    more = ("float32[2] a", "float32[900] cube")
    assert not judged(results(leaf([1.0])), results(leaf([1.5]), inputs=more)).undecided


def test_functions_that_were_not_changed_count_by_first_calls_only(leaf):
    other = Jitted("sim.py", "late")
    before = results(leaf([1.0]), leaf([1.0])) | results(leaf([2.0]), leaf([2.0]), function=other)
    after = results(leaf([1.0]), leaf([1.0])) | results(leaf([2.0]), leaf([9.0]), function=other)
    assert judged(before, after, changed=frozenset(["step"])).how == "equal"
    assert judged(before, after, changed=frozenset(["nothing.that.ran"])).undecided
    moved = results(leaf([1.0]), leaf([1.0])) | results(leaf([9.0]), leaf([9.0]), function=other)
    assert judged(before, moved, changed=frozenset(["step"])).reason.code == "outputs-differ"


def test_what_differs_by_itself_is_not_compared(leaf):
    before, after = results(leaf([1.0])), results(leaf([1.5]))
    found = compare_values(before, after, unstable=frozenset([(STEP, 1, "x")]))
    assert (
        found.words
        == "values not compared: what `step` returns differs from run to run, has other shapes or holds no arrays"
    )


def test_a_function_that_is_called_more_or_less_often_is_compared_in_its_first_call(leaf):
    before = results(leaf([1.0]), leaf([2.0]), leaf([3.0]))
    fewer = compare_values(before, results(leaf([1.0]), leaf([9.0])))
    assert fewer.functions == {STEP: 1} and not fewer.whole and not any(one.relative for one in fewer.moved)
    assert compare_values(before, before).whole


def test_a_call_of_many_at_once_is_another_call(leaf):
    many = results(leaf([1.0, 2.0, 3.0]), inputs=("float32[3,2] a",))
    assert compare_values(results(leaf([1.0])), many).why_not
    assert judged(results(leaf([1.0])), results(leaf([1.0, 2.0, 3.0]))).reason  # with the same inputs it differs


def test_a_function_may_move(leaf):
    moved = Jitted("other.py", "_step")
    assert compare_values(results(leaf([1.0])), results(leaf([1.0]), function=moved)).functions == {STEP: 1}
    gone = compare_values(results(leaf([1.0])), results(leaf([1.0]), function=Jitted("sim.py", "run")))
    assert gone.words == "values not compared: the changed program calls no function like `step`"
    assert "no jitted function of yours was called" in compare_values({}, {}).words


def test_other_shapes_types_and_places_of_nan_are_no_rounding(leaf):
    one = leaf([1.0, 2.0])
    for other in (leaf([1.0]), leaf([1.0, 2.0], "float64"), leaf([1.0, 2.0], odd="nan")):
        assert apart(one, other)[0] == inf
    keys = [Leaf("", "key<fry>", (), digest) for digest in "ab"]
    assert apart(*keys)[:2] == (inf, "is another key")
    assert judged(results(one), results(one._replace(digest="other", form="", bytes=0))).reason is not None


def test_of_many_draws_a_few_may_move_by_one(leaf):
    draws = [float(i % 50) for i in range(100_000)]
    moved = [*draws[:-1], draws[-1] + 1]
    before = results(leaf(draws, "int32", whole=True))
    few = judged(before, results(leaf(moved, "int32", whole=True)))
    assert (few.how, few.reason) == ("rounding-amplified", None)
    assert judged(results(leaf([3.0], "int32", whole=True)), results(leaf([4.0], "int32", whole=True))).reason
    far = results(leaf([*draws[:-1], draws[-1] + 2], "int32", whole=True))
    assert judged(before, far).reason


def test_calls_of_several_threads_are_not_the_same_calls(leaf):
    """Which journey's call is the third is chance; the first call counts, where it was handed the same."""
    before, after = results(leaf([1.0]), leaf([2.0]), leaf([3.0])), results(leaf([1.0]), leaf([3.0]), leaf([2.0]))
    assert judged(before, after) != judged(before, before)
    threaded = {STEP: {n: one._replace(threads=2) for n, one in before[STEP].items()}}
    assert not compare_values(threaded, after).moved or all(one.within for one in compare_values(threaded, after).moved)
    other = {STEP: {n: one._replace(inputs=("float32[2] b",)) for n, one in threaded[STEP].items()}}
    assert "several threads call `step`" in compare_values(other, after).words
