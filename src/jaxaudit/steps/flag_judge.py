"""Hands the rules a judge of XLA flags: the catalogue of the jaxlib that the user's program runs on."""

import re
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from jaxaudit.flags import FlagCatalogue, load_catalogue
from jaxaudit.flags.catalogue import Verdict
from jaxaudit.flags.flag_text import FlagWord, flag_words
from jaxaudit.flags.library import installed_jaxlib
from jaxaudit.model.flag import HOLE, JudgedFlag
from jaxaudit.model.mistake import Mistake
from jaxaudit.steps.config import Config
from jaxaudit.steps.interpreter import users_python


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


class CatalogueJudge:
    """Reads the library at the first flag, not before: most programs have none."""

    def __init__(self, prefix: Path | None, cache_folder: Path | None) -> None:
        self.prefix = prefix
        self.cache_folder = cache_folder

    @cached_property
    def catalogue(self) -> FlagCatalogue:
        """Effect: keeps what was read of the library in the cache folder."""
        return load_catalogue(self.prefix, self.cache_folder)

    def words(self, text: str) -> list[JudgedFlag]:
        return [self._word(word) for word in flag_words(text)]

    def option(self, name: str, value: Any) -> JudgedFlag:
        """Options of `compiler_options` have their own list, and truth values their own spelling."""
        verdict = "known" if self.catalogue.knows_option(name) else self.catalogue.knows(name)
        if verdict == "known" and not self.catalogue.knows_option(name):
            verdict = "unknown"
        kind = self.catalogue.kind(name)
        fault = "value" if verdict == "known" and not _is_option_value(kind, value) else ""
        return self._judged(FlagWord(name, None if value is None else str(value), 0), verdict, fault)

    def _word(self, word: FlagWord) -> JudgedFlag:
        verdict = self.catalogue.knows(word.name)
        fault: str = word.fault
        if not fault and verdict == "known" and not _is_value(self.catalogue.kind(word.name), word.value):
            fault = "value"
        if fault == "joined" and verdict != "known":
            fault = ""
        return self._judged(word, verdict, fault)

    def _judged(self, word: FlagWord, verdict: Verdict, fault: str) -> JudgedFlag:
        names = self.catalogue
        said: Verdict | Literal["malformed"] = "malformed" if fault else verdict
        dashes = 1 if fault == "one-dash" else 0 if fault == "no-dash" else 2
        return JudgedFlag(
            word.name,
            word.value,
            word.start + dashes,
            said,
            fault,
            names.kind(word.name),
            names.nearest(word.name) if said == "unknown" else None,
            names.removed_in(word.name) if said == "removed" else None,
            names.source,
            names.is_installed,
        )


def flag_judge(prefix: Path | None, cache_folder: Path | None) -> CatalogueJudge:
    """The judge for the environment at a prefix; without one, the dated table judges."""
    return CatalogueJudge(prefix, cache_folder)


def _is_value(kind: str, value: str | None) -> bool:
    """Whether XLA reads this text as a value of the kind. Tried on all flags of jaxlib 0.10.2 and 0.12.0.1."""
    if value is not None and (HOLE in value or "'" in value or '"' in value):
        return True
    if kind == "bool":
        return value is None or value.lower() in ("true", "false", "1", "0")
    if kind == "int":
        return value is not None and re.fullmatch(r"[+-]?\d+", value) is not None
    return kind != "float" or (
        value is not None and re.fullmatch(r"[+-]?[\d.]+([eE][+-]?\d+)?|inf|nan", value) is not None
    )


def _is_option_value(kind: str, value: Any) -> bool:
    """The same for `compiler_options`, where a truth value is True, False, "True" or "False"."""
    if kind == "bool" and isinstance(value, str):
        return value in ("True", "False")
    return kind != "int" or not isinstance(value, str) or re.fullmatch(r"[+-]?\d+", value) is not None
