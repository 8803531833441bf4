"""The project's files as trees, and every mention of a function in them: who calls it, under which names, who hands it on."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from jaxaudit.edits import CannotEdit, SourceText
from jaxaudit.edits.name_scopes import FunctionNode, Names
from jaxaudit.edits.nodes import FUNCTIONS
from jaxaudit.rules.project import Project
from jaxaudit.source.contexts import is_test_path
from jaxaudit.source.groups import absolute
from jaxaudit.source.scopes import Module

JITS = frozenset({"jax.jit", "jax.pjit", "equinox.filter_jit"})
KEEPS_KEYWORDS = JITS | {
    "jax.grad", "jax.value_and_grad", "jax.jacfwd", "jax.jacrev", "jax.jacobian", "jax.hessian", "jax.checkpoint", "jax.remat",
    "jax.named_call", "equinox.filter_grad", "equinox.filter_value_and_grad", "equinox.filter_checkpoint",
    "equinox.filter_jacfwd", "equinox.filter_jacrev",
}  # fmt: skip
"""Transformations of a function that hand keyword arguments on as they are."""
BATCHES = frozenset({"jax.vmap", "equinox.filter_vmap"})
"""Transformations that would map over a keyword argument too."""
PARTIALS = frozenset({"functools.partial", "jax.tree_util.Partial", "equinox.Partial"})


class Ref(NamedTuple):
    """A `def` or lambda of the project."""

    path: str
    node: FunctionNode

    @property
    def name(self) -> str:
        return self.node.name if isinstance(self.node, FUNCTIONS) else "<lambda>"


class Binding(NamedTuple):
    """A name that a scope of a file binds."""

    path: str
    scope: ast.AST
    name: str


class Mention(NamedTuple):
    """One place that reads a function's name: `node`, and the call that runs it (`how` is "call") where it is called.

    `how`: "call", "partial" (`call` is the partial), "jit" (`call` jits it and nobody was found who binds the result),
    "import", "handed" (anything else).
    """

    path: str
    node: ast.AST
    how: str
    call: ast.Call | None = None


class Code:
    """The files of the project, parsed when first asked for."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.program = project.program
        self._sources: dict[str, SourceText] = {}
        self._names: dict[str, Names] = {}
        self._paths: dict[str, str] = {}
        self._bodies: dict[Ref, list[ast.AST]] = {}
        self._mentions: dict[Ref, list[Mention]] = {}
        self.keeps_signatures = project.wishes.keep_signatures
        self.signatures_changed: set[Ref] = set()
        """Public helpers that the way in hand gives one more parameter which their other callers must bring."""
        for path, module in self.program.by_path.items():
            if not module.context:
                self._paths[path] = module.name

    # -- files ---------------------------------------------------------------------------------------------------------

    def source(self, path: str) -> SourceText:
        found = self._sources.get(path)
        if found is None:
            found = self._sources[path] = self.project.text(path)
        return found

    def names(self, path: str) -> Names:
        found = self._names.get(path)
        if found is None:
            found = self._names[path] = Names(self.source(path))
        return found

    def module(self, path: str) -> Module:
        module = self.program.by_path.get(path)
        if module is None or module.context:
            raise CannotEdit(f"{path} is none of the project's files")
        return module

    def body_nodes(self, ref: Ref) -> list[ast.AST]:
        """Everything that is evaluated when a function's body runs, functions inside it included."""
        found = self._bodies.get(ref)
        if found is None:
            body = ref.node.body if isinstance(ref.node, FUNCTIONS) else [ref.node.body]
            found = self._bodies[ref] = [node for part in body for node in ast.walk(part)]
        return found

    def path_of(self, dotted: str) -> str | None:
        module = self.program.modules.get(dotted)
        return module.path if module is not None and module.path in self._paths else None

    def paths_with(self, word: str) -> list[str]:
        """Files that write a word, the word's own spelling by `as` left aside."""
        paths = dict.fromkeys(module.path for module, _ in self.program.index.get(word, ()) if not module.context)
        return [
            path for path in self._paths if path in paths or any(row[3] == word for row in self.module(path).imports)
        ]

    # -- names ---------------------------------------------------------------------------------------------------------

    def dotted(self, path: str, node: ast.AST) -> str | None:
        """What a name or dotted name stands for by imports: `jnp.ones` is `jax.numpy.ones`, `physics.f` its module's."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.insert(0, node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return None
        names = self.names(path)
        home = names.home(node)
        bound = names.bound_at(home, node.id) if home is not None else []
        imports = [one for one in bound if isinstance(one, ast.alias)]
        if not imports or len(imports) != len(bound):
            return None
        stands_for = self.imported(path, imports[0])
        return ".".join((stands_for, *parts))

    def imported(self, path: str, alias: ast.alias) -> str:
        """The dotted name that an alias of an import statement binds."""
        statement = self.names(path).parent[alias]
        if isinstance(statement, ast.ImportFrom):
            module = self.module(path)
            base = absolute(module.name, module.is_package, statement.module or "", statement.level)
            return f"{base}.{alias.name}" if base else alias.name
        return alias.name if alias.asname else alias.name.split(".")[0]

    def known(self, path: str, node: ast.AST) -> str:
        """The canonical name of a library's thing; "" where it is none."""
        from jaxaudit.source.program import canonical

        name = self.dotted(path, node)
        return canonical(name) if name else ""

    def module_binding(self, dotted: str, depth: int = 0) -> Binding | None:
        """The project's binding behind a dotted name, re-exports followed."""
        base, _, name = dotted.rpartition(".")
        path = self.path_of(base) if base else None
        if path is None or depth > 8:
            return None
        names = self.names(path)
        bound = names.bound_at(names.tree, name)
        if len(bound) == 1 and isinstance(bound[0], ast.alias):
            return self.module_binding(self.imported(path, bound[0]), depth + 1)
        return Binding(path, names.tree, name) if bound else None

    def binding(self, path: str, node: ast.AST) -> Binding | None:
        """The project's binding that a name or dotted name reads, imports followed."""
        names = self.names(path)
        if isinstance(node, ast.Name):
            home = names.home(node)
            if home is None:
                return None
            bound = names.bound_at(home, node.id)
            if bound and all(isinstance(one, ast.alias) for one in bound):
                return self.module_binding(self.imported(path, bound[0]))  # type: ignore[arg-type]
            return Binding(path, home, node.id)
        dotted = self.dotted(path, node)
        return self.module_binding(dotted) if dotted else None

    def function(self, binding: Binding | None, depth: int = 0) -> Ref | None:
        """The function that a name stands for, through `jax.jit(f)` and its like; None where it is none of the project's."""
        if binding is None or depth > 8:
            return None
        names = self.names(binding.path)
        bound = names.bound_at(binding.scope, binding.name)
        functions = [one for one in bound if isinstance(one, FUNCTIONS)]
        if len(bound) == 1 and functions:
            return Ref(binding.path, functions[0])
        values = [value for one in bound if (value := assigned(names, one)) is not None]
        if len(values) != 1 or len(values) + len(functions) != len(bound):
            return None
        found = self.function_in(binding.path, values[0], depth + 1)
        if functions and (found is None or found.node is not functions[0]):
            return None
        return found

    def function_in(self, path: str, value: ast.AST, depth: int = 0) -> Ref | None:
        """The function that an expression stands for."""
        if isinstance(value, ast.Lambda):
            return Ref(path, value)
        if isinstance(value, ast.Call) and value.args and self.known(path, value.func) in KEEPS_KEYWORDS:
            return self.function_in(path, value.args[0], depth)
        if isinstance(value, ast.Name | ast.Attribute):
            binding = self.binding(path, value)
            if binding is not None and isinstance(value, ast.Name):
                bound = self.names(path).bound_at(binding.scope, binding.name)
                local = [one for one in bound if isinstance(one, FUNCTIONS)]
                if binding.path == path and len(local) == 1 and len(bound) == 2:  # `step = jit(step)` after `def step`
                    return Ref(path, local[0])
            return self.function(binding, depth)
        return None

    # -- mentions ------------------------------------------------------------------------------------------------------

    def mentions(self, ref: Ref) -> list[Mention]:
        """Every place of the project that reads the function, by whatever name it got there."""
        found = self._mentions.get(ref)
        if found is None:
            found = self._mentions[ref] = self._every_mention(ref)
        return found

    def _every_mention(self, ref: Ref) -> list[Mention]:
        names = self.names(ref.path)
        if isinstance(ref.node, ast.Lambda):
            return list(self._mention(ref.path, ref.node, set()))
        scope = names.scope_of(ref.node)
        if isinstance(scope, ast.ClassDef):
            return list(self._mentions_of_method(ref))
        return list(self._mentions_of(Binding(ref.path, scope, ref.node.name), set()))

    def _mentions_of(self, binding: Binding, seen: set[Binding]) -> Iterator[Mention]:
        if binding in seen:
            return
        seen.add(binding)
        names = self.names(binding.path)
        for node in names.loads(binding.scope, binding.name):
            yield from self._mention(binding.path, node, seen)
        if binding.scope is names.tree:
            for path in self.paths_with(binding.name):
                yield from self._mentions_from(path, binding, seen)

    def _mentions_from(self, path: str, binding: Binding, seen: set[Binding]) -> Iterator[Mention]:
        names = self.names(path)
        for node in names.evaluated_in:
            if isinstance(node, ast.alias) and isinstance(names.parent[node], ast.ImportFrom):
                target = self.imported(path, node)
                if node.name == "*" and self.path_of(target.removesuffix(".*")) == binding.path:
                    raise CannotEdit(f"{path} imports everything of {binding.path} by a star")
                if node.name == binding.name and self.module_binding(target) == binding:
                    yield Mention(path, node, "import")
                    scope = names.scope_of(node)
                    local = Binding(path, scope, node.asname or node.name)
                    if local not in seen:
                        seen.add(local)
                        for load in names.loads(scope, local.name):
                            yield from self._mention(path, load, seen)
            elif isinstance(node, ast.Attribute) and node.attr == binding.name:
                dotted = self.dotted(path, node)
                if dotted and self.module_binding(dotted) == binding:
                    if not isinstance(node.ctx, ast.Load):
                        raise CannotEdit(f"{path}:{node.lineno} assigns {dotted}")
                    yield from self._mention(path, node, seen)

    def _mentions_of_method(self, ref: Ref) -> Iterator[Mention]:
        """Attributes of the method's name, anywhere: only where no other class has a method of that name."""
        name = ref.name
        for path in self.paths_with(name):
            for node in self.names(path).evaluated_in:
                if isinstance(node, ast.ClassDef) and any(
                    isinstance(one, FUNCTIONS) and one.name == name and one is not ref.node for one in node.body
                ):
                    raise CannotEdit(f"{path}:{node.lineno} has a method {name} too")
                if isinstance(node, ast.Attribute) and node.attr == name:
                    if not isinstance(node.ctx, ast.Load):
                        raise CannotEdit(f"{path}:{node.lineno} assigns an attribute {name}")
                    yield from self._mention(path, node, set())

    def _mention(self, path: str, node: ast.AST, seen: set[Binding]) -> Iterator[Mention]:
        names = self.names(path)
        above = names.parent[node]
        if isinstance(above, ast.Call):
            if above.func is node:
                yield Mention(path, node, "call", above)
                return
            known = self.known(path, above.func)
            if above.args and above.args[0] is node and known in PARTIALS:
                yield Mention(path, node, "partial", above)
                return
            if above.args and above.args[0] is node and known in KEEPS_KEYWORDS:
                yield from self._wrapped(path, above, seen)
                return
        bound = bound_name(names, node)
        if bound is not None:
            yield from self._alias(path, bound, node, seen)
            return
        yield Mention(path, node, "handed")

    def _wrapped(self, path: str, call: ast.Call, seen: set[Binding]) -> Iterator[Mention]:
        """`jax.jit(f)`: who calls what it makes."""
        found = list(self._mention(path, call, seen))
        for one in found:
            yield Mention(path, call, "jit", call) if one.node is call and one.how == "handed" else one

    def _alias(self, path: str, bound: ast.Name, node: ast.AST, seen: set[Binding]) -> Iterator[Mention]:
        names = self.names(path)
        home = names.home(bound)
        if home is None or isinstance(home, ast.ClassDef) or self._bound_otherwise(path, home, bound):
            yield Mention(path, node, "handed")
            return
        yield from self._mentions_of(Binding(path, home, bound.id), seen)

    def _bound_otherwise(self, path: str, home: ast.AST, bound: ast.Name) -> bool:
        """Whether the name also stands for something else: `step = fast if x else slow` in two statements."""
        names = self.names(path)
        others = [one for one in names.bound_at(home, bound.id) if one is not bound]
        return any(not isinstance(one, FUNCTIONS) for one in others) or len(others) > 1

    # -- who looks on --------------------------------------------------------------------------------------------------

    def is_test(self, path: str) -> bool:
        return is_test_path(path)

    def is_exported(self, ref: Ref) -> bool:
        """Whether the project offers the function to others: listed in `__all__`, or imported by a package's door."""
        names = self.names(ref.path)
        if names.scope_of(ref.node) is not names.tree or ref.name.startswith("_"):
            return False
        if ref.name in listed(names):
            return True
        return any(one.how == "import" and self.module(one.path).is_package for one in self.mentions(ref))


def assigned(names: Names, node: ast.AST) -> ast.expr | None:
    """The value of a plain `name = value`."""
    above = names.parent.get(node)
    if isinstance(above, ast.Assign) and len(above.targets) == 1 and above.targets[0] is node:
        return above.value
    if isinstance(above, ast.AnnAssign) and above.target is node:
        return above.value
    return None


def bound_name(names: Names, value: ast.AST) -> ast.Name | None:
    """The name in `name = value`."""
    above = names.parent.get(value)
    if isinstance(above, ast.Assign) and above.value is value and len(above.targets) == 1:
        target = above.targets[0]
        return target if isinstance(target, ast.Name) else None
    if isinstance(above, ast.AnnAssign) and above.value is value and isinstance(above.target, ast.Name):
        return above.target
    return None


def listed(names: Names) -> set[str]:
    """The words of `__all__`."""
    found: set[str] = set()
    for node in names.bound_at(names.tree, "__all__"):
        value = names.parent.get(node)
        if value is not None:
            found |= {
                one.value for one in ast.walk(value) if isinstance(one, ast.Constant) and isinstance(one.value, str)
            }
    return found
