"""Whether what a function takes from a loop's turn could be an argument, or needs a compiled program of its own."""

from collections.abc import Callable, Iterator

from jaxaudit.rules.captures.captured_values import nested_in, reads_of
from jaxaudit.rules.captures.reads import Read, reads
from jaxaudit.source import arguments
from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.events import Loop
from jaxaudit.source.facts import text
from jaxaudit.source.flow import Flow
from jaxaudit.source.kinds import kind_of
from jaxaudit.source.knowledge.array_values import STATIC_ATTRIBUTES
from jaxaudit.source.program import Program
from jaxaudit.source.scopes import Function

_SHAPES = "zeros ones empty full arange eye identity reshape broadcast_to tile linspace repeat tri iota pad split"
SHAPE_TAKERS = frozenset(
    [f"{library}.{name}" for library in ("jax.numpy", "numpy", "jax.lax") for name in _SHAPES.split()]
) | frozenset({"builtins.range", "builtins.int", "jax.lax.fori_loop", "jax.random.split", "jax.nn.one_hot"})
SETTINGS = frozenset(
    [
        "axis",
        "axis_name",
        "mesh",
        "in_specs",
        "out_specs",
        "in_axes",
        "out_axes",
        "sharding",
        "out_sharding",
        "dtype",
        "length",
    ]
)
"""Keywords under which every library takes what decides the program, no array."""
NO_ARRAYS = ("jax.sharding.", "jax.make_mesh", "jax.devices", "jax.local_devices")


def own_program_for(program: Program, value: v.Value, loop: Loop) -> str:
    """The name that a wrapped callable takes from the turn as a setting, "" where it takes none."""
    targets = c.targets(program, value)
    for target in targets:
        found = from_closure(program, target.function, loop) or from_partials(program, target, loop)
        if found:
            return found
        found = from_defaults(target.function, loop)
        if found:
            return found
    for made in factories(program, value, loop):
        for maker in c.targets(program, made.func):
            found = own_program_from_arguments(program, made, maker, loop)
            if found:
                return found
    return "" if targets else takes_from_turn(program, value, loop)


def factories(program: Program, value: v.Value, loop: Loop, depth: int = 0) -> Iterator[v.Call]:
    """The project's calls in the turn that make what is wrapped: `make(settings)["energy"]`, through `vmap` and names."""
    if depth > 6:
        return
    if isinstance(value, v.Call):
        if loop in value.loops and c.known_name(program, value.func) is None:
            yield value
        for part in value.args:
            yield from factories(program, part, loop, depth + 1)
    elif isinstance(value, v.Item | v.Attr):
        yield from factories(program, value.base, loop, depth + 1)


def chosen_function(function: Function, home: Flow) -> str:
    """One of several functions of one name, whichever the call asks for, that a function or its siblings call."""
    waiting, seen = [function], {function}
    while waiting and len(seen) < 24:
        one = waiting.pop()
        found = [inner for inner in nested_in(one) if inner not in seen]
        for name in one.flow.frees:
            bound = [v.settle(value) for value in home.bindings.get(name, ())]
            named = [value.function for value in bound if isinstance(value, v.FunctionValue)]
            if len(named) > 1:
                return name
            found += [other for other in named if other not in seen]
        seen |= set(found)
        waiting += found
    return ""


def setting_of_factory(
    program: Program, value: v.Value, function: Function, is_constant: Callable[[Program, v.Value], bool]
) -> str:
    """What a project's function that makes the wrapped one is handed of the function around, as a setting."""
    while isinstance(value, v.Call) and c.known_name(program, value.func) is not None and value.args:
        value = value.args[0]
    value = v.settle(value)
    if not isinstance(value, v.Call):
        return ""
    for target in c.targets(program, value.func):
        for name, given in arguments.bind(value, target).items():
            if is_of_call(given, function) and not is_constant(program, given):
                if any(is_setting(program, read, given) for read in reads_of(target.function, name)):
                    return text(given.expr, 30)
    return ""


def is_of_call(value: v.Value, function: Function, depth: int = 0) -> bool:
    """A parameter of the function, or what is made of one."""
    if isinstance(value, v.Param):
        return value.function is function
    return depth < 6 and any(is_of_call(part, function, depth + 1) for part in value.parts())


