"""Which scope binds each name of a file, by Python's own rules: what a function reads from around it, and who else does."""

import ast
from collections.abc import Iterator

from jaxaudit.edits.edit import CannotEdit
from jaxaudit.edits.names import parameters_of
from jaxaudit.edits.nodes import COMPREHENSIONS, FUNCTIONS, Comprehension
from jaxaudit.edits.source_text import SourceText

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
FUNCTION_NODES = (*FUNCTIONS, ast.Lambda)
LOOPS = (ast.For, ast.AsyncFor, ast.While)


class Names:
    """The names of one file. `bindings[scope][name]` holds the nodes that bind a name there, in order of the text."""

    def __init__(self, source: SourceText) -> None:
        self.source = source
        self.tree = source.tree
        self.parent: dict[ast.AST, ast.AST] = {}
        self.evaluated_in: dict[ast.AST, ast.AST] = {}
        self.bindings: dict[ast.AST, dict[str, list[ast.AST]]] = {self.tree: {}}
        self.declared: dict[ast.AST, dict[str, str]] = {}
        self._outer: dict[ast.AST, ast.AST] = {}
        self._named: list[ast.Name] = []
        self._pending: list[tuple[ast.AST, str, ast.AST]] = []
        try:
            for child in ast.iter_child_nodes(self.tree):
                self._visit(child, self.tree, self.tree)
        except RecursionError as error:
            raise CannotEdit(f"{source.path} nests too deeply") from error
        for scope, name, node in self._pending:
            home = self._declared_home(scope, name) or scope
            self.bindings[home].setdefault(name, []).append(node)
        self._uses: dict[tuple[ast.AST, str], list[ast.Name]] = {}
        for node in self._named:
            found = self.home_of(node.id, self.evaluated_in[node])
            if found is not None:
                self._uses.setdefault((found, node.id), []).append(node)

    # -- asking --------------------------------------------------------------------------------------------------------

    def home_of(self, name: str, scope: ast.AST) -> ast.AST | None:
        """The scope that binds a name as read in `scope`; None for builtins and what nobody binds."""
        home = self._declared_home(scope, name)
        if home is not None:
            return home
        here: ast.AST | None = scope
        while here is not None:
            if name in self.bindings[here] and (here is scope or not isinstance(here, ast.ClassDef)):
                return here
            home = self._declared_home(here, name) if isinstance(here, FUNCTION_NODES) else None
            if home is not None:
                return home
            here = self._outer.get(here)
        return None

    def home(self, node: ast.Name) -> ast.AST | None:
        return self.home_of(node.id, self.evaluated_in[node])

    def uses(self, scope: ast.AST, name: str) -> list[ast.Name]:
        """Every place that reads, binds or deletes the name that this scope binds."""
        return self._uses.get((scope, name), [])

    def loads(self, scope: ast.AST, name: str) -> list[ast.Name]:
        return [node for node in self.uses(scope, name) if isinstance(node.ctx, ast.Load)]

    def bound_at(self, scope: ast.AST, name: str) -> list[ast.AST]:
        return self.bindings.get(scope, {}).get(name, [])

    def parents(self, node: ast.AST) -> Iterator[ast.AST]:
        """What stands around a node, innermost first, the module last."""
        here = self.parent.get(node)
        while here is not None:
            yield here
            here = self.parent.get(here)

    def is_within(self, node: ast.AST, outer: ast.AST) -> bool:
        return node is outer or any(one is outer for one in self.parents(node))

    def runs_in(self, node: ast.AST, function: ast.AST) -> bool:
        """Whether a node is evaluated when the function's body runs (its decorators and defaults are not)."""
        scope: ast.AST | None = self.evaluated_in.get(node)
        while scope is not None:
            if scope is function:
                return True
            scope = self._outer.get(scope)
        return False

    def runs_in_scope(self, scope: ast.AST, function: ast.AST) -> bool:
        """Whether a scope is the function's own, or lies inside it."""
        here: ast.AST | None = scope
        while here is not None and here is not function:
            here = self._outer.get(here)
        return here is function

    def function_around(self, node: ast.AST) -> FunctionNode | None:
        scope: ast.AST | None = self.evaluated_in.get(node)
        while scope is not None:
            if isinstance(scope, FUNCTION_NODES):
                return scope
            scope = self._outer.get(scope)
        return None

    def scope_of(self, node: ast.AST) -> ast.AST:
        """The scope in which a node is evaluated."""
        return self.evaluated_in[node]

    def loops_around(self, node: ast.AST) -> list[ast.AST]:
        """The loops (comprehensions too) around a node, up to the function that it stands in."""
        found: list[ast.AST] = []
        for one in self.parents(node):
            if isinstance(one, FUNCTION_NODES):
                break
            if isinstance(one, (*LOOPS, *COMPREHENSIONS)):
                found.append(one)
        return found

    def functions(self) -> Iterator[FunctionNode]:
        for node in self.evaluated_in:
            if isinstance(node, FUNCTION_NODES):
                yield node

    # -- building ------------------------------------------------------------------------------------------------------

    def _declared_home(self, scope: ast.AST, name: str) -> ast.AST | None:
        how = self.declared.get(scope, {}).get(name)
        if how == "global":
            return self.tree
        if how == "nonlocal":
            here = self._outer.get(scope)
            while here is not None and here is not self.tree:
                if isinstance(here, FUNCTION_NODES) and name in self._own_names(here):
                    return here
                here = self._outer.get(here)
        return None

    def _own_names(self, scope: ast.AST) -> set[str]:
        declared = self.declared.get(scope, {})
        return {name for where, name, _ in self._pending if where is scope and name not in declared}

    def _bind(self, scope: ast.AST, name: str, node: ast.AST) -> None:
        self._pending.append((scope, name, node))

    def _open(self, node: ast.AST, scope: ast.AST) -> None:
        self.bindings[node] = {}
        self._outer[node] = scope

    def _visit(self, node: ast.AST, parent: ast.AST, scope: ast.AST) -> None:
        self.parent[node] = parent
        self.evaluated_in[node] = scope
        if isinstance(node, FUNCTION_NODES):
            self._function(node, scope)
        elif isinstance(node, ast.ClassDef):
            self._bind(scope, node.name, node)
            self._open(node, scope)
            for part in (*node.decorator_list, *node.bases, *node.keywords):
                self._visit(part, node, scope)
            for statement in node.body:
                self._visit(statement, node, node)
        elif isinstance(node, COMPREHENSIONS):
            self._open(node, scope)
            self._comprehension(node, scope)
        else:
            self._plain(node, scope)

    def _function(self, node: FunctionNode, scope: ast.AST) -> None:
        if not isinstance(node, ast.Lambda):
            self._bind(scope, node.name, node)
        self._open(node, scope)
        arguments = node.args
        self.parent[arguments] = node
        self.evaluated_in[arguments] = scope
        for argument in parameters_of(node):
            self.parent[argument] = arguments
            self.evaluated_in[argument] = scope
            self._bind(node, argument.arg, argument)
            if argument.annotation is not None:
                self._visit(argument.annotation, argument, scope)
        for default in (*arguments.defaults, *arguments.kw_defaults):
            if default is not None:
                self._visit(default, arguments, scope)
        if isinstance(node, ast.Lambda):
            self._visit(node.body, node, node)
            return
        for part in (*node.decorator_list, *([node.returns] if node.returns else [])):
            self._visit(part, node, scope)
        for statement in node.body:
            self._visit(statement, node, node)

    def _comprehension(self, node: Comprehension, scope: ast.AST) -> None:
        first = node.generators[0]
        for child in ast.iter_child_nodes(node):
            if child is first:
                self.parent[first] = node
                self.evaluated_in[first] = node
                self._visit(first.iter, first, scope)
                for part in (first.target, *first.ifs):
                    self._visit(part, first, node)
            else:
                self._visit(child, node, node)

    def _plain(self, node: ast.AST, scope: ast.AST) -> None:
        match node:
            case ast.Name(id=name, ctx=context):
                self._named.append(node)
                if not isinstance(context, ast.Load):
                    self._bind(self._target_scope(node, scope), name, node)
            case ast.alias(name=name, asname=asname) if name != "*":
                self._bind(scope, asname or name.split(".")[0], node)
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                self._bind(scope, name, node)
            case ast.MatchMapping(rest=str(name)):
                self._bind(scope, name, node)
            case ast.Global(names=names):
                self.declared.setdefault(scope, {}).update(dict.fromkeys(names, "global"))
            case ast.Nonlocal(names=names):
                self.declared.setdefault(scope, {}).update(dict.fromkeys(names, "nonlocal"))
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, (ast.expr_context, ast.operator, ast.unaryop, ast.cmpop, ast.boolop)):
                self._visit(child, node, scope)

    def _target_scope(self, node: ast.Name, scope: ast.AST) -> ast.AST:
        """`:=` in a comprehension binds in the scope around it."""
        above = self.parent[node]
        if isinstance(above, ast.NamedExpr) and above.target is node:
            while isinstance(scope, COMPREHENSIONS):
                scope = self._outer[scope]
        return scope
