"""`static_argnames` and its kin: adding, removing and renaming what a jit holds static (or donates)."""

import ast
from collections.abc import Sequence
from typing import Literal

from jaxaudit.edits.arguments import add_keyword, arguments_of, keyword_of, remove_argument
from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.expressions import replace
from jaxaudit.edits.imports import qualified_name, spell
from jaxaudit.edits.jit_sites import PARTIALS, JitSite
from jaxaudit.edits.sequences import add_element, remove_element
from jaxaudit.edits.source_text import SourceText

Kind = Literal["static", "donate"]


def add_static_name(source: SourceText, site: JitSite, name: str, kind: Kind = "static") -> tuple[Edit, ...]:
    """The jit with one more static (or donated) parameter, by name; bare `@jit` becomes `@partial(jit, ...)`.

    Where the jit counts positions (`static_argnums`), they become names, because a name beside positions is not
    looked up for arguments that are passed by position.
    """
    if not site.takes(name):
        raise CannotEdit(f"the jitted function has no parameter {name}")
    by_name, by_number = f"{kind}_argnames", f"{kind}_argnums"
    if site.options is None:
        return _bare(source, site, by_name, (name,))
    numbers, names = keyword_of(site.options, by_number), keyword_of(site.options, by_name)
    if numbers and names:
        raise CannotEdit(f"both {by_number} and {by_name} are given")
    if numbers:
        every = dict.fromkeys((*_names_of_numbers(site, numbers.value), name))
        return replace(source, numbers, f"{by_name}={_tuple_text(tuple(every), _quote(source))}")
    if names:
        return _extended(source, names.value, name)
    return add_keyword(source, site.options, by_name, _tuple_text((name,), _quote(source)))


def add_static_names(
    source: SourceText, site: JitSite, names: Sequence[str], kind: Kind = "static"
) -> tuple[Edit, ...]:
    """The same for several at once, beside those that the jit holds static (or donates) already."""
    if len(names) == 1:
        return add_static_name(source, site, names[0], kind)
    missing = [name for name in names if not site.takes(name)]
    if missing:
        raise CannotEdit(f"the jitted function has no parameter {missing[0]}")
    if site.options is None:
        return _bare(source, site, f"{kind}_argnames", names)
    by_name, by_number = f"{kind}_argnames", f"{kind}_argnums"
    numbers, written = keyword_of(site.options, by_number), keyword_of(site.options, by_name)
    if numbers and written:
        raise CannotEdit(f"both {by_number} and {by_name} are given")
    known: tuple[str, ...] = ()
    if numbers:
        known = _names_of_numbers(site, numbers.value)
    elif written:
        known = tuple(str(one.value) for one in _constants(written.value))
    every = _tuple_text(tuple(dict.fromkeys((*known, *names))), _quote(source))
    if numbers or written:
        return replace(source, numbers or written.value, f"{by_name}={every}" if numbers else every)  # type: ignore[union-attr]
    return add_keyword(source, site.options, by_name, every)


def remove_static_name(source: SourceText, site: JitSite, name: str, kind: Kind = "static") -> tuple[Edit, ...]:
    """The jit without one static (or donated) parameter, named or counted; without the option when none is left."""
    return remove_static_names(source, site, (name,), kind)


def remove_static_names(
    source: SourceText, site: JitSite, names: Sequence[str], kind: Kind = "static"
) -> tuple[Edit, ...]:
    """The same for several at once. A constant of the module that other jits share stays as it is."""
    if site.options is None:
        raise CannotEdit("the jit has no options")
    reason = CannotEdit(f"the jit has neither {kind}_argnames nor {kind}_argnums")
    for option in (f"{kind}_argnums", f"{kind}_argnames"):
        keyword = keyword_of(site.options, option)
        if keyword is None:
            continue
        try:
            edits = _without(source, keyword.value, [_wanted(site, name, option) for name in names])
        except CannotEdit as error:  # the other option may name it
            reason = error
            continue
        return edits if edits is not None else remove_option(source, site, option)
    raise reason


def rename_static_name(
    source: SourceText, site: JitSite, old: str, new: str, kind: Kind = "static"
) -> tuple[Edit, ...]:
    """One of the names becomes another: for a name that no parameter has."""
    keyword = keyword_of(site.options, f"{kind}_argnames") if site.options else None
    if keyword is None:
        raise CannotEdit(f"the jit has no {kind}_argnames")
    for node in _constants(keyword.value):
        if node.value == old:
            text = source.of(node)
            if text.count(old) != 1:
                raise CannotEdit(f"{old} is not written as a plain string")
            return replace(source, node, text.replace(old, new))
    raise CannotEdit(f"{old} is not among the {kind}_argnames")


