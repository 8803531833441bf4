"""What a run shows of `late-setting`: a setting that was made when JAX had read it already, and that still stood at the end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.model import Finding
from jaxaudit.rules.rule import Rule
from jaxaudit.source.knowledge.deadlines import (
    ENVIRONMENT,
    ENVIRONMENT_PREFIX,
    OPTION_OF_VARIABLE,
    OPTIONS,
    READ_AT_IMPORT,
    Setting,
)

if TYPE_CHECKING:
    from jaxaudit.model.evidence import Evidence, SettingSeen

SURE, FOR_OTHERS = 0.9, 0.5
"""A variable may be meant for a process that is started afterwards, or for another library."""
WHEN = {
    "import": "`import jax` had read it already",
    "backend": "the backend had started already",
    "cache": "the first compilation had opened the cache in another folder already, where programs are still kept",
}
CACHE = "jax_compilation_cache_dir"
RESET = "jax.experimental.compilation_cache.compilation_cache.reset_cache()"
GPU = ("cuda", "rocm", "gpu")
OTHERS_READ_IT = ("CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES")
TRUE, FALSE = frozenset({"1", "true", "yes", "on", "y", "t"}), frozenset({"0", "false", "no", "off", "n", "f", ""})


def observe(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    for one in evidence.settings:
        setting = deadline(one)
        if setting is None or not one.kept or is_in_force(one):
            continue
        when = WHEN[setting.until]
        instead = OPTION_OF_VARIABLE.get(one.name) if one.how == "environment" else None
        by = f" (by {one.via})" if one.via else ""
        yield rule.seen(
            one.at,
            f"`{one.name}` was set to {one.now!r}{by} too late and has no effect: {when}",
            confidence=FOR_OTHERS if meant_for_others(evidence, one) else SURE,
            facts={"setting": one.name, "until": setting.until, "was": one.was, "now": one.now, "how": one.how},
            help=advice(setting, instead),
        )


def advice(setting: Setting, instead: str | None) -> str:
    if setting.until == "cache":
        return f"Set it before anything is compiled, or close the cache first: `{RESET}`."
    if setting.until == "import" and instead:
        return f"Set it before `import jax`, or use `jax.config.update({instead!r}, ...)` here."
    return ""


def deadline(one: SettingSeen) -> Setting | None:
    """Until when it would have counted; None where it did, or is nothing of JAX's."""
    if one.how == "option" and one.name == CACHE:
        return Setting("cache") if one.was and one.now and one.in_force else None
    if one.how == "option":
        setting = OPTIONS.get(one.name)
    else:
        setting = ENVIRONMENT.get(one.name)
        if setting is None and one.name.startswith(ENVIRONMENT_PREFIX) and one.known:
            setting = READ_AT_IMPORT
    if setting is None or setting.until == "never" or setting.too_late == "raises":
        return None
    return setting if setting.until == "import" or one.started else None


def is_in_force(one: SettingSeen) -> bool:
    """Whether things are as it says anyway."""
    now = one.now or ""
    if one.how == "option":
        if one.name in ("jax_platforms", "jax_platform_name"):
            asked = [word.strip() for word in now.split(",") if word.strip()]
            return not asked or one.platform in asked or (one.platform in GPU and bool(set(GPU) & set(asked)))
        if one.name == CACHE:
            return os.path.normpath(one.now or "") == os.path.normpath(one.in_force or "")
        return False
    if one.name in ENVIRONMENT:
        if one.name in OTHERS_READ_IT or "CLIENT" in one.name:
            return one.platform not in GPU
        return set(now.split()) == set((one.was or "").split())
    return same(now, one.in_force or "")


def same(written: str, value: str) -> bool:
    """The text of a variable and the option's value: `1` is `True`."""
    one, other = written.strip().lower(), value.strip().lower()
    return one == other or any(one in words and other in words for words in (TRUE, FALSE))


def meant_for_others(evidence: Evidence, one: SettingSeen) -> bool:
    if one.how != "environment" or one.name in OTHERS_READ_IT:
        return one.how == "environment"
    pid = evidence.processes[one.process].pid if one.process < len(evidence.processes) else 0
    return any(process.parent == pid for process in evidence.processes)
