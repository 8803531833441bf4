"""Device values that a loop makes Python numbers in each turn are kept as they are, and fetched once behind the loop."""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jaxaudit.edits.collecting import STAYS, Collected, Collector, Hole
from jaxaudit.edits.edit import CannotEdit, Edit, merge
from jaxaudit.edits.expressions import replace
from jaxaudit.edits.fetches import LOOPS, Fetch, fetches_on
from jaxaudit.edits.imports import spell
from jaxaudit.edits.name_scopes import Names
from jaxaudit.edits.nodes import block_of, parents_of
from jaxaudit.edits.source_text import SourceText
from jaxaudit.edits.statements import insert_after, insert_before, remove_statement

Loop = ast.For | ast.While


@dataclass(frozen=True, slots=True)
class Fetched:
    """The edits, and the names that hold the values until the loop has ended."""

    edits: tuple[Edit, ...]
    held: tuple[str, ...]


def loop_around(source: SourceText, line: int) -> int:
    """The line of the innermost loop around what a line fetches; the line itself without one."""
    names = Names(source)
    found = fetches_on(source, line, names.parent)
    loops = [one for fetch in found[:1] for one in names.loops_around(fetch.node) if isinstance(one, LOOPS)]
    return loops[0].lineno if loops else line


def fetched_once(source: SourceText, lines: Sequence[int]) -> Fetched:
    """The fetches on lines of one loop moved behind it, or behind a loop around it: of what is appended, added up, stored.

    Raises CannotEdit where the loop itself needs a value.
    """
    names = Names(source)
    found: list[Fetch] = []
    for line in lines:
        here = fetches_on(source, line, names.parent)
        if not here:
            raise CannotEdit("what fetches the value stands elsewhere")
        found += [one for one in here if not any(one.node is other.node for other in found)]
    apart: dict[Loop, list[Fetch]] = {}
    for one in found:
        apart.setdefault(_outermost(source, names, [one]), []).append(one)
    try:
        return _together(source, names, apart)
    except CannotEdit:  # two of them are read by one statement
        return _together(source, names, {_outermost(source, names, found): found})


def _together(source: SourceText, names: Names, apart: Mapping[Loop, Sequence[Fetch]]) -> Fetched:
    inner_first = sorted(apart, key=source.start, reverse=True)
    given: set[str] = set()
    done = [_Moving(source, names, loop, given).moved(apart[loop]) for loop in inner_first]
    edits = merge(edit for one in done for edit in one.edits)
    return Fetched(edits, tuple(dict.fromkeys(name for one in done for name in one.held)))


def _outermost(source: SourceText, names: Names, found: Sequence[Fetch]) -> Loop:
    """The outermost loop behind which they can be fetched."""
    loops = [one for one in names.loops_around(found[0].node) if isinstance(one, ast.For | ast.While)]
    loops = [loop for loop in loops if all(names.is_within(one.node, loop) for one in found)]
    reason = CannotEdit("no loop of the same function stands around it")
    for loop in reversed(loops):
        try:
            _Moving(source, names, loop, set()).moved(found)
            return loop
        except CannotEdit as error:
            reason = error
    raise reason


