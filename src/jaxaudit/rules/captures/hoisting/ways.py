"""The two ways to make a captured value an argument: in the jitted function's signature, or bound outside of the jit."""

from __future__ import annotations

import ast

from jaxaudit.edits import CannotEdit, Edit, fresh_name, spell
from jaxaudit.edits.nodes import FUNCTIONS
from jaxaudit.edits.parameters import add_parameters
from jaxaudit.rules.captures.hoisting.chain import (
    Chain,
    Edits,
    Load,
    add,
    helper_edits,
    is_plain,
    line_of,
    own_object,
    parameters_of_taker,
    pass_on,
    takers_of,
)
from jaxaudit.rules.captures.hoisting.jits import (
    Jit,
    direct_mentions,
    may_come_first,
    must_be_plain,
    nobody_asks_the_jit,
    options_allow,
)
from jaxaudit.rules.captures.hoisting.project_code import Code, Mention, Ref
from jaxaudit.rules.captures.hoisting.way import Held, Way, checked
from jaxaudit.rules.captures.hoisting.wrappers import apart_after, bound_above, by_method, by_wrapper


def into_signature(code: Code, ref: Ref, loads: list[Load], jits: list[Jit]) -> Way:
    """The function takes the holder as its last parameter, and every call brings it."""
    if own_object(code, ref) is not None:
        raise CannotEdit("a method's callers do not hold its arrays")
    if any(jit.batched is not None for jit in jits):
        raise CannotEdit(f"`{ref.name}` is batched by a vmap before it is jitted")
    chains = [Chain(code, ref, load) for load in loads]
    options_allow(code, jits, appended=True)
    must_be_plain(code, ref)
    edits = _edits_of_helpers(code, ref, chains)
    add(edits, ref.path, add_parameters(code.source(ref.path), ref.node, parameters_of_taker(chains)))
    for chain in chains:
        chain.body_edits(edits, ref)
    outside = [one for one in code.mentions(ref) if one.how != "import" and not is_inside(chains, one)]
    tested = next((one for one in outside if code.is_test(one.path)), None)
    if tested is not None and not code.is_test(ref.path):
        raise Held(f"the tests hold the signature of `{ref.name}` ({tested.path}:{line_of(tested.node)})")
    for mention in code.mentions(ref):
        if mention.how in ("jit", "handed"):
            raise CannotEdit(
                f"`{ref.name}` is handed on at {mention.path}:{line_of(mention.node)}, and called elsewhere"
            )
        if mention.how != "import":
            pass_on(code, edits, ref, chains, mention)
    return checked(code, edits, ref.name, "signature")


def is_inside(chains: list[Chain], mention: Mention) -> bool:
    return any(chain.taker_around(mention.path, mention.node) is not None for chain in chains)


def _edits_of_helpers(code: Code, ref: Ref, chains: list[Chain]) -> Edits:
    edits: Edits = {}
    for helper, theirs in takers_of(chains).items():
        if helper is not ref and helper.node is not ref.node:
            helper_edits(code, edits, helper, theirs)
    return edits


def bound_outside(code: Code, ref: Ref, loads: list[Load], jits: list[Jit]) -> Way:
    """The jitted function takes the holder; the name that callers use has it bound."""
    must_be_plain(code, ref)
    chains = [Chain(code, ref, load) for load in loads]
    decorators = [one for one in jits if one.is_decorator]
    if not jits or (decorators and len(jits) > 1):
        raise CannotEdit(
            f"`{ref.name}` is jitted in {len(jits)} places" if jits else f"no jit of `{ref.name}` was found"
        )
    edits = _edits_of_helpers(code, ref, chains)
    for chain in chains:
        chain.body_edits(edits, ref)
    if not decorators:
        nobody_asks_the_jit(code, ref)
        return _around_the_calls(code, edits, ref, chains, jits)
    assert isinstance(ref.node, ast.FunctionDef)
    if any(
        is_inside(chains, one) and chains[0].code.names(one.path).runs_in(one.node, ref.node)
        for one in direct_mentions(code, ref)
    ):
        raise CannotEdit(f"`{ref.name}` calls itself")
    if jits[0].batched is not None:
        raise CannotEdit(f"`{ref.name}` is jitted behind a vmap")
    scope = code.names(ref.path).scope_of(ref.node)
    outermost = scope is code.names(ref.path).tree
    nobody_asks_the_jit(code, ref, by_wrapper=outermost or own_object(code, ref) is not None)
    if own_object(code, ref) is not None:
        return by_method(code, edits, ref, chains, jits[0])
    if outermost:
        return by_wrapper(code, edits, ref, chains, jits[0])
    return _by_partial(code, edits, ref, chains, jits[0])


