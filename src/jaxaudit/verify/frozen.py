"""What a change froze: values and effects that the program now has from a trace, and had anew in every call before.

Outputs may agree all the same, where they do not depend on it in this run.
"""

from jaxaudit.model.evidence import Evidence

EFFECTS = {
    "print": "is printed only while it is traced",
    "clock": "asks for the time only while it is traced",
    "draw": "is drawn only while it is traced",
}


def kept_from_the_trace(before: Evidence, after: Evidence) -> str:
    """In words, the first value that goes on as it was, or effect that happens no more; "" for none that is new."""
    known = {seen.name for seen in before.stale}
    for stale in after.stale:
        if stale.name not in known:
            return (
                f"`{stale.site.name}` goes on with the `{stale.name}` of its trace: it changed afterwards from {stale.was} to "
                f"{stale.now}"
            )
    said = {(seen.what, seen.name) for seen in before.effects}
    for effect in after.effects:
        if (effect.what, effect.name) not in said:
            how = EFFECTS.get(effect.what, "is changed only while it is traced")
            return f"`{effect.name}` in `{effect.site.name}` {how}: once, and in every call before"
    return ""
