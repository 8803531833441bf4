"""Samples are run in groups, once a session and never again while neither they nor JAX change."""

import fcntl
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import cache
from pathlib import Path

from jaxaudit.steps.sample_runs import RUNNER, Request, Shown, run_samples

GROUP = 24
ASK = "from importlib.metadata import version, PackageNotFoundError as E\ntry: print(version('jax'))\nexcept E: print()"


def pythons() -> list[str]:
    """The interpreters to run samples on: this one, and those that JAXAUDIT_TEST_PYTHONS names, as in PATH."""
    named = os.environ.get("JAXAUDIT_TEST_PYTHONS", "")
    every = dict.fromkeys([sys.executable, *(one for one in named.split(os.pathsep) if one)])
    return [one for one in every if jax_of(one)]


@cache
def jax_of(python: str) -> str:
    """The JAX that is installed for an interpreter, without importing it; empty where there is none."""
    done = subprocess.run([python, "-c", ASK], capture_output=True, text=True, check=False)
    return done.stdout.strip()


class SampleCache:
    """Answers about samples, from disk or by running the group that a sample belongs to."""

    def __init__(self, folder: Path, requests: Sequence[Request]) -> None:
        self.folder = folder
        self.groups = [requests[start : start + GROUP] for start in range(0, len(requests), GROUP)]
        self.group_of = {one.id: group for group in self.groups for one in group}

    def shown(self, python: str, wanted: str) -> Shown:
        group = self.group_of[wanted]
        file = self.folder / f"{key(python, group)}.json"
        with locked(file.with_suffix(".lock")):
            if not file.exists():
                runs = run_samples(python, group, calm(os.environ))
                file.write_text(json.dumps([asdict(one) for one in runs.shown.values()]), "utf-8")
        answers = {one["id"]: Shown(**one) for one in json.loads(file.read_text("utf-8"))}
        return answers.get(wanted, Shown(wanted, False, "the sample was not run"))


def key(python: str, group: Sequence[Request]) -> str:
    parts = [
        python,
        jax_of(python),
        RUNNER.read_text("utf-8"),
        *(f"{one.id}\0{one.code}\0{one.shows}" for one in group),
    ]
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=10).hexdigest()


def calm(environment: Mapping[str, str]) -> dict[str, str]:
    """On the CPU, and with none of the settings that this machine's user has for JAX."""
    kept = {name: value for name, value in environment.items() if not name.startswith(("JAX_", "XLA_"))}
    return {**kept, "JAX_PLATFORMS": "cpu"}


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Two workers never run one group twice."""
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
