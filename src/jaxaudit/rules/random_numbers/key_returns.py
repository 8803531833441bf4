"""A key that a function spends and hands back, so that whoever goes on with it uses it again."""

from __future__ import annotations

from collections.abc import Iterator

from jaxaudit.model import Note
from jaxaudit.rules.random_numbers.key_events import Needs, needs_of, spent_keys
from jaxaudit.rules.random_numbers.key_origins import Steps, at, attribute, field_names, origin_of
from jaxaudit.rules.random_numbers.key_pairs import Told, exclude
from jaxaudit.rules.random_numbers.key_repeats import returned_carry
from jaxaudit.rules.random_numbers.spent_key import Spent
from jaxaudit.source import values as v
from jaxaudit.source.program import Program
from jaxaudit.source.scopes import Function


def used_and_returned(program: Program, function: Function, spent: list[Spent]) -> Iterator[Told]:
    for one in spent:
        if one.how == "fold" or one.renews or one.inner is not None or one.origin.home is not function.flow:
            continue
        for returned in function.flow.returns:
            if exclude(one.path, returned.path) or returned.order < one.call.order:
                continue
            steps = next(
                (s for s, leaf in leaves(program, returned.value) if origin_of(program, leaf).mark == one.mark), None
            )
            if steps is None:
                continue
            user = next_user(program, function, steps)
            again = (
                f", where `{user.by}` uses it again"
                if user is not None
                else ", so whoever goes on with it uses it again"
            )
            notes = [Note(program.place(function.flow, returned.expr), "returned here")] if returned.expr else []
            if user is not None and user.call is not one.call:
                notes.append(Note(program.place(user.flow, user.shown), "used again here"))
            yield Told(
                one.mark,
                program.place(one.flow, one.shown),
                f"the key `{one.name}` is already used by `{one.by}` and then returned{again}",
                (0.85 if user is not None and user.sure else 0.5) if one.sure else 0.4,
                {"key": one.name, "second": one.by, "again": user.by if user is not None else ""},
                tuple(notes),
            )
            break


def leaves(program: Program, value: v.Value, steps: Steps = (), depth: int = 0) -> Iterator[tuple[Steps, v.Value]]:
    """What a returned value is made of, and where in it each part stands."""
    if depth > 4:
        return
    if isinstance(value, v.Sequence) and value.kind != "slice":
        for index, item in enumerate(value.items):
            yield from leaves(program, item, (*steps, at(index)), depth + 1)
    elif isinstance(value, v.Mapping):
        for key, item in value.pairs:
            if isinstance(key, v.Const):
                yield from leaves(program, item, (*steps, at(key.value)), depth + 1)
    elif isinstance(value, v.Call) and (names := field_names(program, value)):
        for index, name in enumerate(names):
            given = value.argument(index, name)
            if given is not None:
                yield from leaves(program, given, (*steps, attribute(name)), depth + 1)
    elif isinstance(value, v.Call) and isinstance(value.func, v.Attr) and value.func.name in ("replace", "_replace"):
        for keyword, item in value.kwargs:
            if keyword:
                yield from leaves(program, item, (*steps, attribute(keyword)), depth + 1)
    else:
        yield steps, value


def next_user(program: Program, function: Function, steps: Steps) -> Spent | None:
    """What uses the returned key again: the next step of a scan, the next turn of a loop, or a call that follows."""
    for handed in program.graph.handed.get(function, ()):
        if handed.use is None or handed.use.spec.kind != "loop":
            continue
        for needs in needs_of(program, function):
            back = returned_carry(handed, needs.parameter)
            if back is not None and marks((*back, *needs.steps)) == marks(steps):
                return of_needs(needs)
    for edge in program.graph.callers(function):
        for one in spent_keys(program, edge.call.flow.function):
            if one.how != "fold" and is_result(program, one, edge.call, steps):
                return one
    return None


def of_needs(needs: Needs) -> Spent:
    return needs.spent._replace(sure=needs.sure)


def marks(steps: Steps) -> list[object]:
    return [step.mark for step in steps]


def is_result(program: Program, one: Spent, call: v.Call, steps: Steps) -> bool:
    """Whether a use is of the key that a call returned, perhaps in the turn before."""
    root = one.origin.root
    for _ in range(4):
        if root is call:
            return marks(one.origin.steps) == marks(steps)
        carried = root.carried if isinstance(root, v.Left) else root
        if not isinstance(carried, v.Carried) or carried.after is None:
            return False
        after = origin_of(program, carried.after, one.origin.steps)
        if after.root is call:
            return marks(after.steps) == marks(steps)
        root = after.root
    return False