class _Moving:
    """Behind one loop."""

    def __init__(self, source: SourceText, names: Names, loop: Loop, given: set[str]) -> None:
        self.source, self.names, self.loop, self.given = source, names, loop, given
        self.holes: dict[ast.AST, Hole] = {}
        self.edits: list[Edit] = []
        self.behind: list[str] = []

    def moved(self, found: Sequence[Fetch]) -> Fetched:
        self._must_end_here()
        fetches = {one.node: one for one in found}
        statements = dict.fromkeys(self._statement_of(one.node) for one in found)
        for statement in statements:
            named = _named(statement, fetches)
            if named is None or not isinstance(statement, ast.Assign):
                inside = [one for one in found if self.names.is_within(one.node, statement)]
                self.holes |= {one.node: Hole(one.text, one.of) for one in inside}
                for one in inside:
                    self._must_be_new(one)
            else:
                self._keep_as_it_is(statement, named)
        get = spell(self.source, "jax.device_get")
        collector = Collector(self.source, self.names, self.loop, get.text, self.given)
        sinks = sorted(dict.fromkeys(self._statement_of(one) for one in self.holes), key=self.source.start)
        done = [collector.collect(one, self._holes_in(one)) for one in sinks]
        return Fetched(
            (*(get.edits if done else ()), *self.edits, *self._around(done)),
            tuple(dict.fromkeys(one.name for one in done)),
        )

    def _around(self, done: Sequence[Collected]) -> tuple[Edit, ...]:
        before = "\n".join(one.before for one in done if one.before)
        behind = "\n".join([*(one.behind for one in done), *self.behind])
        return (
            *(edit for one in done for edit in one.edits),
            *(insert_before(self.source, self.loop, before) if before else ()),
            *(insert_after(self.source, self.loop, behind) if behind else ()),
        )

    def _holes_in(self, statement: ast.stmt) -> dict[ast.AST, Hole]:
        return {node: hole for node, hole in self.holes.items() if self.names.is_within(node, statement)}

    def _statement_of(self, node: ast.AST) -> ast.stmt:
        return next(one for one in self.names.parents(node) if isinstance(one, ast.stmt))

    def _must_end_here(self) -> None:
        if any(isinstance(one, ast.Return | ast.Yield | ast.YieldFrom) for one in ast.walk(self.loop)):
            raise CannotEdit("the loop may hand something back before it ends")
        if any(isinstance(one, ast.Try) for one in parents_of(self.source, self.loop)):
            raise CannotEdit("a `try` stands around the loop, and may go on with what was collected by then")

    def _must_be_new(self, fetch: Fetch) -> None:
        """A list whose parts are fetched is another one in each turn."""
        if isinstance(fetch.node, ast.Call) or not isinstance(fetch.value, ast.Name) or fetch.text != fetch.value.id:
            return
        home = self.names.home(fetch.value)
        bound = self.names.bound_at(home, fetch.value.id) if home is not None else []
        makers = [self._statement_of(one) for one in bound if self.names.is_within(one, self.loop)]
        made = [one for one in makers if isinstance(one, ast.Assign) and isinstance(one.value, ast.Call)]
        if not made or len(made) != len(makers):
            raise CannotEdit(f"`{fetch.value.id}` may be the same object in each turn")

    # -- `loss = float(x)` -----------------------------------------------------------------------------------------------

    def _keep_as_it_is(self, statement: ast.Assign, named: Sequence[tuple[ast.Name, Fetch]]) -> None:
        """The names hold the device values; what reads them in the loop is collected, or a branch that fetches it itself."""
        own = [isinstance(fetch.value, ast.Name) and fetch.value.id == name.id for name, fetch in named]
        for (name, fetch), same in zip(named, own):
            self._follow(statement, name, fetch, same)
        if all(own):
            self.edits += remove_statement(self.source, statement)
        else:
            self.edits += [edit for _, fetch in named for edit in replace(self.source, fetch.node, fetch.text)]

    def _follow(self, statement: ast.Assign, name: ast.Name, fetch: Fetch, same: bool) -> None:
        home = self.names.home(name)
        if home is None or home is not self.names.scope_of(self.loop):
            raise CannotEdit(f"`{name.id}` belongs to another function")
        bound = self.names.bound_at(home, name.id)
        inside = [one for one in bound if self.names.is_within(one, self.loop)]
        block = block_of(self.source, statement)
        earlier = block[: block.index(statement)]
        makers = [one for one in bound if one is not name]
        if makers and not same:
            raise CannotEdit(f"`{name.id}` is bound in line {getattr(makers[0], 'lineno', 0)} as well")
        if any(one in inside and self.source.start(one) > self.source.start(name) for one in makers):
            raise CannotEdit(f"the loop binds `{name.id}` again behind line {name.lineno}")
        branches: dict[ast.stmt, None] = {}
        is_read_behind = False
        for use in self.names.uses(home, name.id):
            if isinstance(self.names.parent[use], ast.AugAssign):
                raise CannotEdit(f"line {use.lineno} changes `{name.id}`")
            if not isinstance(use.ctx, ast.Load) or self.names.is_within(use, statement):
                continue
            if self.names.function_around(use) is not self.names.function_around(self.loop):
                raise CannotEdit(f"a function reads `{name.id}` in line {use.lineno}")
            if not self.names.is_within(use, self.loop):
                is_read_behind = is_read_behind or self.source.start(use) > self.source.start(self.loop)
            elif self.source.start(use) > self.source.start(statement):
                branch = self._reader(use, name, block)
                if branch is None:
                    self.holes[use] = Hole(name.id, fetch.of)
                else:
                    branches[branch] = None
            elif not any(self._made_before(use, one, earlier) for one in makers):
                raise CannotEdit(f"line {use.lineno} reads `{name.id}` of the turn before")
        again = f"{name.id} = {fetch.of(name.id)}"
        for branch in branches:
            self.edits += insert_before(self.source, branch, again)
        if is_read_behind:
            if len(inside) != len(bound):
                raise CannotEdit(f"`{name.id}` is used behind the loop as well, and bound before it")
            self.behind.append(again)

    def _made_before(self, use: ast.AST, maker: ast.AST, earlier: Sequence[ast.stmt]) -> bool:
        """Whether each turn binds the name before it is read."""
        return self.source.start(maker) < self.source.start(use) and any(
            self.names.is_within(maker, one) for one in earlier
        )

    def _reader(self, use: ast.Name, name: ast.Name, block: Sequence[ast.stmt]) -> ast.stmt | None:
        """The first statement of the branch that reads a name; None where a statement of the same block does."""
        within = [use, *self.names.parents(use)]
        top = next((one for one in within if one in block), None)
        says = f"the loop goes on working with `{name.id}` in line {use.lineno}"
        if not isinstance(top, ast.stmt):
            raise CannotEdit(says)
        if not isinstance(top, ast.If | ast.For | ast.While | ast.With | ast.Try):
            return None
        arms = [top.body, top.orelse] if isinstance(top, ast.If) else []
        arm = next((arm for arm in arms if any(one in arm for one in within)), None)
        if arm is None or arm[0].lineno == top.lineno:
            raise CannotEdit(says)
        return arm[0]


def _named(statement: ast.stmt, fetches: dict[ast.expr, Fetch]) -> list[tuple[ast.Name, Fetch]] | None:
    """What a statement does that only names what it fetches: `loss = float(x)`, `a, b = float(a), float(b)`."""
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return None
    target, value = statement.targets[0], statement.value
    pairs: list[tuple[ast.expr, ast.expr]] = [(target, value)]
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        pairs = list(zip(target.elts, value.elts))
    named = [(one, fetches[given]) for one, given in pairs if isinstance(one, ast.Name) and given in fetches]
    if any(isinstance(one, ast.Name) for one, _ in pairs) and len(named) != len(pairs):
        raise CannotEdit(STAYS)
    return named if len(named) == len(pairs) else None
