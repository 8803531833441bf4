"""Random keys in a traced program: which key is used twice, and which arguments the program uses up.

Values are numbered: equal numbers mean equal values, because the same pure operation of the same inputs gets the same
number. A key that is used (drawn from, split) under one number twice is the same key used twice. `fold_in` makes a new
key and uses nothing up. Works alike on raw `PRNGKey` arrays and on typed keys.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from jaxaudit_probe import call_paths, private
from jaxaudit_probe.call_paths import Frames

SPENDS = frozenset({"random_bits", "random_split", "random_gamma", "threefry2x32", "rng_bit_generator"})
SAME = frozenset(
    {
        "random_wrap",
        "random_unwrap",
        "copy",
        "copy_p",
        "pvary",
        "optimization_barrier",
        "sharding_constraint",
        "device_put",
    }
)
PARTS = frozenset({"slice", "squeeze", "reshape", "dynamic_slice", "gather", "broadcast_in_dim", "unstack", "rev"})
SMALL = 64
MOST_EQUATIONS = 200_000
MOST_USES = 12


class Use(NamedTuple):
    """A key is drawn from, or split."""

    what: str
    frames: Frames
    draw: int
    """One number for all that one draw does inside."""
    looped: bool = False


class Reuse(NamedTuple):
    argument: str
    first: Use
    again: Use


class Found(NamedTuple):
    reuses: list[Reuse]
    spent: dict[int, bool]
    """Which flat arguments are used up: True for the whole of it, False for a part."""


class TooLarge(Exception):
    """A program of more equations than are worth following."""


def find(program: Any) -> Found:
    """Reuses in a finished program, and what it uses up of its arguments."""
    flow = _Flow()
    if not flow.draws(program):
        return Found([], {})
    inner = private.inner_of(program)
    inputs = [flow.fresh(0) for _ in inner.invars]
    flow.parents = {number: frozenset({i}) for i, number in enumerate(inputs)}
    try:
        flow.run(program, inputs, 0, ())
    except TooLarge:
        return Found([], {})
    names = private.argument_names(program)
    spent: dict[int, bool] = {}
    for number in flow.uses:
        for i in flow.parents.get(number, ()):
            spent[i] = spent.get(i, False) or number == inputs[i]
    labels = {number: names[i] if i < len(names) else "" for i, number in enumerate(inputs)}
    return Found(list(flow.reuses(labels)), spent)


class _Flow:
    def __init__(self) -> None:
        self.known: dict[Any, int] = {}
        self.depths: list[int] = []
        self.uses: dict[int, list[Use]] = {}
        self.parents: dict[int, frozenset[int]] = {}
        self.drawing: dict[int, bool] = {}
        self.draw = 0
        self.inside: tuple[str, Frames, int] | None = None
        self.left = MOST_EQUATIONS

    # -- numbers -------------------------------------------------------------------------------------------------------

    def fresh(self, depth: int) -> int:
        self.depths.append(depth)
        return len(self.depths) - 1

    def numbered(self, tag: Any, inputs: tuple[int, ...]) -> int:
        number = self.known.get((tag, inputs))
        if number is None:
            number = self.known[tag, inputs] = self.fresh(max((self.depths[i] for i in inputs), default=0))
        return number

    def constant(self, value: Any) -> int:
        if isinstance(value, (bool, int, float)):
            return self.numbered(("value", type(value), value), ())
        try:
            small = value.ndim == 0
            return self.numbered(("value", str(value.dtype), value.item()) if small else ("object", id(value)), ())
        except Exception:
            return self.numbered(("object", id(value)), ())

    def draws(self, program: Any) -> bool:
        """Whether a program, or one that it calls, uses a key at all."""
        inner = private.inner_of(program)
        known = self.drawing.get(id(inner))
        if known is None:
            self.drawing[id(inner)] = False
            known = self.drawing[id(inner)] = any(
                equation.primitive.name in SPENDS or any(map(self.draws, private.sub_programs(equation)))
                for equation in inner.eqns
            )
        return known

    # -- programs ------------------------------------------------------------------------------------------------------

    def run(self, program: Any, inputs: list[int], depth: int, outer: Frames) -> list[int]:
        """The numbers of what a program returns."""
        inner = private.inner_of(program)
        env: dict[Any, int] = dict(zip(inner.invars, inputs))
        env.update((v, self.constant(c)) for v, c in zip(inner.constvars, getattr(program, "consts", ()) or ()))
        source = private.source_of(program)

        def number_of(value: Any) -> int:
            if hasattr(value, "val"):
                return self.constant(value.val)
            number = env.get(value)
            if number is None:
                number = env[value] = self.fresh(depth)
            return number

        for equation in inner.eqns:
            self.left -= 1
            if self.left < 0:
                raise TooLarge
            for value, number in zip(equation.outvars, self.step(equation, number_of, depth, source, outer)):
                env[value] = number
        return [number_of(value) for value in inner.outvars]

    def step(self, equation: Any, number_of: Any, depth: int, source: str, outer: Frames) -> list[int]:
        """The numbers of an equation's outputs; none where they are of no interest."""
        name = equation.primitive.name
        if name in SAME:
            return [number_of(value) for value in equation.invars]
        programs = list(private.sub_programs_with_constants(equation))
        if programs:
            if not any(self.draws(program) for _, program in programs):
                return []
            return self.call(equation, programs, [number_of(v) for v in equation.invars], depth, source, outer)
        if name in SPENDS:
            key = number_of(equation.invars[0])
            if name == "threefry2x32":
                key = self.numbered("pair", (key, number_of(equation.invars[1])))
            self.spend(key, equation, depth, source, outer)
            if name != "random_split":
                return []
        if name == "random_clone" or equation.effects or not _small(equation.outvars):
            return []
        inputs = tuple(number_of(value) for value in equation.invars)
        tag = (name, _spelled(equation.params))
        numbers = [self.numbered((tag, i), inputs) for i in range(len(equation.outvars))]
        if name in PARTS and inputs:
            for number in numbers:
                self.parents.setdefault(number, self.parents.get(inputs[0], frozenset()))
        return numbers

    def spend(self, key: int, equation: Any, depth: int, source: str, outer: Frames) -> None:
        if self.inside is not None:
            what, frames, draw = self.inside
        else:
            self.draw += 1
            what = {"random_split": "split", "random_bits": "bits"}.get(
                equation.primitive.name, equation.primitive.name
            )
            frames, draw = call_paths.down_to(private.frames_of(equation), source) + outer, self.draw
        uses = self.uses.setdefault(key, [])
        if len(uses) < MOST_USES and all(use.draw != draw for use in uses):
            uses.append(Use(what, frames, draw, self.depths[key] < depth))

    def call(
        self, equation: Any, programs: list[tuple[str, Any]], inputs: list[int], depth: int, source: str, outer: Frames
    ) -> list[int]:
        """An equation that runs other programs: a loop, branches, or a call."""
        name = equation.primitive.name
        if name in ("checkpoint", "remat2", "remat") and equation.params.get("differentiated"):
            return []  # the backward pass draws the forward pass's numbers again, as it must
        before = self.inside
        frames = call_paths.down_to(private.frames_of(equation), source) + outer
        if before is None and private.is_own_source(private.source_of(programs[0][1])):
            self.draw += 1
            self.inside = (str(equation.params.get("name") or name).strip("_"), frames, self.draw)
        try:
            if name == "scan":
                return self.scan(equation, programs[0][1], inputs, depth, frames)
            if name == "while":
                return self.loop(equation, dict(programs), inputs, depth, frames)
            if name == "cond":
                return self.branches([program for _, program in programs], inputs[1:], depth, frames)
            program = programs[0][1]
            count = len(private.inner_of(program).invars)
            if count > len(inputs):
                return []
            return self.run(program, inputs[len(inputs) - count :], depth, frames)
        finally:
            self.inside = before

    def scan(self, equation: Any, body: Any, inputs: list[int], depth: int, frames: Frames) -> list[int]:
        constants, carried = private.scan_layout(equation)
        deeper = depth + 1 if (equation.params.get("length") or 2) > 1 else depth
        given = [*inputs[:constants], *self.carry(body, inputs, constants, carried, deeper)]
        for number in inputs[constants + carried :]:
            part = self.fresh(deeper)
            self.parents[part] = self.parents.get(number, frozenset())
            given.append(part)
        self.run(body, given, deeper, frames)
        return [self.fresh(depth) for _ in equation.outvars]

    def loop(self, equation: Any, programs: dict[str, Any], inputs: list[int], depth: int, frames: Frames) -> list[int]:
        ask, do = equation.params["cond_nconsts"], equation.params["body_nconsts"]
        body = programs.get("body_jaxpr")
        carried = len(inputs) - ask - do
        if body is not None:
            carry = self.carry(body, inputs[ask:], do, carried, depth + 1)
            self.run(body, [*inputs[ask : ask + do], *carry], depth + 1, frames)
            if "cond_jaxpr" in programs:
                self.run(programs["cond_jaxpr"], [*inputs[:ask], *carry], depth + 1, frames)
        return [self.fresh(depth) for _ in equation.outvars]

    def carry(self, body: Any, inputs: list[int], constants: int, carried: int, depth: int) -> Iterator[int]:
        """What a loop hands from turn to turn: what the body returns untouched stays the same value."""
        inner = private.inner_of(body)
        for i in range(constants, constants + carried):
            untouched = i - constants < len(inner.outvars) and inner.outvars[i - constants] is inner.invars[i]
            yield inputs[i] if untouched else self.fresh(depth)

    def branches(self, programs: list[Any], inputs: list[int], depth: int, frames: Frames) -> list[int]:
        """Only one of them runs: the one that uses the most stands for all."""
        before = self.uses
        best: dict[int, list[Use]] = {}
        for program in programs:
            self.uses = {key: list(uses) for key, uses in before.items()}
            self.run(program, inputs, depth, frames)
            for key, uses in self.uses.items():
                if len(uses) > len(best.get(key, ())):
                    best[key] = uses
        self.uses = best
        return []

    # -- what was found ------------------------------------------------------------------------------------------------

    def reuses(self, labels: dict[int, str]) -> Iterator[Reuse]:
        for key, uses in self.uses.items():
            label = labels.get(key, "")
            for use in uses:
                if use.looped:
                    yield Reuse(label, use, use)
                    break
            for again in uses[1:]:
                if call_paths.meeting(uses[0].frames, again.frames) is not None:
                    yield Reuse(label, uses[0], again)


def _small(values: list[Any]) -> bool:
    """Keys, and integers few enough to be keys, positions and counters."""
    for value in values:
        aval = value.aval
        if getattr(aval, "size", SMALL + 1) > SMALL:
            return False
        if getattr(aval.dtype, "kind", "V") not in "iubV":
            return False
    return True


def _spelled(params: dict[str, Any]) -> str:
    return ",".join(f"{name}={value}" for name, value in sorted(params.items()) if name != "sharding")
