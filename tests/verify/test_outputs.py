"""What XLA says of itself on standard error is not the program's output."""

from dataclasses import dataclass, field

from jaxaudit.verify.outputs import outputs

FOLDING = """E1122 21:05:46.321917   13632 slow_operation_alarm.cc:73] Constant folding an instruction is taking > 1s:

  %reduce_max.14 = f32[24]{0} reduce(%constant.19, %constant.18), dimensions={1,2}, to_apply=%region_0.1

This isn't necessarily a bug; constant-folding is inherently a trade-off between compilation time and speed at runtime.

If you'd like to file a bug, run with envvar XLA_FLAGS=--xla_dump_to=/tmp/foo and attach the results.
E1122 21:05:46.327488   13630 slow_operation_alarm.cc:140] The operation took 1.005787114s
Constant folding an instruction is taking > 1s:

  %reduce_max.14 = f32[24]{0} reduce(%constant.19, %constant.18), dimensions={1,2}, to_apply=%region_0.1

If you'd like to file a bug, run with envvar XLA_FLAGS=--xla_dump_to=/tmp/foo and attach the results.
"""
COMPILING = """2026-11-22 21:05:46.32: E external/xla/xla/service/slow_operation_alarm.cc:65]
********************************
[Compiling module jit_f] Very slow compile? If you want to file a bug, run with envvar XLA_FLAGS=--xla_dump_to=/tmp/foo.
********************************
"""


@dataclass
class Ran:
    stderr: str
    stdout: str = ""
    wrote: dict[str, bytes] = field(default_factory=dict)


def said(text: str) -> bytes | None:
    return outputs(Ran(text))["standard error"]  # type: ignore[arg-type]


def words(text: str) -> list[str]:
    return (said(text) or b"").decode().split()


def test_alarms_of_xla_are_left_out() -> None:
    assert words(f"step 1\n{FOLDING}step 2\n{COMPILING}step 3\n") == ["step", "1", "step", "2", "step", "3"]
    assert words(FOLDING) == []


def test_alarms_that_two_threads_mix() -> None:
    one, other = FOLDING.splitlines(keepends=True)[:7], COMPILING.splitlines(keepends=True)
    mixed = "".join(line for pair in zip(one, [*other, *other]) for line in pair)
    assert words(mixed + "step 1\n" + one[0]) == ["step", "1"]


def test_what_the_program_says_stays() -> None:
    text = "Constant folding of the map: 3 sheets\n****\n[Compiling module a]\n"
    assert said(text) == text.encode()
