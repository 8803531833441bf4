"""Single operations outside jit: each compiles for itself, once for each shape that it meets. Counted by line."""

from collections.abc import Iterable, Iterator

from jaxaudit.model.evidence import CompileSeen, EagerSeen
from jaxaudit.model.spot import Spot

JAX = "jax"


def by_line(compiles: Iterable[CompileSeen]) -> Iterator[EagerSeen]:
    """The lines of the user's that compile single operations, those with the most programs first."""
    table: dict[tuple[str, int], list[CompileSeen]] = {}
    for one in compiles:
        if one.at is not None and (one.site.wrapper == "eager" or one.site.package == JAX):
            table.setdefault((one.at.path, one.at.line), []).append(one)
    for seen in sorted(table.values(), key=lambda seen: (-len(seen), -sum(one.seconds for one in seen))):
        yield EagerSeen(
            at=seen[0].at or Spot("", 1),
            compiles=len(seen),
            shapes=len({one.shape for one in seen}),
            operations=tuple(dict.fromkeys(one.site.name for one in seen)),
            seconds=sum(one.seconds for one in seen),
        )
