"""The two ways to make a captured value an argument: in the jitted function's signature, or bound outside of the jit."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from jaxaudit.edits import CannotEdit, Edit, SourceText, fresh_name, insert_after, jit_site, spell
from jaxaudit.edits.nodes import FUNCTIONS
from jaxaudit.edits.parameters import add_parameters, handed_on, keyword_only, signature_text
from jaxaudit.edits.source_text import lines_of
from jaxaudit.edits.statements import indent_of, indented
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
from jaxaudit.rules.captures.hoisting.project_code import JITS, KEEPS_KEYWORDS, PARTIALS, Binding, Code, Mention, Ref

PER_ARGUMENT = frozenset({"in_shardings", "in_axes", "abstracted_axes", "axis_name"})
"""Options that say something of each argument."""


class Held(CannotEdit):
    """The signature must stay: somebody calls the function whom no edit may change."""


class Way(NamedTuple):
    """Edits by path, and the name under which the compiled function is known afterwards."""

    edits: dict[str, tuple[Edit, ...]]
    name: str
    how: str


class Jit(NamedTuple):
    """Where the function is jitted: a decorator of it, or a call around it."""

    path: str
    node: ast.expr
    is_decorator: bool


def jits_of(code: Code, ref: Ref) -> list[Jit]:
    """Every jit of a function, found in the files that write its name."""
    found = [
        Jit(ref.path, one, True) for one in getattr(ref.node, "decorator_list", []) if is_jit(code, ref.path, one)
    ]
    paths = dict.fromkeys([ref.path, *(code.paths_with(ref.name) if ref.name != "<lambda>" else ())])
    for path in paths:
        for node in code.names(path).evaluated_in:
            if isinstance(node, ast.Call) and node.args and is_jit(code, path, node.func) and not _decorates(code, path, node):
                if jitted_by(code, path, node, ref):
                    found.append(Jit(path, node, False))
    return found


def jitted_by(code: Code, path: str, call: ast.Call, ref: Ref) -> bool:
    inner: ast.expr = call.args[0]
    while isinstance(inner, ast.Call) and inner.args and code.known(path, inner.func) in KEEPS_KEYWORDS:
        inner = inner.args[0]
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


# -- into the signature ------------------------------------------------------------------------------------------------


def into_signature(code: Code, ref: Ref, loads: list[Load], jits: list[Jit]) -> Way:
    """The function takes the holder as its last parameter, and every call brings it."""
    if own_object(code, ref) is not None:
        raise CannotEdit("a method's callers do not hold its arrays")
    chains = [Chain(code, ref, load) for load in loads]
    _options_allow(code, jits, appended=True)
    _is_plain_function(code, ref)
    edits = _edits_of_helpers(code, ref, chains)
    add(edits, ref.path, add_parameters(code.source(ref.path), ref.node, parameters_of_taker(chains)))
    for chain in chains:
        chain.body_edits(edits, ref)
    outside = [one for one in code.mentions(ref) if one.how != "import" and not _inside(chains, one)]
    tested = next((one for one in outside if code.is_test(one.path)), None)
    if tested is not None and not code.is_test(ref.path):
        raise Held(f"the tests hold the signature of `{ref.name}` ({tested.path}:{line_of(tested.node)})")
    for mention in code.mentions(ref):
        if mention.how in ("jit", "handed"):
            raise CannotEdit(f"`{ref.name}` is handed on at {mention.path}:{line_of(mention.node)}, and called elsewhere")
        if mention.how != "import":
            pass_on(code, edits, ref, chains, mention)
    return _checked(code, edits, ref.name, "signature")


def _inside(chains: list[Chain], mention: Mention) -> bool:
    return any(chain.taker_around(mention.path, mention.node) is not None for chain in chains)


def _edits_of_helpers(code: Code, ref: Ref, chains: list[Chain]) -> Edits:
    edits: Edits = {}
    for helper, theirs in takers_of(chains).items():
        if helper is not ref and helper.node is not ref.node:
            helper_edits(code, edits, helper, theirs)
    return edits


# -- bound outside -----------------------------------------------------------------------------------------------------


def bound_outside(code: Code, ref: Ref, loads: list[Load], jits: list[Jit]) -> Way:
    """The jitted function takes the holder; the name that callers use has it bound."""
    _is_plain_function(code, ref)
    chains = [Chain(code, ref, load) for load in loads]
    decorators = [one for one in jits if one.is_decorator]
    if len(jits) != 1:
        raise CannotEdit(f"`{ref.name}` is jitted in {len(jits)} places" if jits else f"no jit of `{ref.name}` was found")
    _nobody_asks_the_jit(code, ref)
    edits = _edits_of_helpers(code, ref, chains)
    for chain in chains:
        chain.body_edits(edits, ref)
    if not decorators:
        return _around_the_call(code, edits, ref, chains, jits[0])
    assert isinstance(ref.node, ast.FunctionDef)
    if any(_inside(chains, one) and chains[0].code.names(one.path).runs_in(one.node, ref.node) for one in _direct(code, ref)):
        raise CannotEdit(f"`{ref.name}` calls itself")
    if own_object(code, ref) is not None:
        return _by_method(code, edits, ref, chains, jits[0])
    scope = code.names(ref.path).scope_of(ref.node)
    if scope is code.names(ref.path).tree:
        return _by_wrapper(code, edits, ref, chains, jits[0])
    return _by_partial(code, edits, ref, chains, jits[0])


def _around_the_call(code: Code, edits: Edits, ref: Ref, chains: list[Chain], jit: Jit) -> Way:
    """`jax.jit(f)` becomes `functools.partial(jax.jit(f), table=table)`."""
    assert isinstance(jit.node, ast.Call)
    _options_allow(code, [jit], appended=True)
    words = parameters_of_taker(chains)
    source = code.source(jit.path)
    receiver = _receiver(code, jit, ref)
    mention = Mention(jit.path, jit.node, "handed", jit.node)
    _is_there_before(code, jit, chains, receiver)
    values = [chain.value_at(edits, mention, item, receiver) for chain in chains for item in chain.load.items]
    add(edits, ref.path, add_parameters(code.source(ref.path), ref.node, words))
    partial = spell(source, "functools.partial")
    given = ", ".join(f"{word}={value}" for word, value in zip(words, values))
    start, end = source.span(jit.node)
    add(edits, jit.path, partial.edits)
    add(edits, jit.path, (Edit(start, start, f"{partial.text}("), Edit(end, end, f", {given})")))
    for one in _direct(code, ref):
        if not code.names(one.path).is_within(one.node, jit.node):
            pass_on(code, edits, ref, chains, one)
    return _checked(code, edits, ref.name, "partial")


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
            _bound_above(code, root, at)
        if receiver is not None and isinstance(receiver, ast.Name) and isinstance(here, FUNCTIONS) and here.name == "__init__":
            for item in chain.load.items:
                stores = [
                    code.source(jit.path).start(node)
                    for node in names.evaluated_in
                    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
                    and names.runs_in(node, here) and f".{node.attr}" == item.suffix[: len(node.attr) + 1]
                ]  # fmt: skip
                if not stores or min(stores) > at:
                    raise CannotEdit(f"`{item.parameter}` is not there yet where the method is jitted")


def _bound_above(code: Code, root: Binding, at: int) -> None:
    names, source = code.names(root.path), code.source(root.path)
    if any(source.start(one) > at for one in names.bound_at(root.scope, root.name)):
        raise CannotEdit(f"`{root.name}` is bound after the function")


def _by_partial(code: Code, edits: Edits, ref: Ref, chains: list[Chain], jit: Jit) -> Way:
    """A decorated function inside another: what is handed on is a partial of it."""
    source, names = code.source(ref.path), code.names(ref.path)
    assert isinstance(ref.node, ast.FunctionDef)
    first = _may_come_first(code, ref, jit)
    words = parameters_of_taker(chains)
    add(edits, ref.path, add_parameters(source, ref.node, words, "first" if first else "last"))
    mentions = _direct(code, ref)
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
                _bound_above(code, chain.load.root, source.start(ref.node))
        add(edits, ref.path, _apart_after(source, ref.node, f"{ref.name} = {bound}", 1))
    return _checked(code, edits, ref.name, "partial")


def _by_wrapper(code: Code, edits: Edits, ref: Ref, chains: list[Chain], jit: Jit) -> Way:
    """A function of the module: the jitted one becomes private, and one with the old name hands the captured value in."""
    source = code.source(ref.path)
    assert isinstance(ref.node, ast.FunctionDef)
    first = _may_come_first(code, ref, jit)
    words = parameters_of_taker(chains)
    private = fresh_name(source, f"_{ref.name.lstrip('_')}" if not ref.name.startswith("_") else f"{ref.name}_jitted")
    at = Mention(ref.path, ref.node, "handed")
    values = [chain.value_at(edits, at, item, None) for chain in chains for item in chain.load.items]
    add(edits, ref.path, add_parameters(source, ref.node, words, "first" if first else "last"))
    add(edits, ref.path, (_renamed(source, ref.node, private),))
    given = values if first else [f"{word}={value}" for word, value in zip(words, values)]
    if _defaults_are_left_out(code, ref, jit):
        for chain in chains:
            if chain.load.root.path == ref.path:
                _bound_above(code, chain.load.root, source.start(ref.node))
        partial = spell(source, "functools.partial")
        add(edits, ref.path, partial.edits)
        add(edits, ref.path, _apart_after(source, ref.node, f"{ref.name} = {partial.text}({private}, {', '.join(given)})", 2))
        return _checked(code, edits, private, "partial")
    arguments = ", ".join([*given, *handed_on(ref.node)] if first else _in_order(handed_on(ref.node), given))
    lines = [f"def {ref.name}{signature_text(source, ref.node)}:", *_docstring(source, edits, ref)]
    lines.append(f"    return {private}({arguments})")
    add(edits, ref.path, _apart_after(source, ref.node, source.newline.join(lines), 2))
    return _checked(code, edits, private, "wrapper")


def _by_method(code: Code, edits: Edits, ref: Ref, chains: list[Chain], jit: Jit) -> Way:
    """A jitted method: a private one takes the arrays, and the one with the old name hands in those of its object."""
    source = code.source(ref.path)
    assert isinstance(ref.node, ast.FunctionDef)
    if _defaults_are_left_out(code, ref, jit):
        raise CannotEdit(f"a default of `{ref.name}` would become an argument")
    own = own_object(code, ref)
    assert own is not None
    _options_allow(code, [jit], appended=True)
    words = parameters_of_taker(chains)
    private = fresh_name(source, f"_{ref.name.strip('_')}" if not ref.name.startswith("_") else f"{ref.name}_jitted")
    values = [own.name + item.suffix for chain in chains for item in chain.load.items]
    by_name = keyword_only(ref.node)
    add(edits, ref.path, add_parameters(source, ref.node, words))
    add(edits, ref.path, (_renamed(source, ref.node, private),))
    given = [f"{word}={value}" for word, value in zip(words, values)] if by_name else values
    arguments = ", ".join(_in_order(handed_on(ref.node, skip=1), given))
    lines = [f"def {ref.name}{signature_text(source, ref.node)}:", *_docstring(source, edits, ref)]
    lines.append(f"    return {own.name}.{private}({arguments})")
    add(edits, ref.path, _apart_after(source, ref.node, source.newline.join(lines), 1))
    return _checked(code, edits, private, "wrapper")


def _in_order(handed: list[str], given: list[str]) -> list[str]:
    """New arguments behind all others, `**options` last."""
    stars = [one for one in handed if one.startswith("**")]
    return [*[one for one in handed if one not in stars], *given, *stars]


def _docstring(source: SourceText, edits: Edits, ref: Ref) -> Iterator[str]:
    """The docstring goes to the function that people see, where the other keeps a body without it."""
    node = ref.node
    assert isinstance(node, ast.FunctionDef)
    if ast.get_docstring(node, clean=False) is None or len(node.body) < 2:
        return
    first = node.body[0]
    inner = indent_of(source, first)
    outer = source.text[source.line_starts[node.lineno - 1] : source.offset_of_bytes(node.lineno, node.col_offset)]
    rest = _BLANK_LINES.match(source.text, source.end(first))
    if len(inner) - len(outer) != 4 or rest is None:
        return
    line_start = source.line_starts[source.line_of(source.start(first)) - 1]
    add(edits, ref.path, (Edit(line_start, rest.end(), ""),))
    for number, line in enumerate(lines_of(source.of(first))):
        yield f"    {line}" if not number else line.removeprefix(outer)


_BLANK_LINES = re.compile(r"(?:[ \t]*(?:\r\n|\r|\n))+")


def _renamed(source: SourceText, node: ast.FunctionDef, name: str) -> Edit:
    start = source.offset_of_bytes(node.lineno, node.col_offset)
    at = source.text.index(node.name, start + len("def"))
    return Edit(at, at + len(node.name), name)


def _apart_after(source: SourceText, statement: ast.stmt, code: str, lines: int) -> tuple[Edit, ...]:
    """After a function, some empty lines apart from it."""
    [edit] = insert_after(source, statement, "pass")
    outer = indent_of(source, statement)
    text = indented(source, code, outer)
    after = source.text[edit.end :]
    gap = "" if not after.strip() or after.startswith(("\n", "\r")) else source.newline * lines
    if edit.start and source.text[edit.start - 1] not in "\r\n":
        return (Edit(edit.start, edit.end, source.newline * (lines + 1) + text.removesuffix(source.newline)),)
    return (Edit(edit.start, edit.end, source.newline * lines + text + gap),)


# -- what must hold ----------------------------------------------------------------------------------------------------


def _direct(code: Code, ref: Ref) -> list[Mention]:
    """The mentions of the function's own name, not of what a jit made of it under another."""
    if isinstance(ref.node, ast.Lambda):
        return []
    names = code.names(ref.path)
    scope = names.scope_of(ref.node)
    found: list[Mention] = []
    if isinstance(scope, ast.ClassDef):
        return [one for one in code.mentions(ref) if one.how != "import"]
    wanted = Binding(ref.path, scope, ref.name)
    rebound = len(names.bound_at(scope, ref.name)) > 1
    for path in dict.fromkeys([ref.path, *code.paths_with(ref.name)]):
        theirs = code.names(path)
        for node in theirs.evaluated_in:
            if not isinstance(node, ast.Name | ast.Attribute) or not isinstance(node.ctx, ast.Load):
                continue
            if code.binding(path, node) != wanted or (rebound and not theirs.runs_in(node, ref.node)):
                continue  # `step = jit(step)`: from there on the name is what the jit made
            above = theirs.parent[node]
            if isinstance(above, ast.Call) and above.func is node:
                found.append(Mention(path, node, "call", above))
            elif isinstance(above, ast.Call) and above.args[:1] == [node] and code.known(path, above.func) in PARTIALS:
                found.append(Mention(path, node, "partial", above))
            else:
                found.append(Mention(path, node, "handed"))
    return found


