"""A setting that comes after the moment at which JAX reads it."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from jaxaudit.model import Finding, Note
from jaxaudit.rules.control_flow.in_sight import surely_run
from jaxaudit.rules.environment.flag_writes import environment_writes
from jaxaudit.rules.environment.late_setting_seen import observe
from jaxaudit.rules.rule import Example, Rule, Sample
from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.facts import start, text
from jaxaudit.source.flow import Flow
from jaxaudit.source.knowledge.arrays_of_jax import ARRAYS
from jaxaudit.source.knowledge.deadlines import (
    ENVIRONMENT,
    ENVIRONMENT_PREFIX,
    LEAVES_BACKEND,
    OPTION_OF_VARIABLE,
    OPTIONS,
    READ_AT_IMPORT,
    SETTING_CALLS,
    STARTS_BACKEND,
    Setting,
)
from jaxaudit.source.knowledge.random_keys import KEY_MAKERS
from jaxaudit.source.program import Program
from jaxaudit.source.scopes import Function, Module


class Set(NamedTuple):
    """One setting as it is made: its name, until when it is in time, and where it stands."""

    function: Function
    name: str
    setting: Setting
    expr: Any
    order: int
    path: v.Path


def match(program: Program) -> Iterator[Finding]:
    for made in settings(program):
        if made.setting.until == "never":
            continue
        early = first_start(program, made)
        if early is not None:
            yield told(program, made, early)


def settings(program: Program) -> Iterator[Set]:
    for write in environment_writes(program):
        if not write.own:
            continue  # a copy for another process, or a table of what is set
        setting = ENVIRONMENT.get(write.name)
        if setting is None and write.name.startswith(ENVIRONMENT_PREFIX):
            setting = READ_AT_IMPORT
        if setting is not None:
            yield Set(write.function, write.name, setting, write.expr, write.order, write.path)
    for module, unit in program.units_applying(["jax.config.update", *SETTING_CALLS]):
        program.graph.link_unit(module, unit)
        for function in program.functions_of_unit(module, unit):
            for call in function.flow.calls:
                name = c.known_name(program, call.func)
                if module.context or name is None:
                    continue
                if name == "jax.config.update" and call.args and isinstance(call.args[0], v.Const):
                    option = str(call.args[0].value)
                    if option in OPTIONS:
                        yield Set(function, option, OPTIONS[option], call.expr, call.order, call.path)
                elif name in SETTING_CALLS:
                    yield Set(function, name, SETTING_CALLS[name], call.expr, call.order, call.path)


class Early(NamedTuple):
    """What came before: the call that started the backend, or the import that read the environment or started it. `far`: in
    a function that calls the one which makes the setting, or in a module where nobody is seen to make it."""

    flow: Flow
    expr: Any
    what: str
    line: int
    far: bool = False


def first_start(program: Program, made: Set) -> Early | None:
    """What stands before the setting in the same scope and leaves it too late."""
    here = start_before(program, made.function.flow, made.order, made.path)
    if here is not None:
        return here
    if made.setting.until == "backend":
        return start_before_calls(program, made.function) or start_by_import(program, made)
    if made.setting.until == "import" and made.function.is_module:
        return earlier_import(made.function, start(made.expr)[0])
    if made.setting.until == "import" and surely_run(program, made.function) and not starts_processes(made.function):
        module = made.function.module.function
        called = [start(e.call.expr)[0] for e in program.graph.callers(made.function) if e.caller is module]
        return earlier_import(module, min(called, default=start(made.expr)[0]))
    return None


def start_before(program: Program, flow: Flow, order: int, path: v.Path) -> Early | None:
    for call in flow.calls:
        if call.order >= order:
            break
        if call.decorator or excluded(call.path, path) or not starts_backend(program, call):
            continue
        return Early(flow, call.expr, f"`{text(call.expr, 40)}` starts the backend", start(call.expr)[0])
    return None


def start_before_calls(program: Program, function: Function) -> Early | None:
    """The same in what calls the function, and in what calls that."""
    waiting, seen = [function], {function}
    while waiting and len(seen) < MOST_CALLERS:
        for edge in program.graph.callers(waiting.pop()):
            early = start_before(program, edge.call.flow, edge.call.order, edge.call.path)
            if early is not None:
                return early._replace(far=True)
            if edge.caller not in seen:
                seen.add(edge.caller)
                waiting.append(edge.caller)
    return None


MOST_CALLERS = 20


def start_by_import(program: Program, made: Set) -> Early | None:
    """A module of the project that is imported above the setting, and makes arrays while it is imported."""
    module = made.function.module
    called = [start(e.call.expr)[0] for e in program.graph.callers(made.function) if e.caller is module.function]
    for line, name, other in imported_above(program, module, min(called, default=start(made.expr)[0])):
        call = started_by(program, other, {module})
        if call is not None:
            what = f"importing `{name}` runs `{text(call.expr, 40)}`, which starts the backend,"
            return Early(call.flow, call.expr, what, line, not surely_run(program, made.function))
    return None


def imported_above(program: Program, module: Module, line: int) -> Iterator[tuple[int, str, Module]]:
    """(line, name as written, module of the project) of the imports at a file's top."""
    for statement in module.function.body:
        if statement[0] == "import" and statement[-1] < line:
            for name, dotted, other in modules_of(program, module, statement):
                yield statement[-1], dotted or name, other