def _around_the_calls(code: Code, edits: Edits, ref: Ref, chains: list[Chain], jits: list[Jit]) -> Way:
    """`jax.jit(f)` becomes `functools.partial(jax.jit(f), table=table)`, wherever it is jitted."""
    options_allow(code, [jit for jit in jits if jit.batched is None], appended=True)
    words = parameters_of_taker(chains)
    add(edits, ref.path, add_parameters(code.source(ref.path), ref.node, words))
    for jit in jits:
        assert isinstance(jit.node, ast.Call)
        source = code.source(jit.path)
        receiver = _receiver(code, jit, ref)
        mention = Mention(jit.path, jit.node, "handed", jit.node)
        _is_there_before(code, jit, chains, receiver)
        values = [chain.value_at(edits, mention, item, receiver) for chain in chains for item in chain.load.items]
        partial = spell(source, "functools.partial")
        given = ", ".join(f"{word}={value}" for word, value in zip(words, values))
        start, end = source.span(jit.node)
        add(edits, jit.path, partial.edits)
        if jit.batched is not None:
            _around_the_batch(code, edits, jit, partial.text, words)
            given = ", ".join(values)
        add(edits, jit.path, (Edit(start, start, f"{partial.text}("), Edit(end, end, f", {given})")))
    for one in direct_mentions(code, ref):
        if not any(one.path == jit.path and code.names(one.path).is_within(one.node, jit.node) for jit in jits):
            pass_on(code, edits, ref, chains, one)
    name = "<lambda>" if any(jit.batched is not None for jit in jits) else ref.name
    return checked(code, edits, name, "partial")


def _around_the_batch(code: Code, edits: Edits, jit: Jit, partial: str, words: tuple[str, ...]) -> None:
    """`jax.vmap(f)` under the jit becomes `lambda table, *batch: jax.vmap(partial(f, table=table))(*batch)`."""
    assert isinstance(jit.node, ast.Call) and jit.batched is not None
    if jit.node.keywords or len(jit.node.args) != 1:
        raise CannotEdit("the jit around a vmap has options that count its arguments")
    source = code.source(jit.path)
    batch = fresh_name(source, "batch")
    start, end = source.span(jit.node.args[0])
    given = ", ".join(f"{word}={word}" for word in words)
    inner, after = source.span(jit.batched)
    add(
        edits,
        jit.path,
        (
            Edit(start, inner, f"lambda {', '.join(words)}, *{batch}: {source.text[start:inner]}{partial}("),
            Edit(after, after, f", {given})"),
            Edit(end, end, f"(*{batch})"),
        ),
    )


def _receiver(code: Code, jit: Jit, ref: Ref) -> ast.expr | None:
    if own_object(code, ref) is None:
        return None
    inner: ast.expr = jit.node
    while isinstance(inner, ast.Call):
        inner = inner.args[0]
    if not isinstance(inner, ast.Attribute) or not is_plain(inner.value):
        raise CannotEdit("the object of the jitted method is not named")
    return inner.value


def _is_there_before(code: Code, jit: Jit, chains: list[Chain], receiver: ast.expr | None) -> None:
    """What is bound must exist where it is bound: assigned above in the same scope, or in another one."""
    names = code.names(jit.path)
    at = code.source(jit.path).start(jit.node)
    here = names.function_around(jit.node)
    for chain in chains:
        root = chain.load.root
        if receiver is None and root.path == jit.path and root.scope is (here or names.tree):
            bound_above(code, root, at)
        if (
            receiver is not None
            and isinstance(receiver, ast.Name)
            and isinstance(here, FUNCTIONS)
            and here.name == "__init__"
        ):
            for item in chain.load.items:
                stores = [
                    code.source(jit.path).start(node)
                    for node in names.evaluated_in
                    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
                    and names.runs_in(node, here) and f".{node.attr}" == item.suffix[: len(node.attr) + 1]
                ]  # fmt: skip
                if not stores or min(stores) > at:
                    raise CannotEdit(f"`{item.parameter}` is not there yet where the method is jitted")


