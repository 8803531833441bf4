"""How a captured value gets to everybody who reads it once it is an argument: the functions between, and their callers."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from jaxaudit.edits import CannotEdit, Edit, spell
from jaxaudit.edits.name_scopes import FUNCTION_NODES
from jaxaudit.edits.nodes import FUNCTIONS
from jaxaudit.edits.parameters import add_argument, add_parameters, by_keyword
from jaxaudit.rules.captures.hoisting.project_code import KEEPS_KEYWORDS, PARTIALS, Binding, Code, Mention, Ref

Edits = dict[str, list[Edit]]


class Item(NamedTuple):
    """One new parameter: the whole object (`suffix` ""), or the array that a path of attributes leads to."""

    parameter: str
    suffix: str = ""


class Load(NamedTuple):
    """What is hoisted: a name around the function (or `self`), whole or array by array."""

    root: Binding
    items: tuple[Item, ...]

    @property
    def whole(self) -> bool:
        return all(not item.suffix for item in self.items)


class Chain:
    """The functions that take one load as arguments: the jitted one first, then the helpers that it reaches."""

    def __init__(self, code: Code, function: Ref, load: Load) -> None:
        self.code = code
        self.function = function
        self.load = load
        self.takers: list[Ref] = [function]
        self._needy: dict[Ref, bool] = {}
        self._callees: dict[Ref, list[Ref]] = {}
        self._extend(function)
        for taker in self.takers:
            self._must_have_room(taker)

    # -- who takes it --------------------------------------------------------------------------------------------------

    def _extend(self, ref: Ref) -> None:
        for callee in self.callees(ref):
            if self.taker_around(callee.path, callee.node) is None and self.needs(callee):
                self.takers.append(callee)
                self._extend(callee)

    def needs(self, ref: Ref) -> bool:
        """Whether a function reads the value, itself or through what it calls."""
        known = self._needy.get(ref)
        if known is None:
            self._needy[ref] = False  # while it is looked for: a function that calls itself
            known = self._needy[ref] = any(True for _ in self.reads(ref)) or any(map(self.needs, self.callees(ref)))
        return known

    def roots(self, ref: Ref) -> list[Binding]:
        """The names that stand for the holder inside a function: the captured one, or the method's own object."""
        found = [self.load.root]
        own = own_object(self.code, ref)
        if own is not None and not self.load.whole and self.is_object(self.load.root):
            found.append(own)
        return found

    def is_object(self, root: Binding) -> bool:
        """Whether the holder is the object of a method."""
        if isinstance(root.scope, FUNCTIONS):
            return own_object(self.code, Ref(root.path, root.scope)) == root
        return False

    def reads(self, ref: Ref) -> Iterator[ast.expr]:
        """The expressions in a function that read one of the items."""
        roots = self.roots(ref)
        words = {root.name for root in roots}
        for node in self.code.body_nodes(ref):
            if not isinstance(node, ast.Name | ast.Attribute) or not isinstance(node.ctx, ast.Load):
                continue
            if isinstance(node, ast.Attribute) and (
                node.attr not in words or isinstance(self.load.root.scope, FUNCTION_NODES)
            ):
                continue
            if self.code.binding(ref.path, node) not in roots:
                continue
            found = self.item_read(ref.path, node)
            if found is not None:
                yield found[1]

    def item_read(self, path: str, node: ast.expr) -> tuple[Item, ast.expr] | None:
        """The item that is read where the holder's name stands, and the whole expression that reads it."""
        names, suffix = self.code.names(path), ""
        whole: ast.expr = node
        for item in self.load.items:
            if not item.suffix:
                return item, node
        while True:
            above = names.parent[whole]
            if isinstance(above, ast.Attribute) and isinstance(above.ctx, ast.Load):
                suffix += f".{above.attr}"
            elif (
                isinstance(above, ast.Subscript) and above.value is whole and isinstance(above.slice, ast.Constant)
                and isinstance(above.ctx, ast.Load)
            ):  # fmt: skip
                suffix += f"[{above.slice.value!r}]"
            else:
                return None
            whole = above
            for item in self.load.items:
                if item.suffix == suffix:
                    return item, whole

    def callees(self, ref: Ref) -> list[Ref]:
        """The project's functions that a function mentions in its body."""
        known = self._callees.get(ref)
        if known is None:
            found: dict[Ref, None] = {}
            for node in self.code.body_nodes(ref):
                if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
                    called = self._method(ref, node) or self.code.function(self.code.binding(ref.path, node))
                    if called is not None and called.node is not ref.node:
                        found[called] = None
            known = self._callees[ref] = list(found)
        return known

    def _method(self, ref: Ref, node: ast.Name | ast.Attribute) -> Ref | None:
        """`self.predict`, where the holder is the object of a method and only its arrays are handed in."""
        if self.load.whole:
            return None
        if (
            not isinstance(node, ast.Attribute)
            or not isinstance(node.value, ast.Name)
            or not self.is_object(self.load.root)
        ):
            return None
        if self.code.binding(ref.path, node.value) not in self.roots(ref):
            return None
        names = self.code.names(ref.path)
        cls = names.scope_of(self.load.root.scope)
        found = names.bound_at(cls, node.attr)
        return Ref(ref.path, found[0]) if len(found) == 1 and isinstance(found[0], FUNCTIONS) else None

    def taker_around(self, path: str, node: ast.AST) -> Ref | None:
        names = self.code.names(path)
        return next((one for one in self.takers if one.path == path and names.runs_in(node, one.node)), None)

    def covers(self, path: str, line: int) -> bool:
        """Whether a line stands in one of the functions that take the value."""
        return any(
            one.path == path and one.node.lineno <= line <= (one.node.end_lineno or one.node.lineno)
            for one in self.takers
        )

    # -- whether it can be ---------------------------------------------------------------------------------------------

    def _must_have_room(self, ref: Ref) -> None:
        names = self.code.names(ref.path)
        reads = list(self.reads(ref))
        here = {id(node) for node in reads}
        for item in self.load.items:
            word = item.parameter
            if word in names.bindings[ref.node]:
                raise CannotEdit(f"`{ref.name}` has a name `{word}` of its own")
            for scope, declared in names.declared.items():
                if word in declared and names.runs_in_scope(scope, ref.node):
                    raise CannotEdit(f"`{ref.name}` declares `{word}` global or nonlocal")
            for node in reads:
                if self._is_inner(names.home_of(word, names.scope_of(node)), ref):
                    raise CannotEdit(f"a function inside `{ref.name}` has a name `{word}` of its own")
            for one in self.code.body_nodes(ref):
                if isinstance(one, ast.Name) and one.id == word:
                    if id(one) not in here and not self._is_inner(names.home(one), ref):
                        raise CannotEdit(f"`{word}` means something else in `{ref.name}`")
        if ref is not self.function:
            for decorator in getattr(ref.node, "decorator_list", []):
                if not self._keeps_keywords(ref.path, decorator):
                    raise CannotEdit(f"`{ref.name}` is decorated by `{self.code.source(ref.path).of(decorator)}`")

    def _is_inner(self, home: ast.AST | None, ref: Ref) -> bool:
        """Whether a name's scope lies inside the function: a function within has a name of its own."""
        return home is not None and self.code.names(ref.path).runs_in_scope(home, ref.node) and home is not ref.node

    def _keeps_keywords(self, path: str, decorator: ast.expr) -> bool:
        if isinstance(decorator, ast.Call):
            if self.code.known(path, decorator.func) in PARTIALS and decorator.args:
                return self.code.known(path, decorator.args[0]) in KEEPS_KEYWORDS
            decorator = decorator.func
        return self.code.known(path, decorator) in KEEPS_KEYWORDS

    # -- the edits -----------------------------------------------------------------------------------------------------

    def body_edits(self, edits: Edits, ref: Ref) -> None:
        """Reads that are not the parameter's name yet become it."""
        source = self.code.source(ref.path)
        roots = self.roots(ref)
        for node in self.code.body_nodes(ref):
            if not isinstance(node, ast.Name | ast.Attribute):
                continue
            if isinstance(node.ctx, ast.Load) and self.code.binding(ref.path, node) in roots:
                found = self.item_read(ref.path, node)
                if found is not None and source.of(found[1]) != found[0].parameter:
                    add(edits, ref.path, (Edit(*source.span(found[1]), found[0].parameter),))

    def value_at(self, edits: Edits, mention: Mention, item: Item, receiver: ast.expr | None) -> str:
        """How an item is written where a function is mentioned."""
        path, node = mention.path, mention.node
        names = self.code.names(path)
        taker = self.taker_around(path, node)
        if receiver is not None:
            same = self.code.binding(path, receiver) if isinstance(receiver, ast.Name) else None
            if taker is not None and same in self.roots(taker):
                return item.parameter
            if not is_plain(receiver):
                raise CannotEdit(f"{path}:{receiver.lineno} calls a method of what it has just made")
            return self.code.source(path).of(receiver) + item.suffix
        if taker is not None:
            return item.parameter
        root = self.load.root
        if path == root.path and names.home_of(root.name, names.scope_of(node)) is root.scope:
            return root.name + item.suffix
        if root.scope is not self.code.names(root.path).tree:
            raise CannotEdit(f"{path}:{line_of(node)} does not see `{root.name}`")
        return imported_name(self.code, edits, path, node, root) + item.suffix