def remove_option(source: SourceText, site: JitSite, option: str) -> tuple[Edit, ...]:
    """The jit without an option; `@partial(jit)` and `@jit()` that would remain become `@jit`."""
    call = site.options
    if call is None:
        raise CannotEdit("the jit has no options")
    rest = [one for one in arguments_of(call) if not (isinstance(one, ast.keyword) and one.arg == option)]
    alone = rest == [site.transform] if site.through_partial else not rest
    if alone and (site.is_decorator or site.through_partial or call is not site.node):
        return replace(source, call, source.of(site.transform))
    return remove_argument(source, call, option)


def _bare(source: SourceText, site: JitSite, option: str, names: Sequence[str]) -> tuple[Edit, ...]:
    inner = qualified_name(source, site.transform) or ""
    if inner.endswith("filter_jit"):
        raise CannotEdit(f"filter_jit has no {option}")
    partial = spell(source, PARTIALS[0])
    start, end = source.span(site.node)
    after = f", {option}={_tuple_text(names, _quote(source))})"
    return (*partial.edits, Edit(start, start, f"{partial.text}("), Edit(end, end, after))


def _extended(source: SourceText, value: ast.expr, name: str) -> tuple[Edit, ...]:
    quote = _quote(source)
    if name in {node.value for node in _constants(value)}:
        raise CannotEdit(f"{name} is static already")
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return replace(source, value, f"({source.of(value)}, {quote}{name}{quote})")
    return add_element(source, value, f"{quote}{name}{quote}")


def _without(source: SourceText, value: ast.expr, wanted: Sequence[Sequence[str | int]]) -> tuple[Edit, ...] | None:
    """The value without the wanted elements; None when nothing would be left."""
    display = _shared(source, value)
    constants = _constants(value if display is None else display)
    gone: list[int] = []
    for spellings in wanted:
        index = next((i for i, node in enumerate(constants) if _number_or_text(node) in spellings), None)
        if index is None:
            raise CannotEdit(f"{spellings[0]} is not among the names given")
        gone.append(index)
    rest = [node for index, node in enumerate(constants) if index not in gone]
    if not rest:
        return None
    if display is None and len(gone) == 1:
        return remove_element(source, value, gone[0])
    texts = [source.of(node) for node in rest]
    return replace(source, value, f"({', '.join(texts)}{',' if len(texts) == 1 else ''})")


def _shared(source: SourceText, value: ast.expr) -> ast.expr | None:
    """What `_SETTINGS` in `static_argnames=_SETTINGS` stands for: a constant that the module binds once."""
    if not isinstance(value, ast.Name):
        return None
    bound = [
        node
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Name) and node.id == value.id and not isinstance(node.ctx, ast.Load)
    ]
    for one in source.tree.body:
        if isinstance(one, ast.Assign) and one.targets == bound:
            return one.value
    return None


def _wanted(site: JitSite, name: str, option: str) -> tuple[str | int, ...]:
    if option.endswith("names"):
        return (name,)
    parameters = site.parameters()
    if name not in parameters:
        raise CannotEdit(f"the jitted function has no parameter {name}")
    index = parameters.index(name)
    return (index, index - len(parameters))


def _names_of_numbers(site: JitSite, value: ast.expr) -> tuple[str, ...]:
    parameters = site.parameters()
    numbers = [_number_or_text(node) for node in _constants(value)]
    if not all(isinstance(one, int) and -len(parameters) <= one < len(parameters) for one in numbers):
        raise CannotEdit("a position names no parameter")
    return tuple(parameters[one] for one in numbers if isinstance(one, int))


def _constants(value: ast.expr) -> list[ast.Constant]:
    """The strings or numbers of an option written out; a negative number stands for its operand with its sign."""
    nodes = value.elts if isinstance(value, (ast.Tuple, ast.List, ast.Set)) else [value]
    plain = [_folded(node) for node in nodes]
    if not all(isinstance(node, ast.Constant) for node in plain):
        raise CannotEdit("the option is computed, not written out")
    return [node for node in plain if isinstance(node, ast.Constant)]


def _folded(node: ast.expr) -> ast.expr:
    match node:
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(number))):
            return ast.copy_location(ast.Constant(-number), node)
    return node


def _number_or_text(node: ast.Constant) -> str | int | None:
    return node.value if isinstance(node.value, str | int) else None


def _quote(source: SourceText) -> str:
    return "'" if source.text.count("'") > source.text.count('"') else '"'


def _tuple_text(names: Sequence[str], quote: str) -> str:
    quoted = [f"{quote}{name}{quote}" for name in names]
    return f"({', '.join(quoted)}{',' if len(quoted) == 1 else ''})"