def _nobody_asks_the_jit(code: Code, ref: Ref) -> None:
    """`step.lower(...)`, `step.clear_cache()`: a partial has no such method."""
    for one in code.mentions(ref):
        above = code.names(one.path).parent.get(one.node)
        if isinstance(above, ast.Attribute) and one.how in ("handed", "jit"):
            raise CannotEdit(f"`{ref.name}.{above.attr}` is asked for at {one.path}:{line_of(one.node)}")


def _is_plain_function(code: Code, ref: Ref) -> None:
    node = ref.node
    if isinstance(node, ast.AsyncFunctionDef):
        raise CannotEdit(f"`{ref.name}` is async")
    if any(
        isinstance(one, ast.Yield | ast.YieldFrom) and code.names(ref.path).function_around(one) is node
        for one in ast.walk(node)
    ):
        raise CannotEdit(f"`{ref.name}` is a generator")
    for decorator in getattr(node, "decorator_list", []):
        inner = decorator.func if isinstance(decorator, ast.Call) and not is_jit(code, ref.path, decorator) else decorator
        if not is_jit(code, ref.path, inner) and code.known(ref.path, inner) not in KEEPS_KEYWORDS:
            raise CannotEdit(f"`{ref.name}` is also decorated by `{code.source(ref.path).of(decorator)}`")