def own_object(code: Code, ref: Ref) -> Binding | None:
    """`self` of a method."""
    if not isinstance(ref.node, FUNCTIONS) or not isinstance(code.names(ref.path).scope_of(ref.node), ast.ClassDef):
        return None
    if any(code.source(ref.path).of(one) in ("staticmethod", "classmethod") for one in ref.node.decorator_list):
        return None
    first = (*ref.node.args.posonlyargs, *ref.node.args.args)[:1]
    return Binding(ref.path, ref.node, first[0].arg) if first else None


def imported_name(code: Code, edits: Edits, path: str, node: ast.AST, root: Binding) -> str:
    """How a file names what another one binds at its top: by an import that it has, or by one more."""
    names, source = code.names(path), code.source(path)
    module = code.module(root.path).name
    scope = names.scope_of(node)
    froms: list[ast.ImportFrom] = []
    for alias in [one for one in names.evaluated_in if isinstance(one, ast.alias)]:
        statement = names.parent[alias]
        bound = alias.asname or alias.name
        visible = names.home_of(bound.split(".")[0], scope) is names.scope_of(alias)
        target = code.imported(path, alias)
        if isinstance(statement, ast.ImportFrom):
            if visible and code.module_binding(target) == root:
                return bound
            if visible and target == module:
                return f"{bound}.{root.name}"
            if target == f"{module}.{alias.name}" and names.scope_of(statement) is names.tree:
                froms.append(statement)
        elif visible and alias.name == module:
            return f"{bound}.{root.name}"
    if names.home_of(root.name, scope) is not None:
        raise CannotEdit(f"{path} has a name `{root.name}` of its own")
    if froms:
        last = froms[0].names[-1]
        end = source.end(last)
        add(edits, path, (Edit(end, end, f", {root.name}"),))
        return root.name
    spelling = spell(source, f"{module}.{root.name}")
    add(edits, path, spelling.edits)
    return spelling.text