def modules_of(program: Program, module: Module, statement: Any) -> Iterator[tuple[str, str, Module]]:
    for name, *_ in statement[1]:
        for bound in module.flow.bindings.get(name, ()):
            if isinstance(bound, v.Imported | v.ModuleValue):
                yield name, bound.module.name, bound.module


def started_by(program: Program, module: Module, seen: set[Module]) -> v.Call | None:
    """The call of a module's own body that starts the backend, or of what that imports in its turn."""
    if module in seen or len(seen) > MOST_CALLERS:
        return None
    seen.add(module)
    for call in module.flow.calls:
        if not call.decorator and not call.path and starts_backend(program, call):
            return call
    inner = (started_by(program, other, seen) for _, _, other in imported_above(program, module, LAST))
    return next((call for call in inner if call is not None), None)


LAST = 10**9
"""A line below every other."""


def starts_processes(function: Function) -> bool:
    """The variable may be meant for a child."""
    return any(name.partition(".")[0] in PROCESSES for _, name, *_ in function.module.imports)


PROCESSES = frozenset({"subprocess", "multiprocessing", "concurrent", "joblib", "ray", "submitit"})


def earlier_import(top: Function, line: int) -> Early | None:
    """`import jax` above the setting (or above the call of what sets it), at the top of the same file."""
    flow = top.flow
    for statement in top.body:
        if statement[0] == "import" and statement[-1] < line:
            for name, module, _ in statement[1]:
                if module.partition(".")[0] == "jax":
                    expr = ("n", name, statement[-1], 0)
                    return Early(flow, expr, "`import jax` reads it", statement[-1])
    return None


def starts_backend(program: Program, call: v.Call) -> bool:
    name = c.known_name(program, call.func)
    if name is None or name in LEAVES_BACKEND:
        return False
    if name in STARTS_BACKEND or name in KEY_MAKERS:
        return True
    maker = ARRAYS.get(name)
    return maker is not None and maker.library == "jax" and call.flow.function not in program.tracing.contexts


def made_up_for(program: Program, made: Set) -> bool:
    """`jax.config.update("jax_enable_x64", True)` beside the variable: here the option counts, the variable is for others."""
    option = OPTION_OF_VARIABLE.get(made.name)
    for call in made.function.flow.calls:
        name = c.known_name(program, call.func) or ""
        if made.name == "JAX_COMPILATION_CACHE_DIR" and name.endswith((".set_cache_dir", ".initialize_cache")):
            return True
        named = call.args[0].value if call.args and isinstance(call.args[0], v.Const) else None
        if name == "jax.config.update" and option is not None and named == option:
            return True
    return False


def excluded(first: v.Path, second: v.Path) -> bool:
    arms = dict(first)
    return any(arms.get(branch, arm) != arm for branch, arm in second) or bool(first)


def told(program: Program, made: Set, early: Early) -> Finding:
    place = program.place(made.function.flow, made.expr)
    effect = "raises an error" if made.setting.too_late == "raises" else "has no effect"
    instead = OPTION_OF_VARIABLE.get(made.name)
    advice = (
        f"; `jax.config.update({instead!r}, ...)` still works there"
        if instead and made.setting.until == "import"
        else ""
    )
    return RULE.found(
        place,
        f"`{made.name}` is set too late and {effect}: {early.what} in line {early.line}, before it{advice}",
        0.4
        if made_up_for(program, made)
        else 0.6
        if early.far
        else 0.85
        if (early.flow.function.is_module and surely_run(program, made.function)) or made.setting.until == "backend"
        else 0.6,
        facts={"setting": made.name, "until": made.setting.until, "first": early.line},
        notes=[Note(program.place(early.flow, early.expr), "too late from here on")],
    )


RULE = Rule(
    name="late-setting",
    title="a setting that comes too late to count",
    severity="error",
    dont="Set XLA_FLAGS, JAX_* variables or device options after JAX has read them.",
    do="Set it first: before `import jax`, or before the first array and the first look at a device, as the message says.",
    why="XLA reads XLA_FLAGS once, when the backend starts; afterwards a change does nothing and says nothing, but still changes the "
    "key of the persistent cache, so every compile misses it (JAX 0.6.2, 0.10.2 and 0.12.0.1). `import jax` alone starts no "
    "backend; `jax.devices()`, a key or any array does. A second folder for the compilation cache, named after the first program "
    "went through the cache, stays empty (JAX 0.10.2 and 0.12.0.1).",
    allowed="Settings that JAX reads at each use, such as `jax_enable_x64` or `jax_debug_nans`, at any time.",
    may_break="The setting takes effect: what it changes, changes.",
    sees=("source", "run"),
    needs=(),
    examples=(
        Example(
            "devices asked for after an array",
            dont=Sample(
                """import os

import jax
import jax.numpy as jnp

x = jnp.ones(3)
os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=4"  # fault
""",
                shows="jax.device_count() == 1",
            ),
            do=Sample(
                """import os

os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=4"

import jax
import jax.numpy as jnp

x = jnp.ones(3)
""",
                shows="jax.device_count() >= 1",
            ),
        ),
    ),
    allowed_samples=(
        Sample(
            """import jax
import jax.numpy as jnp

x = jnp.ones(3)
jax.config.update("jax_debug_nans", True)
jax.config.update("jax_debug_nans", False)
"""
        ),
    ),
    match=match,
    observe=observe,
    matters_in_tests=True,
)
