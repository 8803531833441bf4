"""`check`, from paths to a document: collect, choose, suppress, name, compare with the baseline, write down."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path, PurePosixPath
from time import perf_counter
from typing import TYPE_CHECKING, Any

from jaxaudit.model import Finding, Unread
from jaxaudit.model.mistake import Mistake
from jaxaudit.steps import document, suppress
from jaxaudit.steps.baseline import read_baseline, split
from jaxaudit.steps.cache_place import default_cache_dir
from jaxaudit.steps.cells import in_cells
from jaxaudit.steps.config import Config, name_of, read_config
from jaxaudit.steps.fingerprint import fingerprinted
from jaxaudit.steps.flag_judge import users_prefix
from jaxaudit.steps.selection import Rules, resolve
from jaxaudit.steps.summary_first import summary_first
from jaxaudit.steps.verdict import judged

if TYPE_CHECKING:
    from jaxaudit.source.files import Files
    from jaxaudit.source.gitignore import IgnoreRules
    from jaxaudit.source.notebook import Notebook
    from jaxaudit.source.reading import Sources


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for. Empty means: as the configuration says."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    force_exclude: bool = False
    """What is excluded stays out even where it is named, as by pre-commit, which names every file."""
    jobs: int | None = None
    cached: bool = True
    cache_dir: Path | None = None
    baseline: Path | None = None
    stdin: tuple[str, bytes] | None = None
    """The name and the bytes of a file that is not (or not yet) on disk; it is the one file checked."""
    overlay: Mapping[str, bytes] = field(default_factory=dict)
    """What files hold in place of what is on disk: how `fix` checks what it would write."""
    progress: Callable[[int, int], None] | None = None
    clock: Callable[[], float] = field(default=perf_counter)


@dataclass(frozen=True, slots=True)
class Checked:
    """What checking found, still as nouns: `fix` goes on from here, and `check` writes it down."""

    news: list[Finding]
    known: list[Finding]
    unread: list[Unread]
    faults: list[dict[str, str]]
    inventory: list[dict[str, Any]]
    sources: "Sources"
    config: Config
    rules: Rules
    counts: Mapping[str, int]


def check(paths: Sequence[str], options: Options) -> dict[str, Any]:
    """The document of one check. Raises `Mistake` for wrong use; a file that can't be read is an `unread` entry."""
    began = options.clock()
    done = find(paths, options)
    lines = done.sources.lines
    written = {
        "schema": document.SCHEMA,
        "kind": "check",
        "environment": document.environment(done.config.file),
        "summary": document.summary(done.news, done.counts) | {"seconds": round(options.clock() - began, 3)},
        "findings": [document.finding_entry(finding, lines) for finding in done.news],
        "known": [document.finding_entry(finding, lines) for finding in done.known],
        "unread": document.unread_entries(done.unread),
        "faults": done.faults,
        "functions": document.function_entries(done.inventory),
        "rules": document.rule_entries((finding.rule for finding in (*done.news, *done.known)), done.rules),
    }
    return summary_first(in_cells(written, notebooks_shown(done.sources)))


def notebooks_shown(sources: "Sources") -> "dict[str, Notebook]":
    """The notebooks under the paths that a document writes."""
    return {document.shown(path): notebook for path, notebook in sources.notebooks.items()}


def find(paths: Sequence[str], options: Options) -> Checked:
    """The findings of chosen rules that no comment allows, with fingerprints; those of the baseline apart."""
    from jaxaudit.rules import load_rules

    config = read_config(_common_folder(paths, options.stdin))
    rules = load_rules()
    chosen = chosen_rules(options, config, rules)
    baseline = _baseline(options, config)
    fingerprints = read_baseline(baseline) if baseline else []

    sources, files = _read(paths, options, config)
    cache_folder = _cache_dir(options, config) if options.cached else None
    try:
        everything, faults, inventory, unread_later = judged(sources, rules, chosen, users_prefix(config), cache_folder)
    finally:
        sources.close()
    found = list(wanted(everything, chosen, config, rules))
    kept = _without_allowed(found, _marks(sources), rules, chosen)
    lines = sources.lines
    named = fingerprinted(kept, lambda path, line: _line(lines(path), line), lambda path: _from_root(path, config))
    news, known = split([_in_cell(one, sources) for one in named], fingerprints)
    allowed = len(found) - sum(finding.rule != suppress.RULE for finding in kept)
    unread = sorted({*files.unread, *sources.unread, *unread_later})
    counts = {
        "files": len(files.paths) + len(files.unread),
        "unread": len(unread),
        "known": len(known),
        "suppressed": allowed,
    }
    return Checked(news, known, unread, faults, inventory, sources, config, rules, counts)


def chosen_rules(options: Options, config: Config, rules: Rules) -> frozenset[str]:
    """The names selected and not ignored. The command line's `--select` replaces the file's; `--ignore` adds to it."""
    file = _table_of(config)
    if options.select:
        chosen = resolve(options.select, rules, "--select")
    else:
        chosen = resolve(config.select, rules, f"select of {file}") if config.select else frozenset(rules)
        chosen -= resolve(config.ignore, rules, f"ignore of {file}")
    return chosen - resolve(options.ignore, rules, "--ignore")


def _table_of(config: Config) -> str:
    return f"[tool.jaxaudit] in {name_of(config.file)}" if config.file else ""