def is_plain(node: ast.AST) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def line_of(node: ast.AST) -> int:
    return getattr(node, "lineno", 0)


def add(edits: Edits, path: str, more: tuple[Edit, ...]) -> None:
    here = edits.setdefault(path, [])
    here += [one for one in more if one not in here]


def takers_of(chains: list[Chain]) -> dict[Ref, list[Chain]]:
    """Every function that takes something, with the chains it belongs to."""
    found: dict[Ref, list[Chain]] = {}
    for chain in chains:
        for ref in chain.takers:
            found.setdefault(ref, []).append(chain)
    return found


def parameters_of_taker(chains: list[Chain]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item.parameter for chain in chains for item in chain.load.items))


def pass_on(code: Code, edits: Edits, ref: Ref, chains: list[Chain], mention: Mention) -> None:
    """The edits that make one mention of a function bring what the function now takes."""
    source = code.source(mention.path)
    node = mention.node
    method = isinstance(code.names(ref.path).scope_of(ref.node), ast.ClassDef)
    receiver = node.value if method and isinstance(node, ast.Attribute) else None
    words = parameters_of_taker(chains)
    values = tuple(
        dict.fromkeys([chain.value_at(edits, mention, item, receiver) for chain in chains for item in chain.load.items])
    )
    if len(values) != len(words):
        raise CannotEdit(f"{mention.path}:{line_of(node)}: two arguments would be the same")
    if mention.how == "call" and mention.call is not None:
        call = mention.call
        add(edits, mention.path, add_argument(source, call, ref.node, words, values, skipped=1 if method else 0))
    elif mention.how == "partial" and mention.call is not None:
        add(edits, mention.path, by_keyword(source, mention.call, words, values))
    else:
        partial = spell(source, "functools.partial")
        given = ", ".join(f"{word}={value}" for word, value in zip(words, values))
        start, end = source.span(node)
        add(edits, mention.path, partial.edits)
        add(edits, mention.path, (Edit(start, start, f"{partial.text}("), Edit(end, end, f", {given})")))


