"""Which units may use a library's things, told by their words and by what their file imports, without following any."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from jaxaudit.source.groups import absolute

if TYPE_CHECKING:
    from jaxaudit.source.program import Program
    from jaxaudit.source.scopes import Module

Meanings = list[tuple[str, str]]
"""Names that a file binds by imports, each with the library's dotted name that it stands for."""
DEEPEST = 4
"""So many re-exports are followed."""


def units_applying(program: Program, names: Iterable[str]) -> list[tuple[Module, int]]:
    """Units that write one of these dotted names, by whatever spelling their file imports it."""
    wanted = frozenset(names)
    parents: dict[str, set[str]] = {}
    for name in wanted:
        above, _, last = name.rpartition(".")
        parents.setdefault(last, set()).add(above)
    written: dict[Module, dict[int, list[str]]] = {}
    for word in program.spellings(parents):
        for module, number in program.index.get(word, ()):
            written.setdefault(module, {}).setdefault(number, []).append(word)
    out: list[tuple[Module, int]] = []
    for module in program.by_path.values():
        found = written.get(module)
        if found is None:
            continue
        telling = _Telling(program, module, wanted, parents)
        out += [(module, number) for number in sorted(found) if telling.applies(found[number], module.units[number][1])]
    return out


class _Telling:
    """What one file's imports say of the wanted names."""

    def __init__(self, program: Program, module: Module, wanted: frozenset[str], parents: dict[str, set[str]]) -> None:
        self.parents = parents
        self.holders: dict[str, list[frozenset[str]]] = {}
        self.unclear = bool(module.stars) or bool(program.known_libraries())
        if self.unclear:
            self.by_name = {bound for bound, _, _, attr in module.imports if attr in parents}
            self.imports = module.imports
            self.stars = bool(module.stars)
        else:
            self.bound = meanings(program, module)
            self.tops = {dotted.partition(".")[0] for _, dotted in self.bound}
            self.imported = {bound for bound, _, _, _ in module.imports}
            self.inner = [
                (bound, name, dotted)
                for bound, other in modules_bound(program, module)
                for name, dotted in meanings(program, other)
            ]
            self.by_name = {bound for bound, dotted in self.bound if dotted in wanted}
            self.stars = False

    def applies(self, words: list[str], used: tuple[str, ...]) -> bool:
        """Whether a unit with these words writes a wanted name in a way that the imports allow."""
        written: set[str] | None = None
        for word in words:
            if word in self.by_name or self.stars:
                return True
            if word in self.parents:
                written = written or set(used)
                for needed in self.holders_of(word):
                    if needed <= written:
                        return True
        return False

    def holders_of(self, word: str) -> list[frozenset[str]]:
        """What else a unit must write so that the word can be the wanted one: `np`, or `jax` and `numpy`."""
        found = self.holders.get(word)
        if found is None:
            found = self.holders[word] = self.loosely(word) if self.unclear else self.exactly(word)
        return found

    def exactly(self, word: str) -> list[frozenset[str]]:
        out: list[frozenset[str]] = []
        for parent in self.parents[word]:
            top, last = parent.partition(".")[0], parent.rpartition(".")[2]
            if last not in self.imported and (last == top or top in self.tops):
                out.append(frozenset({last}))  # `lax = jax.lax`, `jax = pytest.importorskip("jax")`
            for bound, dotted in self.bound:
                if dotted == parent:
                    out.append(frozenset({bound}))
                elif parent.startswith(f"{dotted}."):
                    out.append(frozenset({bound, *parent[len(dotted) + 1 :].split(".")}))
            out += [frozenset({bound, name}) for bound, name, dotted in self.inner if dotted == parent]
        return out

    def loosely(self, word: str) -> list[frozenset[str]]:
        """By the last names alone: stars hide where a name is from, and a library calls its own things otherwise."""
        names = {parent.rpartition(".")[2] for parent in self.parents[word]}
        out = set(names)
        for bound, target, _, attr in self.imports:
            if (attr or target).rpartition(".")[2] in names or (attr is None and target.partition(".")[0] in names):
                out.add(bound)
        return [frozenset({name}) for name in out]


def meanings(program: Program, module: Module, depth: int = 0) -> Meanings:
    """The libraries' things that a file's imports bind, re-exports of the project followed."""
    key = ("meanings", id(module))
    found: Meanings | None = program.memo.get(key)
    if found is not None or depth > DEEPEST:
        return found or []
    program.memo[key] = found = []
    for bound, target, level, attr in module.imports:
        dotted = absolute(module.name, module.is_package, target, level)
        top = dotted.partition(".")[0]
        if level == 0 and top not in program.tops:
            plain = top if attr is None and bound == top else dotted
            found.append((bound, program.external(f"{dotted}.{attr}" if attr else plain).name))
        elif attr is not None and (other := program.modules.get(dotted)) is not None:
            found += [(bound, inner) for name, inner in meanings(program, other, depth + 1) if name == attr]
    return found


def modules_bound(program: Program, module: Module) -> list[tuple[str, Module]]:
    """The project's modules that a file's imports bind: `from . import backend`."""
    out = []
    for bound, target, level, attr in module.imports:
        dotted = absolute(module.name, module.is_package, target, level)
        other = program.modules.get(f"{dotted}.{attr}" if attr else dotted)
        if other is not None:
            out.append((bound, other))
    return out