def _read(paths: Sequence[str], options: Options, config: Config) -> tuple["Sources", "Files"]:
    from jaxaudit.source.files import Files, discover
    from jaxaudit.source.reading import Sources

    if options.stdin:
        files, overlay = Files([options.stdin[0]], []), {**options.overlay, options.stdin[0]: options.stdin[1]}
    else:
        exclude = [*config.exclude, *options.exclude]
        files = discover(paths, exclude, root=str(config.root))
        files = _without(exclude, files, config) if options.force_exclude else files
        overlay = dict(options.overlay)
    cache = _cache_dir(options, config) if options.cached else None
    progress = options.progress
    sources = Sources(
        files.paths, cache=cache, jobs=options.jobs, progress=progress, overlay=overlay, marked=suppress.MARK
    )
    return sources, files


def _without(exclude: Sequence[str], files: "Files", config: Config) -> "Files":
    from jaxaudit.source.gitignore import IgnoreRules

    rules = IgnoreRules(exclude)
    return files._replace(paths=[path for path in files.paths if not _matches(rules, _from_root(path, config))])


def wanted(found: Iterable[Finding], chosen: frozenset[str], config: Config, rules: Rules) -> Iterator[Finding]:
    """Those of chosen rules, outside the files that ignore them, and above the user's budget; the same thing once."""
    ignored_in = _per_file_ignores(config, rules)
    seen = set()
    for finding in found:
        said = (finding.rule, finding.place, finding.message)
        if finding.rule not in chosen or finding.rule in ignored_in(finding.place.path) or said in seen:
            continue
        seen.add(said)
        if not _within_budget(finding, config, rules):
            yield _left_traced(finding, config)


def _left_traced(finding: Finding, config: Config) -> Finding:
    """Without a fix, and with other advice, where that would make an argument static that `never-static` names."""
    name = finding.facts.get("made_static")
    if name not in config.never_static:
        return finding
    advice = (
        f"`{name}` stays traced, as `never-static` wishes: work out before the call what needs its value, or use a "
        "fixed size with a mask, `lax.cond`, or `lax.dynamic_slice`."
    )
    return replace(finding, fix=None, help=advice)


def _within_budget(finding: Finding, config: Config, rules: Rules) -> bool:
    """A capture whose size is known and which `captured-bytes` allows."""
    size = finding.facts.get("function_bytes", finding.facts.get("bytes"))
    return rules[finding.rule].family == "captures" and isinstance(size, int) and size <= config.captured_bytes


def _per_file_ignores(config: Config, rules: Rules) -> Callable[[str], frozenset[str]]:
    if not config.per_file_ignores:
        return lambda path: frozenset()
    from jaxaudit.source.gitignore import IgnoreRules

    where = f"per-file-ignores of {_table_of(config)}"
    table = [(IgnoreRules([pattern]), resolve(words, rules, where)) for pattern, words in config.per_file_ignores]

    @cache
    def ignored_in(path: str) -> frozenset[str]:
        inside = _from_root(path, config)
        return frozenset().union(*(names for spec, names in table if _matches(spec, inside)))

    return ignored_in


def _matches(spec: "IgnoreRules", path: str) -> bool:
    """Whether the pattern names the file or a folder that it lies in."""
    folders = [folder.as_posix() for folder in PurePosixPath(path).parents][:-1]
    return bool(spec.verdict(path, False)) or any(spec.verdict(folder, True) for folder in folders)


Marks = dict[str, list[suppress.Suppression]]


def _marks(sources: "Sources") -> Marks:
    """The suppression comments of each file that has some."""
    found: Marks = {}
    for path, data in sources.marked.items():
        notebook = sources.notebooks.get(path)
        cells = [line.cell for line in notebook.cells] if notebook else ()
        if said := suppress.suppressions(path, data, cells):
            found[path] = said
    return found


def _without_allowed(found: list[Finding], marks: Marks, rules: Rules, chosen: frozenset[str]) -> list[Finding]:
    """The findings that no comment allows, and one for each comment that allows nothing."""
    kept = suppress.apply(found, marks, rules)
    if suppress.RULE in chosen:
        every = [mark for said in marks.values() for mark in said]
        kept += suppress.apply(suppress.unused(every, rules, chosen), marks, rules)
    return kept


def _common_folder(paths: Sequence[str], stdin: tuple[str, bytes] | None) -> Path:
    """Where the search for the configuration begins. Raises `Mistake` for a path that does not exist."""
    if stdin:
        return Path(stdin[0]).absolute().parent
    for path in paths:
        if not os.path.lexists(path):
            raise Mistake(f"there is no file or folder {path!r}")
    try:
        return Path(os.path.commonpath([os.path.abspath(path) for path in paths]))
    except ValueError:
        return Path.cwd()


def _cache_dir(options: Options, config: Config) -> Path | None:
    """None where nothing is kept. Raises `Mistake` for a name that a file has."""
    named = options.cache_dir or (config.root / config.cache_dir if config.cache_dir else None)
    if named and named.exists() and not named.is_dir():
        raise Mistake(f"the cache can't be kept in {str(named)!r}, which is no folder")
    return named or default_cache_dir()


def _baseline(options: Options, config: Config) -> Path | None:
    return options.baseline or (config.root / config.baseline if config.baseline else None)


def _in_cell(finding: Finding, sources: "Sources") -> Finding:
    """A notebook's finding says its cell, by which `fix` knows that the file is not Python text to be edited."""
    notebook = sources.notebooks.get(finding.place.path)
    if notebook is None or not 0 < finding.place.line <= len(notebook.cells):
        return finding
    return replace(finding, cell=notebook.cells[finding.place.line - 1].cell)


def _line(lines: Sequence[str], number: int) -> str:
    return lines[number - 1] if 0 < number <= len(lines) else ""


def _from_root(path: str, config: Config) -> str:
    """The path as seen from the folder of the configuration, with forward slashes."""
    return os.path.relpath(path, config.root).replace(os.sep, "/")
