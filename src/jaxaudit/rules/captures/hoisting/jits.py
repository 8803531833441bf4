"""Where a function is jitted, with which options, and what those and its users allow."""

from __future__ import annotations

import ast
from typing import NamedTuple

from jaxaudit.edits import CannotEdit, jit_site
from jaxaudit.edits.nodes import FUNCTIONS
from jaxaudit.rules.captures.hoisting.chain import (
    line_of,
    own_object,
)
from jaxaudit.rules.captures.hoisting.project_code import (
    BATCHES,
    JITS,
    KEEPS_KEYWORDS,
    PARTIALS,
    Binding,
    Code,
    Mention,
    Ref,
)

PER_ARGUMENT = frozenset({"in_shardings", "in_axes", "abstracted_axes", "axis_name"})
"""Options that say something of each argument."""


OF_A_JIT = frozenset(
    {"lower", "trace", "eval_shape", "clear_cache", "_cache_size", "_clear_cache", "__wrapped__", "_fun"}
)


class Jit(NamedTuple):
    """Where the function is jitted: a decorator of it, or a call around it."""

    path: str
    node: ast.expr
    is_decorator: bool
    batched: ast.expr | None = None
    """The function inside of `jax.jit(jax.vmap(f))`, which takes no new argument through the vmap."""


def jits_of(code: Code, ref: Ref) -> list[Jit]:
    """Every jit of a function, found in the files that write its name."""
    found = [Jit(ref.path, one, True) for one in getattr(ref.node, "decorator_list", []) if is_jit(code, ref.path, one)]
    paths = dict.fromkeys([ref.path, *(code.paths_with(ref.name) if ref.name != "<lambda>" else ())])
    for path in paths:
        for node in code.names(path).evaluated_in:
            if not isinstance(node, ast.Call) or not node.args or not is_jit(code, path, node.func):
                continue
            inner, batched = innermost(code, path, node)
            if not _decorates(code, path, node) and stands_for(code, path, inner, ref):
                found.append(Jit(path, node, False, inner if batched else None))
    return found


def outermost(code: Code, ref: Ref, depth: int = 0) -> list[Ref]:
    """The jitted functions in whose programs a jitted function runs too: what is captured is theirs as well."""
    if depth > DEEPEST:
        return []
    found: dict[Ref, None] = {}
    try:
        mentions = code.mentions(ref)[:MOST]
    except CannotEdit:
        return []
    for mention in mentions:
        if mention.how == "import":
            continue
        names = code.names(mention.path)
        around = names.function_around(mention.node)
        while around is not None:
            here = Ref(mention.path, around)
            above = names.function_around(around)
            if here == ref:
                break
            jitted = bool(jits_of(code, here))
            if jitted or above is None:
                tops = outermost(code, here, depth + 1)
                found.update(dict.fromkeys(tops or ([here] if jitted else [])))
                break
            around = above
    return list(found)


DEEPEST = 3
"""So many jitted functions around each other are looked through."""
MOST = 40


def innermost(code: Code, path: str, call: ast.Call) -> tuple[ast.expr, bool]:
    """The function in `jax.jit(jax.grad(f))`, and whether a vmap stands between."""
    inner, batched = call.args[0], False
    while isinstance(inner, ast.Call) and inner.args:
        known = code.known(path, inner.func)
        if known not in KEEPS_KEYWORDS and known not in BATCHES:
            break
        batched = batched or known in BATCHES
        inner = inner.args[0]
    return inner, batched


def stands_for(code: Code, path: str, inner: ast.expr, ref: Ref) -> bool:
    if inner is ref.node:
        return True
    if isinstance(inner, ast.Attribute) and own_object(code, ref) is not None:
        return inner.attr == ref.name and code.dotted(path, inner) is None
    found = code.function_in(path, inner)
    return found is not None and found.node is ref.node


def is_jit(code: Code, path: str, node: ast.expr) -> bool:
    """`jax.jit`, `jax.jit(...)` as a decorator, `partial(jax.jit, ...)`."""
    if isinstance(node, ast.Call):
        if code.known(path, node.func) in PARTIALS:
            return bool(node.args) and code.known(path, node.args[0]) in JITS
        node = node.func
    return code.known(path, node) in JITS


def _decorates(code: Code, path: str, node: ast.expr) -> bool:
    above = code.names(path).parent[node]
    return isinstance(above, (*FUNCTIONS, ast.ClassDef)) and node in above.decorator_list


def options(code: Code, jit: Jit) -> list[ast.keyword]:
    found: list[ast.keyword] = []
    node = jit.node
    while isinstance(node, ast.Call):
        found += node.keywords
        if not node.args:
            break
        node = node.args[0]
    return found


