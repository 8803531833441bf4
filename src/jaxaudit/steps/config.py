"""`[tool.jaxaudit]` of the nearest pyproject.toml, read into one frozen value."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

from jaxaudit.model.mistake import Mistake, nearest

MIB = 1024 * 1024
FLOATS = ("float32", "float64", "float16", "bfloat16")


@dataclass(frozen=True, slots=True)
class Ways:
    """`[tool.jaxaudit.audit]`: how the project's program is run, seen from the folder of the file."""

    program: str = ""
    module: str = ""
    entry: str = ""
    args: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    test: str = ""
    calls: int = 0

    @property
    def words(self) -> tuple[str, ...]:
        """The program, or the module, with its arguments; of an entry, the arguments."""
        return (*filter(None, (self.program, self.module)), *self.args)


@dataclass(frozen=True, slots=True)
class Config:
    """What the project wishes. Field names are the keys, with `_` for `-`; paths and patterns start at `root`."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    captured_bytes: int = 2 * MIB
    never_static: tuple[str, ...] = ()
    keep_signatures: bool = False
    max_compiles: int | None = None
    max_recompiles: int | None = None
    max_constants: int | None = None
    project: tuple[str, ...] = ()
    tolerance: tuple[tuple[str, float], ...] = ()
    baseline: str = ""
    cache_dir: str = ""
    python: str = ""
    audit: Ways = Ways()
    root: Path = Path()
    file: Path | None = None


KEYS = tuple(field.name.replace("_", "-") for field in fields(Config) if field.name not in ("root", "file"))


def read_config(start: Path) -> Config:
    """The configuration that governs `start`: the nearest pyproject.toml upwards that has a `[tool.jaxaudit]`.

    Tolerates that there is none. Raises `Mistake` for a file that says something else than the contract.
    """
    for folder in _upwards(start):
        file = folder / "pyproject.toml"
        table = _table(file)
        if table is not None:
            return _config(table, file)
    return Config(root=Path.cwd())


def _upwards(start: Path) -> list[Path]:
    folder = start.absolute()
    return [folder, *folder.parents] if folder.is_dir() else list(folder.parents)


def _table(file: Path) -> Mapping[str, Any] | None:
    try:
        data = file.read_bytes()
    except PermissionError as error:
        if file.is_dir():  # what Windows says of one
            return None
        raise Mistake(f"{name_of(file)} can't be read: {error.strerror}") from None
    except OSError:
        return None
    if b"jaxaudit" not in data:
        return None
    import tomllib

    try:
        tools = tomllib.loads(data.decode("utf-8")).get("tool")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Mistake(f"{name_of(file)} is not valid TOML: {error}") from None
    table = tools.get("jaxaudit") if isinstance(tools, dict) else None
    if table is not None and not isinstance(table, dict):
        raise Mistake(f"{name_of(file)}: tool.jaxaudit must be a table, not {table!r}")
    return table


def _config(table: Mapping[str, Any], file: Path) -> Config:
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in KEYS:
            close = nearest(key, KEYS) or f"; the keys are {', '.join(KEYS)}"
            raise Mistake(f"{name_of(file)}: [tool.jaxaudit] has no key {key!r}{close}")
        try:
            values[key.replace("-", "_")] = _READERS[key](value)
        except _Unfit as wanted:
            raise Mistake(f"{name_of(file)}: {key} in [tool.jaxaudit] must be {wanted}, not {value!r}") from None
    return Config(**values, root=file.parent, file=file)


def name_of(file: Path) -> str:
    """The file as the user would write it from here."""
    try:
        return str(file.relative_to(Path.cwd()))
    except ValueError:
        return str(file)


class _Unfit(Exception):
    """What the value should have been."""


def _words(value: Any, example: str = "key-reuse") -> tuple[str, ...]:
    if isinstance(value, list) and all(isinstance(word, str) for word in value):
        return tuple(value)
    raise _Unfit(f'a list of strings such as ["{example}"]')


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise _Unfit("a string")


def _truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise _Unfit("true or false")


def _per_file(value: Any) -> tuple[tuple[str, tuple[str, ...]], ...]:
    if not isinstance(value, dict):
        raise _Unfit('a table such as {"tests/**" = ["key-reuse"]}')
    try:
        return tuple((pattern, _words(rules)) for pattern, rules in value.items())
    except _Unfit:
        raise _Unfit('a table of lists such as {"tests/**" = ["key-reuse"]}') from None


def _tolerance(value: Any) -> tuple[tuple[str, float], ...]:
    wanted = _Unfit("a table such as {float32 = 1e-5, float64 = 1e-9}")
    if not isinstance(value, dict) or not all(name in FLOATS for name in value):
        raise wanted
    if not all(isinstance(one, int | float) and not isinstance(one, bool) and 0 <= one < 1 for one in value.values()):
        raise wanted
    return tuple((name, float(one)) for name, one in value.items())


def _count(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise _Unfit("a number such as 40")


def _ways(value: Any) -> Ways:
    if not isinstance(value, dict):
        raise _Unfit('a table such as {program = "simulate.py", args = ["--fast"]}')
    for key, one in value.items():
        if key not in _OF_WAYS:
            raise _Unfit(f"a table of {', '.join(_OF_WAYS)}; it has {key!r}")
        try:
            _OF_WAYS[key](one)
        except _Unfit as wanted:
            raise _Unfit(f"a table whose {key} is {wanted}") from None
    if len([key for key in ("program", "module", "entry") if value.get(key)]) > 1:
        raise _Unfit("a table with one of program, module and entry")
    return Ways(**{key: _OF_WAYS[key](one) for key, one in value.items()})


def _number(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    raise _Unfit("a whole number such as 10")


def _byte_count(value: Any) -> int:
    try:
        return byte_count(value)
    except ValueError:
        raise _Unfit('a number of bytes or a size such as "2MiB"') from None


_UNITS = {"": 1, "b": 1, "kb": 1000, "mb": 1000**2, "gb": 1000**3, "kib": 1024, "mib": MIB, "gib": 1024**3}


def byte_count(value: object) -> int:
    """2048, "2048", "2 KiB" and "2kib" are the same size; `ValueError` for what is none."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if not isinstance(value, str):
        raise ValueError(value)
    number = value.strip().rstrip("bBiIkKmMgG")
    unit = value.strip()[len(number) :].lower()
    if unit not in _UNITS or not 0 <= float(number) < float("inf"):
        raise ValueError(value)
    return int(float(number) * _UNITS[unit])


_OF_WAYS: dict[str, Any] = {
    "program": _text,
    "module": _text,
    "entry": _text,
    "args": partial(_words, example="--fast"),
    "also": partial(_words, example="sensitivity.py --fast"),
    "test": _text,
    "calls": _number,
}
_READERS: dict[str, Any] = {
    "select": _words,
    "ignore": _words,
    "exclude": partial(_words, example="legacy/"),
    "never-static": partial(_words, example="contrast"),
    "project": partial(_words, example="mypackage"),
    "per-file-ignores": _per_file,
    "captured-bytes": _byte_count,
    "max-compiles": _count,
    "max-recompiles": _count,
    "max-constants": _byte_count,
    "tolerance": _tolerance,
    "keep-signatures": _truth,
    "baseline": _text,
    "cache-dir": _text,
    "python": _text,
    "audit": _ways,
}
