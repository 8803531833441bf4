"""What one process wrote, as it comes in."""

from dataclasses import dataclass, field

from jaxaudit.evidence.places import Places
from jaxaudit.evidence.rows import Row, number_of, seconds_of, text_of, words_of
from jaxaudit.evidence.unfinished import Open
from jaxaudit.model.evidence import (
    ArgumentSeen,
    CompileSeen,
    ConstantSeen,
    DonationSeen,
    DowncastSeen,
    EffectSeen,
    Environment,
    ErrorSeen,
    Failure,
    FoldSeen,
    JittedSeen,
    KeySeen,
    ProgramSeen,
    SettingSeen,
    Site,
    StaleSeen,
    SyncSeen,
    TraceSeen,
)
from jaxaudit.model.spot import Spot
from jaxaudit.model.wasted import BranchesSeen, ListSeen, LoopSeen, NestedSeen

Definition = tuple[str, int]
"""The path and the line of a function's code."""
NOWHERE = Site("<unknown>", "", 1, "jit", False)


@dataclass
class Calls:
    """The totals of one function's calls."""

    calls: int
    sampled: int
    tracer_calls: int
    arguments: tuple[ArgumentSeen, ...]


@dataclass
class Gathered:
    """What one process wrote, as it comes in. Lists grow; totals are replaced by later ones."""

    places: Places
    process: int = 0
    about: dict[str, Row] = field(default_factory=dict)
    sites: dict[object, Site] = field(default_factory=dict)
    defined: dict[object, Definition] = field(default_factory=dict)
    """Where the code of each site's function stands, as the process wrote it."""
    jitted: dict[Definition, JittedSeen] = field(default_factory=dict)
    wrapped: dict[Definition, Spot] = field(default_factory=dict)
    """Which of the user's lines jitted a library's function."""
    met: set[Definition] = field(default_factory=set)
    """Definitions that JAX was asked about: called, traced, lowered."""
    jit_is_off: bool = False
    traces: list[TraceSeen] = field(default_factory=list)
    programs: list[ProgramSeen] = field(default_factory=list)
    lowerings: list[tuple[Site, float]] = field(default_factory=list)
    compiles: list[CompileSeen] = field(default_factory=list)
    open: Open = field(default_factory=Open)
    constants: list[ConstantSeen] = field(default_factory=list)
    syncs: dict[tuple[str, int, str], SyncSeen] = field(default_factory=dict)
    calls: dict[object, Calls] = field(default_factory=dict)
    keys: dict[tuple[object, ...], KeySeen] = field(default_factory=dict)
    donations: dict[object, DonationSeen] = field(default_factory=dict)
    folds: list[FoldSeen] = field(default_factory=list)
    folding: dict[object, FoldSeen] = field(default_factory=dict)
    """Those whose compile has not ended."""
    errors: list[ErrorSeen] = field(default_factory=list)
    settings: dict[tuple[str, str, int], SettingSeen] = field(default_factory=dict)
    downcasts: dict[tuple[str, int, str], DowncastSeen] = field(default_factory=dict)
    stale: list[StaleSeen] = field(default_factory=list)
    effects: list[EffectSeen] = field(default_factory=list)
    branches: dict[tuple[Spot, str], BranchesSeen] = field(default_factory=dict)
    lists: dict[Spot, ListSeen] = field(default_factory=dict)
    nested: dict[Site, NestedSeen] = field(default_factory=dict)
    loops: dict[tuple[str, int], LoopSeen] = field(default_factory=dict)
    """By file and first line."""
    notes: list[str] = field(default_factory=list)
    last: float = 0.0

    def site(self, row: Row, name: str = "site") -> Site:
        """The function a line is about; one of no name where its own line was lost."""
        return self.sites.get(row.get(name), NOWHERE)

    def _failure(self) -> Failure | None:
        row = self.about.get("error")
        if row is None:
            return None
        module = text_of(row, "module")
        kind = text_of(row, "type", "an exception")
        full = kind if module in ("", "builtins", "__main__") else f"{module}.{kind}"
        return Failure(full, text_of(row, "text"), self.places.spot(row.get("at")), words_of(row, "names"))

    def environment(self) -> Environment:
        start, jax, end = self.about.get("start", {}), self.about.get("jax", {}), self.about.get("end", {})
        backend = self.about.get("backend", {})
        settings = jax.get("settings")
        return Environment(
            pid=number_of(start, "pid"),
            parent=number_of(start, "ppid"),
            argv=words_of(start, "command") or words_of(start, "argv"),
            executable=text_of(start, "executable"),
            python=text_of(start, "python"),
            folder=text_of(start, "cwd"),
            began=seconds_of(
                {"t": start.get("time", 0) / 10} if isinstance(start.get("time"), int | float) else {}, "t"
            )
            * 10,
            probe=text_of(start, "probe"),
            version=number_of(start, "v"),
            jax=text_of(jax, "jax"),
            jaxlib=text_of(jax, "jaxlib"),
            backend=text_of(backend, "backend"),
            devices=words_of(backend, "devices"),
            rank=number_of(backend, "rank"),
            settings={str(k): str(v) for k, v in settings.items()} if isinstance(settings, dict) else {},
            missing=words_of(jax, "missing"),
            ended=text_of(end, "how"),
            failure=self._failure(),
            seconds=seconds_of(end, "seconds") or self.last,
            import_s=seconds_of(jax, "t"),
        )
