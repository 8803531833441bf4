"""Long lists of which only a run knows how long they are."""

import pytest

from rules.captures.hoisted_programs import run
from rules.proposed_changes import done, of

NUMBERS = """
def readings(turn):
    return [0.5 * number + turn for number in range(6000)]


for turn in range(3):
    print({call}.shape)
"""


def test_numbers_become_a_numpy_array_first(tmp_path):
    lines, _ = done(tmp_path, of(tmp_path, "list-to-array", NUMBERS.format(call="jnp.asarray(readings(turn))")))
    assert lines == ["    print(jnp.asarray(np.asarray(readings(turn))).shape)"]


def test_an_array_of_numpys_is_taken_without_a_program_of_its_own(tmp_path):
    lines, evidence = done(tmp_path, of(tmp_path, "list-to-array", NUMBERS.format(call="jnp.array(readings(turn))")))
    assert lines == ["    print(jnp.asarray(np.asarray(readings(turn))).shape)"]
    assert {one.site.name for one in evidence.compiles} <= {
        "stage"
    }  # the newest JAX takes each new shape to the device by one


def test_device_arrays_are_joined_at_once_in_one_of_two_ways(tmp_path):
    code = """
    def parts(count):
        for number in range(count):
            yield jnp.asarray(float(number))


    seen = list(parts(600))
    print(float(jnp.array(seen).sum()))
    """
    tried = of(tmp_path, "list-to-array", code)
    assert [tried.lines(one) for one in tried.changes] == [
        ["print(float(jnp.array(np.stack(jax.device_get(seen))).sum()))"],
        ["print(float(jnp.stack(seen).sum()))"],
    ]
    assert len({one.group for one in tried.changes}) == 1
    for number, change in enumerate(tried.changes):
        assert run(tmp_path / str(number), tried.after(change))[0] == tried.printed


@pytest.mark.parametrize("call", ["jnp.asarray(*[readings(turn)])"])
def test_no_plain_list(tmp_path, call):
    tried = of(tmp_path, "list-to-array", NUMBERS.format(call=call))
    assert not tried.changes
    assert [one.code for one in tried.refused] == ["does-not-apply"]


SCALARS = """
def parts(count):
    return [(0.5 * number, number) for number in range(count)]


def total(count):
    rows = parts(count)
    first = jnp.array([jnp.float32(a) for a, _ in rows])
    second = jnp.array([jnp.float32(b) for _, b in rows])
    return (first * second).sum()


print(float(total(600)))
"""


def test_scalars_that_are_put_on_the_device_one_by_one(tmp_path):
    """Two lists of one function change together."""
    tried = of(tmp_path, "list-to-array", SCALARS)
    assert [one.title for one in tried.changes] == [
        "the lists in lines 14 and 15 are made by NumPy",
        "the lists in lines 14 and 15 are fetched at once and joined by NumPy",
        "the lists in lines 14 and 15 are joined by `jnp.stack`",
    ]
    assert tried.lines(tried.changes[0]) == [
        "    first = jnp.asarray(np.asarray([np.float32(a) for a, _ in rows]))",
        "    second = jnp.asarray(np.asarray([np.float32(b) for _, b in rows]))",
    ]
    for number, change in enumerate(tried.changes):
        assert run(tmp_path / str(number), tried.after(change))[0] == tried.printed


def test_a_function_that_is_traced_elsewhere_keeps_to_the_device(tmp_path):
    code = SCALARS.replace(
        "print(float(total(600)))",
        "print(float(total(600)))\nif len(str(jnp)) < 3:\n    jax.jit(total, static_argnums=0)(600)",
    )
    tried = of(tmp_path, "list-to-array", code)
    assert [one.title for one in tried.changes] == ["the lists in lines 14 and 15 are joined by `jnp.stack`"]