def helper_edits(code: Code, edits: Edits, ref: Ref, chains: list[Chain]) -> None:
    """A helper takes the value, and every mention of it brings it; where others call it as it is, the parameter gets the
    captured value as its default."""
    words = parameters_of_taker(chains)
    inside: list[Mention] = []
    outside: list[Mention] = []
    for mention in code.mentions(ref):
        if mention.how == "import":
            continue
        is_inside = all(chain.taker_around(mention.path, mention.node) is not None for chain in chains)
        (inside if is_inside else outside).append(mention)
    follow = all(one.how in ("call", "partial") and not code.is_test(one.path) for one in outside)
    public = not isinstance(code.names(ref.path).scope_of(ref.node), FUNCTION_NODES) and ref.name[:1] != "_"
    if follow and not code.is_exported(ref) and not (public and code.keeps_signatures):
        trial: Edits = {}
        try:
            for mention in outside:
                pass_on(code, trial, ref, chains, mention)
        except CannotEdit:
            follow = False
    else:
        follow = False
    if follow:
        if public and outside:
            code.signatures_changed.add(ref)
        for path, more in trial.items():
            add(edits, path, tuple(more))
        parameters = words
    else:
        parameters = tuple(
            dict.fromkeys(
                f"{item.parameter}={default_of(chain, ref, item)}" for chain in chains for item in chain.load.items
            )
        )
    add(edits, ref.path, add_parameters(code.source(ref.path), ref.node, parameters))
    for mention in inside:
        pass_on(code, edits, ref, chains, mention)
    for chain in chains:
        chain.body_edits(edits, ref)


def default_of(chain: Chain, ref: Ref, item: Item) -> str:
    """The captured value as the default of a helper's parameter: it must be there when the helper is defined."""
    names = chain.code.names(ref.path)
    root = chain.load.root
    bound = names.bound_at(root.scope, root.name)
    if root.path != ref.path or names.scope_of(ref.node) is not root.scope or len(bound) != 1:
        raise CannotEdit(f"`{ref.name}` is also used where it can't be handed `{root.name}`")
    if getattr(bound[0], "lineno", 0) >= ref.node.lineno:
        raise CannotEdit(f"`{root.name}` is made after `{ref.name}`")
    return root.name + item.suffix