def own_program_from_arguments(program: Program, call: v.Call, target: c.Target, loop: Loop) -> str:
    """The same for what a factory is called with."""
    for name, value in arguments.bind(call, target).items():
        found = takes_from_turn(program, value, loop)
        if found and any(is_setting(program, read, value) for read in reads_of(target.function, name)):
            return found
    return ""


def from_closure(program: Program, function: Function, loop: Loop) -> str:
    turn = {bind.name for bind in loop.flow.binds if loop in bind.loops}
    for read in closed_over(function, loop):
        name: str = read.base.name  # type: ignore[attr-defined]
        if name not in turn:
            continue
        last = [bind.value for bind in loop.flow.binds if bind.name == name and loop in bind.loops][-1]
        if is_setting(program, read, last):
            return name
    return ""


def closed_over(function: Function, loop: Loop) -> Iterator[Read]:
    for one in (function, *nested_in(function)):
        for read in reads(one):
            if isinstance(read.base, v.Free) and read.base.home is loop.flow:
                yield read


def from_defaults(function: Function, loop: Loop) -> str:
    """`def loss(q, closure=closure)`: something of the turn that is called."""
    turn = {bind.name for bind in loop.flow.binds if loop in bind.loops}
    for parameter in function.all_parameters:
        if parameter.default is not None and parameter.default[0] == "n" and parameter.default[1] in turn:
            if any(read.how == "called" for read in reads_of(function, parameter.name)):
                return parameter.name
    return ""


def from_partials(program: Program, target: c.Target, loop: Loop) -> str:
    empty = v.Call(v.Unknown(), (), (), None, target.function.flow, (), (), 0)
    for name, value in arguments.bind(empty, target).items() if target.partials else ():
        found = takes_from_turn(program, value, loop)
        if found and any(is_setting(program, read, value) for read in reads_of(target.function, name)):
            return found
    return ""


def is_setting(program: Program, read: Read, value: v.Value, depth: int = 0) -> bool:
    """A value that steers what is compiled: called, asked for a method, a shape, a string, a choice."""
    if is_array_like(program, value):
        return False
    kind = kind_of(program, value).what
    if kind in ("str", "bool", "function", "transformed", "class", "instance"):
        return True
    if read.how == "called":
        return True
    if read.how == "iterated":
        return kind in ("list", "tuple")  # each entry is written out where it is traced
    call = read.call
    if read.how == "argument" and call is not None:
        name = c.known_name(program, call.func)
        if name is not None:
            return name in SHAPE_TAKERS or any(value is read.whole for key, value in call.kwargs if key in SETTINGS)
        if kind == "int":
            return True
        return depth < 3 and any(
            is_setting(program, inner, value, depth + 1)
            for target in c.targets(program, call.func)
            for parameter, given in arguments.bind(call, target).items()
            if given is read.whole
            for inner in reads_of(target.function, parameter)
        )
    return False


def takes_from_turn(program: Program, value: v.Value, loop: Loop) -> str:
    """The loop's own variable in a value, unless it is an array."""
    turn = {id(bind.value): bind.name for bind in loop.flow.binds if loop in bind.loops}
    waiting, seen = [value], 0
    while waiting and seen < 30:
        one = waiting.pop()
        seen += 1
        is_turns = id(one) in turn or (isinstance(one, v.Elem | v.Carried) and one.loop is loop)
        if is_turns and not is_array_like(program, one):
            named = turn.get(id(one)) or (text(one.expr) if one.expr is not None else "")
            return named or str(getattr(one, "name", "it"))
        if is_turns or isinstance(one, v.Free) or (isinstance(one, v.Attr) and one.name in STATIC_ATTRIBUTES):
            continue
        waiting += one.parts()
    return ""


def is_array_like(program: Program, value: v.Value) -> bool:
    """An array, or a tree of parameters that a loop carries: never a reason for a program of its own."""
    kind = kind_of(program, value)
    if kind.is_array or kind.what in ("key", "keys", "float"):
        return True
    if isinstance(value, v.Carried | v.Left | v.Phi):
        return any(is_array_like(program, part) for part in value.parts() if part is not value)
    if isinstance(value, v.Call):
        name = c.known_name(program, value.func) or ""
        return name.startswith(("jax.", "optax.apply_updates")) and not name.startswith(NO_ARRAYS)
    return False
