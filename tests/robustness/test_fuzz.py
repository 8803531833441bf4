"""No input makes the check fail: real sources, damaged in every way that happens to files.

Seeded and bounded in time: six seconds by default, a minute with `-m slow`, longer with JAXAUDIT_FUZZ_SECONDS.
"""

import ast
import importlib.util
import os
import random
import re
import sysconfig
import time
import warnings
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest

from jaxaudit.model import Unread
from jaxaudit.source.notebook import notebook_source
from jaxaudit.source.parse import parse

SEED = int(os.environ.get("JAXAUDIT_FUZZ_SEED", "20"))
LARGEST = 60_000

ODD = [
    *("\0", "\x0c", "\r", "\r\n", "\ufeff", "\u2028", "\x85", "\u202e", "é", "漢", "𝒙"),
    *("\U0001f600", "\t", "\\\n", "\\"),
    *("'''", '"""', "f'{", "{x!r:>{w}}'", "(", ")", "[", "]", "{", "}", ":", "=", ":=", "->", "**"),
    *("*", "@", "%", "#", ";"),
    *("lambda ", "async ", "await ", "yield ", "match x:\n case ", "type X = ", "def f[T]("),
    *("print x", "0777", "1_000j"),
    *("# coding: latin-1\n", "# jaxaudit: allow ", "%time ", "!ls", "global x\n", "nonlocal y\n"),
    *("del x\n", "import *\n"),
    *("jax.jit(", "@partial(jit, static_argnums=", "static_argnames=('a',", "lax.scan(", "for i in range(10**9):\n  "),
]  # fmt: skip
NESTING = [
    "(",
    "[",
    "{",
    "-",
    "not ",
    "f(",
    "a.",
    "lambda: ",
    "x if y else ",
    "*",
    "**",
    "f'{",
    "if 1:\n",
    "[x for x in ",
]


def _sources() -> list[bytes]:
    """Files of this project and of whatever JAX packages are installed, the standard library's besides."""
    roots = [Path(__file__).parents[2] / "src", Path(sysconfig.get_path("stdlib")) / "json"]
    for name in ("jax", "equinox", "optax"):
        spec = importlib.util.find_spec(name)
        roots += [Path(place) for place in (spec.submodule_search_locations or [])] if spec else []
    files = [path for root in roots for path in sorted(root.rglob("*.py"))]
    chosen = random.Random(SEED).sample(files, min(len(files), 300))
    return [data for path in chosen if (data := path.read_bytes()) and len(data) <= LARGEST]


def _truncate(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def _swap_bytes(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _delete(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    return data[:start] + data[start + chance.randint(1, 200) :]


def _shuffle_lines(data: bytes, chance: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    start = chance.randrange(len(lines))
    part = lines[start : start + chance.randint(1, 12)]
    place = chance.randrange(len(lines))
    return b"".join([*lines[:place], *part * chance.randint(1, 4), *lines[place:]])


def _indent(data: bytes, chance: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    for _ in range(chance.randint(1, 5)):
        place = chance.randrange(len(lines))
        lines[place] = chance.choice([b" ", b"\t", b"    "]) + lines[place]
    return b"".join(lines)


def _insert(data: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.randint(1, 5)):
        place = chance.randrange(len(data) + 1)
        data = data[:place] + chance.choice(ODD).encode() + data[place:]
    return data


def _nest(data: bytes, chance: random.Random) -> bytes:
    place = chance.choice([index for index, byte in enumerate(data) if byte in b"\n("] or [0]) + 1
    return data[:place] + chance.choice(NESTING).encode() * chance.choice([3, 90, 300, 5000]) + data[place:]


def _rename(data: bytes, chance: random.Random) -> bytes:
    """Names stand where others did: sources that parse, with meanings nobody meant."""
    words = sorted(set(re.findall(rb"\b[A-Za-z_]\w*", data)))
    if len(words) < 2:
        return data
    for _ in range(chance.randint(1, 4)):
        old, new = chance.sample(words, 2)
        data = data.replace(old, new, chance.choice([1, -1]))
    return data


MUTATIONS: list[Callable[[bytes, random.Random], bytes]] = [
    _truncate, _swap_bytes, _delete, _shuffle_lines, _indent, _insert, _nest, _rename,
]  # fmt: skip


def damaged(seconds: float) -> Iterator[bytes]:
    chance = random.Random(SEED)
    sources = _sources()
    end = time.monotonic() + float(os.environ.get("JAXAUDIT_FUZZ_SECONDS", seconds))
    while time.monotonic() < end:
        data = chance.choice(sources)
        for _ in range(chance.choice([1, 1, 1, 2, 4])):
            data = chance.choice(MUTATIONS)(data, chance) or b"\n"
        yield data


def check_parse(seconds: float) -> None:
    for data in damaged(seconds):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            read = parse(data, "damaged.py")
        if isinstance(read, Unread):
            assert read.path == "damaged.py"
            assert "\n" not in read.reason
            assert "line" in read.reason
        else:
            assert isinstance(read, ast.Module)


def check_everything(seconds: float, folder: Path) -> None:
    """The whole check on damaged files, ten at a time: each is checked or named, and no rule fails."""
    from jaxaudit.steps.check import Options, check

    sources = damaged(seconds)
    while batch := list(islice(sources, 10)):
        for number, data in enumerate(batch):
            (folder / f"m{number}.py").write_bytes(data)
        document = check([str(folder)], Options(cached=False))
        assert document["faults"] == [], f"seed {SEED}, the files are in {folder}"
        assert document["summary"]["files"] >= len(batch)


def test_parse_survives_damaged_sources() -> None:
    check_parse(2)


@pytest.mark.slow
def test_parse_survives_damaged_sources_for_long() -> None:
    check_parse(60)


def test_the_check_survives_damaged_sources(tmp_path: Path) -> None:
    check_everything(4, tmp_path)


@pytest.mark.slow
def test_the_check_survives_damaged_sources_for_long(tmp_path: Path) -> None:
    check_everything(90, tmp_path)


def test_notebooks_survive_damage() -> None:
    chance = random.Random(SEED)
    whole = b'{"cells": [{"cell_type": "code", "source": ["%time x = 1\\n", "!ls\\n", "y = f(x)"]}], "metadata": {}}'
    for _ in range(1500):
        data = whole
        for _ in range(chance.randint(1, 3)):
            data = chance.choice([_truncate, _swap_bytes, _delete, _insert])(data, chance) or b" "
        read = notebook_source(data, "n.ipynb")
        if not isinstance(read, Unread):
            assert read.source.count(b"\n") == len(read.cells)
