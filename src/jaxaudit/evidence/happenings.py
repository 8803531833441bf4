"""What a process wrote of single happenings: errors, settings that were made, 64 bits that were not granted."""

from __future__ import annotations

from collections.abc import Callable

from jaxaudit.evidence.gathered import Gathered
from jaxaudit.evidence.rows import Row, number_of, rows_of, text_of
from jaxaudit.model.evidence import DowncastSeen, EffectSeen, ErrorSeen, SettingSeen, Site, StaleSeen
from jaxaudit.model.spot import Spot


def raised(to: Gathered, row: Row) -> None:
    at = to.places.spot(row.get("at"))
    if at is None:
        return
    kind, module = text_of(row, "type", "an exception"), text_of(row, "module")
    site = to.sites.get(row.get("site"))
    callers = rows_of(row, "callers")
    given = row.get("arguments")
    to.errors.append(
        ErrorSeen(
            kind=kind if module in ("", "builtins", "__main__") else f"{module}.{kind}",
            text=text_of(row, "text"),
            at=at,
            site=site,
            arguments={str(k): str(v) for k, v in given.items()} if isinstance(given, dict) else {},
            caller=to.places.spot(callers[0]) if callers else None,
            jitted_at=_jit_of(to, site),
            awaited=any(to.places.source.awaits_error(text_of(one, "path"), number_of(one, "line")) for one in callers),
        )
    )


def _jit_of(to: Gathered, site: Site | None) -> Spot | None:
    """The line that jits the function, where its file has only one."""
    if site is None or not site.path:
        return None
    for path in (site.path, *(f"{home}{site.path}" for home in to.places.homes)):
        found = to.places.source.jit_of(path, site.name)
        if found is not None:
            return Spot(site.path, found.line, found.function)
    return None


def setting(to: Gathered, row: Row) -> None:
    at = to.places.spot(row)
    if at is None:
        return
    name = text_of(row, "name")

    def value(key: str) -> str | None:
        return text_of(row, key) if row.get(key) is not None else None

    to.settings[name, at.path, at.line] = SettingSeen(
        name=name,
        how=text_of(row, "how"),
        at=at,
        known=bool(row.get("known")),
        kept=bool(row.get("kept")),
        started=bool(row.get("started")),
        platform=text_of(row, "platform"),
        via=to.places.package(text_of(row, "via")) if text_of(row, "via") else "",
        was=value("was"),
        now=value("now"),
        in_force=value("in_force"),
    )


def downcast(to: Gathered, row: Row) -> None:
    at = to.places.spot(row)
    if at is None:
        return
    asked, via = text_of(row, "asked"), text_of(row, "via")
    to.downcasts[at.path, at.line, asked] = DowncastSeen(
        at, asked, text_of(row, "given"), max(1, number_of(row, "count")), to.places.package(via) if via else ""
    )


def stale(to: Gathered, row: Row) -> None:
    at, site = to.places.spot(row.get("at")), to.sites.get(row.get("site"))
    if at is None or site is None:
        return
    name, said = text_of(row, "name"), row.get("at")
    path = text_of(said, "path") if isinstance(said, dict) else ""
    lines = to.places.source.assigned(path, name)
    to.stale.append(
        StaleSeen(
            site=site,
            name=name,
            at=at,
            was=text_of(row, "was"),
            now=text_of(row, "now"),
            call=to.places.spot(row.get("call")),
            assigned=tuple(Spot(at.path, line, function) for line, function in lines),
            precise=bool(row.get("precise")),
        )
    )


def effect(to: Gathered, row: Row) -> None:
    at, site = to.places.spot(row.get("at")), to.sites.get(row.get("site"))
    if at is not None and site is not None:
        words = [text_of(row, key) for key in ("name", "what", "was", "now")]
        to.effects.append(EffectSeen(site, words[0], at, *words[1:]))


READERS: dict[str, Callable[[Gathered, Row], None]] = {
    "raised": raised,
    "setting": setting,
    "downcast": downcast,
    "stale": stale,
    "effect": effect,
}