def default_outside(code: Code, ref: Ref, name: str, jits: list[Jit]) -> Way:
    """`def f(x, table=TABLE)`, jitted: calls that leave `table` out get it from a partial around the jitted function."""
    source = code.source(ref.path)
    given = ref.node.args
    defaults = dict(
        zip([one.arg for one in (*given.posonlyargs, *given.args)][-len(given.defaults) or None :], given.defaults)
    )
    defaults |= {one.arg: default for one, default in zip(given.kwonlyargs, given.kw_defaults) if default is not None}
    value = defaults.get(name)
    if len(jits) != 1 or not isinstance(value, ast.Name):
        raise CannotEdit(f"the default of `{name}` is not a name, or the function is jitted twice")
    jit = jits[0]
    options_allow(code, jits, appended=True)
    nobody_asks_the_jit(code, ref)
    given_by_position = [one.arg for one in (*given.posonlyargs, *given.args)]
    for one in code.mentions(ref):
        if one.how == "call" and one.call is not None and name in given_by_position:
            if len(one.call.args) > given_by_position.index(name):
                raise CannotEdit(f"{one.path}:{line_of(one.node)} passes `{name}` by position")
    partial = spell(code.source(jit.path), "functools.partial")
    edits: Edits = {jit.path: list(partial.edits)}
    if jit.is_decorator:
        if own_object(code, ref) is not None or not isinstance(ref.node, ast.FunctionDef):
            raise CannotEdit("a method's default")
        text = f"{ref.name} = {partial.text}({ref.name}, {name}={value.id})"
        outermost = code.names(ref.path).scope_of(ref.node) is code.names(ref.path).tree
        add(edits, ref.path, apart_after(source, ref.node, text, 2 if outermost else 1))
    else:
        start, end = code.source(jit.path).span(jit.node)
        if (
            jit.path != ref.path
            or code.names(ref.path).home_of(value.id, code.names(jit.path).scope_of(jit.node)) is None
        ):
            raise CannotEdit(f"`{value.id}` is not seen where the function is jitted")
        add(edits, jit.path, (Edit(start, start, f"{partial.text}("), Edit(end, end, f", {name}={value.id})")))
    return checked(code, edits, ref.name, "partial")


def _by_partial(code: Code, edits: Edits, ref: Ref, chains: list[Chain], jit: Jit) -> Way:
    """A decorated function inside another: what is handed on is a partial of it."""
    source, names = code.source(ref.path), code.names(ref.path)
    assert isinstance(ref.node, ast.FunctionDef)
    first = may_come_first(code, ref, jit)
    words = parameters_of_taker(chains)
    add(edits, ref.path, add_parameters(source, ref.node, words, "first" if first else "last"))
    mentions = direct_mentions(code, ref)
    partial = spell(source, "functools.partial")
    add(edits, ref.path, partial.edits)
    at = Mention(ref.path, ref.node, "handed")
    values = [chain.value_at(edits, at, item, None) for chain in chains for item in chain.load.items]
    given = ", ".join(values if first else [f"{word}={value}" for word, value in zip(words, values)])
    bound = f"{partial.text}({ref.name}, {given})"
    if len(mentions) == 1 and isinstance(names.parent[mentions[0].node], ast.Return):
        add(edits, ref.path, (Edit(*source.span(mentions[0].node), bound),))
    else:
        for chain in chains:
            if chain.load.root.scope is names.scope_of(ref.node):
                bound_above(code, chain.load.root, source.start(ref.node))
        add(edits, ref.path, apart_after(source, ref.node, f"{ref.name} = {bound}", 1))
    return checked(code, edits, ref.name, "partial")
