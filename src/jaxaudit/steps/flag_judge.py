"""Hands the rules a judge of XLA flags: the catalogue of the jaxlib that the user's program runs on."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

from jaxaudit.flags import FlagCatalogue, load_catalogue
from jaxaudit.flags.flag_text import FlagWord, flag_words
from jaxaudit.flags.library import installed_jaxlib
from jaxaudit.model.flag import JudgedFlag
from jaxaudit.model.mistake import Mistake
from jaxaudit.steps.config import Config
from jaxaudit.steps.interpreter import users_python

JudgeFlags = Callable[[str], list[JudgedFlag]]


def users_prefix(config: Config) -> Path | None:
    """The folder of the environment in which the user's program runs."""
    try:
        return Path(users_python("", config).path).parent.parent
    except Mistake:
        return None


def jaxlib_version(prefix: Path | None) -> str:
    """The version of the jaxlib that answers, "" when there is none: what was said of flags holds for it alone."""
    found = installed_jaxlib(prefix) if prefix is not None else None
    return found.version if found is not None else ""


def flag_judge(prefix: Path | None, cache_folder: Path | None) -> JudgeFlags:
    """A judge that reads the library at the first flag, not before: most programs have none."""
    catalogue = cache(lambda: load_catalogue(prefix, cache_folder))

    def judge(text: str) -> list[JudgedFlag]:
        return [_judged(word, catalogue()) for word in flag_words(text)]

    return judge


def _judged(word: FlagWord, catalogue: FlagCatalogue) -> JudgedFlag:
    fault = word.fault
    verdict = "malformed" if fault else catalogue.knows(word.name)
    nearest = catalogue.nearest(word.name) if verdict == "unknown" else None
    removed = catalogue.removed_in(word.name) if verdict == "removed" else None
    return JudgedFlag(word.name, word.start, verdict, fault, nearest, removed, catalogue.source, catalogue.is_installed)