def _options(code: Code, jit: Jit) -> list[ast.keyword]:
    found: list[ast.keyword] = []
    node = jit.node
    while isinstance(node, ast.Call):
        found += node.keywords
        if not node.args:
            break
        node = node.args[0]
    return found


def _options_allow(code: Code, jits: list[Jit], appended: bool) -> None:
    for jit in jits:
        for keyword in _options(code, jit):
            if keyword.arg is None or keyword.arg in PER_ARGUMENT:
                raise CannotEdit(f"the jit's {keyword.arg or '**options'} speaks of each argument")
            numbers = keyword.arg.endswith("argnums") or keyword.arg == "argnums"
            if numbers and any(isinstance(one, ast.USub) for one in ast.walk(keyword.value)):
                raise CannotEdit(f"{keyword.arg} counts from the end")


def _may_come_first(code: Code, ref: Ref, jit: Jit) -> bool:
    """Whether nothing counts the function's arguments from the front."""
    _options_allow(code, [jit], appended=True)
    counted = any((keyword.arg or "").endswith("argnums") for keyword in _options(code, jit))
    return not counted and len(getattr(ref.node, "decorator_list", [])) == 1


def _defaults_are_left_out(code: Code, ref: Ref, jit: Jit) -> bool:
    """Whether calls may leave out what a wrapper would then hand in as a traced argument."""
    given = ref.node.args
    with_default = [one.arg for one in (*given.posonlyargs, *given.args)[-len(given.defaults) :]] if given.defaults else []
    with_default += [one.arg for one, default in zip(given.kwonlyargs, given.kw_defaults) if default is not None]
    if not with_default:
        return False
    source = code.source(jit.path)
    site = jit_site(source, source.place(jit.node))
    static: set[str] = set()
    for keyword in _options(code, jit):
        for one in ast.walk(keyword.value):
            if isinstance(one, ast.Constant) and keyword.arg == "static_argnames":
                static.add(str(one.value))
            elif isinstance(one, ast.Constant) and keyword.arg == "static_argnums" and isinstance(one.value, int):
                parameters = site.parameters()
                static.update(parameters[one.value : one.value + 1])
    return not static.issuperset(with_default)


def _checked(code: Code, edits: Edits, name: str, how: str) -> Way:
    """The edits, each file parsed once with them: nothing half done leaves here."""
    out: dict[str, tuple[Edit, ...]] = {}
    for path, more in edits.items():
        if not more:
            continue
        after = code.source(path).edited(more)
        try:
            compile(after.text, path, "exec", flags=ast.PyCF_ONLY_AST, dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            raise CannotEdit(f"{path} would not parse: {error}") from error
        out[path] = tuple(more)
    return Way(out, name, how)