def options_allow(code: Code, jits: list[Jit], appended: bool) -> None:
    for jit in jits:
        for keyword in options(code, jit):
            if keyword.arg is None or keyword.arg in PER_ARGUMENT:
                raise CannotEdit(f"the jit's {keyword.arg or '**options'} speaks of each argument")
            numbers = keyword.arg.endswith("argnums") or keyword.arg == "argnums"
            if numbers and any(isinstance(one, ast.USub) for one in ast.walk(keyword.value)):
                raise CannotEdit(f"{keyword.arg} counts from the end")


def may_come_first(code: Code, ref: Ref, jit: Jit) -> bool:
    """Whether nothing counts the function's arguments from the front."""
    options_allow(code, [jit], appended=True)
    counted = any((keyword.arg or "").endswith("argnums") for keyword in options(code, jit))
    return not counted and len(getattr(ref.node, "decorator_list", [])) == 1


def defaults_are_left_out(code: Code, ref: Ref, jit: Jit) -> bool:
    """Whether calls may leave out what a wrapper would then hand in as a traced argument."""
    given = ref.node.args
    with_default = (
        [one.arg for one in (*given.posonlyargs, *given.args)[-len(given.defaults) :]] if given.defaults else []
    )
    with_default += [one.arg for one, default in zip(given.kwonlyargs, given.kw_defaults) if default is not None]
    if not with_default:
        return False
    source = code.source(jit.path)
    site = jit_site(source, source.place(jit.node))
    static: set[str] = set()
    for keyword in options(code, jit):
        for one in ast.walk(keyword.value):
            if isinstance(one, ast.Constant) and keyword.arg == "static_argnames":
                static.add(str(one.value))
            elif isinstance(one, ast.Constant) and keyword.arg == "static_argnums" and isinstance(one.value, int):
                parameters = site.parameters()
                static.update(parameters[one.value : one.value + 1])
    return not static.issuperset(with_default)


def must_be_plain(code: Code, ref: Ref) -> None:
    node = ref.node
    if isinstance(node, ast.AsyncFunctionDef):
        raise CannotEdit(f"`{ref.name}` is async")
    if any(
        isinstance(one, ast.Yield | ast.YieldFrom) and code.names(ref.path).function_around(one) is node
        for one in ast.walk(node)
    ):
        raise CannotEdit(f"`{ref.name}` is a generator")
    for decorator in getattr(node, "decorator_list", []):
        inner = (
            decorator.func if isinstance(decorator, ast.Call) and not is_jit(code, ref.path, decorator) else decorator
        )
        if not is_jit(code, ref.path, inner) and code.known(ref.path, inner) not in KEEPS_KEYWORDS:
            raise CannotEdit(f"`{ref.name}` is also decorated by `{code.source(ref.path).of(decorator)}`")


def nobody_asks_the_jit(code: Code, ref: Ref, by_wrapper: bool = False) -> None:
    """`step.lower(...)`, `step.clear_cache()`: a partial has no such method, nor has a wrapper."""
    for one in code.mentions(ref):
        above = code.names(one.path).parent.get(one.node)
        if isinstance(above, ast.Attribute) and above.value is one.node and one.how in ("handed", "jit"):
            if by_wrapper and above.attr not in OF_A_JIT:
                continue
            raise CannotEdit(f"`{ref.name}.{above.attr}` is asked for at {one.path}:{line_of(one.node)}")


def direct_mentions(code: Code, ref: Ref) -> list[Mention]:
    """The mentions of the function's own name, not of what a jit made of it under another."""
    if isinstance(ref.node, ast.Lambda):
        return []
    names = code.names(ref.path)
    scope = names.scope_of(ref.node)
    found: list[Mention] = []
    method = isinstance(scope, ast.ClassDef)
    if method:
        code.mentions(ref)  # raises where another class has a method of that name
    wanted = Binding(ref.path, scope, ref.name)
    rebound = len(names.bound_at(scope, ref.name)) > 1
    for path in dict.fromkeys([ref.path, *code.paths_with(ref.name)]):
        theirs = code.names(path)
        for node in theirs.evaluated_in:
            if not isinstance(node, ast.Name | ast.Attribute) or not isinstance(node.ctx, ast.Load):
                continue
            if method:
                if not isinstance(node, ast.Attribute) or node.attr != ref.name or code.dotted(path, node) is not None:
                    continue
            elif code.binding(path, node) != wanted or (rebound and not theirs.runs_in(node, ref.node)):
                continue  # `step = jit(step)`: from there on the name is what the jit made
            above = theirs.parent[node]
            if isinstance(above, ast.Call) and above.func is node:
                found.append(Mention(path, node, "call", above))
            elif isinstance(above, ast.Call) and above.args[:1] == [node] and code.known(path, above.func) in PARTIALS:
                found.append(Mention(path, node, "partial", above))
            else:
                found.append(Mention(path, node, "handed"))
    return found
