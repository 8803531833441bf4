"""What one run showed: its processes, functions, compiles with their causes, constants, syncs, keys."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from jaxaudit.model.spot import Spot
from jaxaudit.model.unread import Unread
from jaxaudit.model.wasted import BranchesSeen, ListSeen, LoopSeen, NestedSeen


class Failure(NamedTuple):
    """The exception that ended a process, as Python printed it, and the user's line that it came from."""

    kind: str
    text: str
    at: Spot | None = None
    names: tuple[str, ...] = ()
    """Local names of that line that hold something of the type that the text names."""

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}" if self.text else self.kind


@dataclass(frozen=True, slots=True)
class Environment:
    """One process: where it ran, on what, and how it ended ("" while it has not, or when it was killed)."""

    pid: int
    parent: int = 0
    argv: tuple[str, ...] = ()
    executable: str = ""
    python: str = ""
    folder: str = ""
    began: float = 0.0
    probe: str = ""
    version: int = 1
    jax: str = ""
    jaxlib: str = ""
    backend: str = ""
    devices: tuple[str, ...] = ()
    rank: int = 0
    """Its number among the processes of one `jax.distributed` program."""
    settings: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    """Hooks that this JAX does not have: what they would have shown is not known."""
    ended: str = ""
    failure: Failure | None = None
    seconds: float = 0.0
    import_s: float = 0.0
    """Seconds from the start until JAX was imported."""


class Site(NamedTuple):
    """A function that JAX compiles, as its author knows it."""

    name: str
    path: str
    line: int
    wrapper: str = "jit"
    user: bool = True
    package: str = ""
    """The library that it belongs to; "" for the user's own."""
    parameters: tuple[str, ...] = ()
    static: tuple[str, ...] = ()
    donated: tuple[str, ...] = ()
    jitted_at: Spot | None = None

    @property
    def spot(self) -> Spot:
        return Spot(self.path, self.line, self.name)


class Change(NamedTuple):
    """What differed from an earlier call: a leaf by its user-level path, and both values as text."""

    leaf: str
    was: str
    now: str
    what: str = ""
    put: Spot | None = None
    """The line that put the array where it lies, where that is what differs."""
    put_by: str = ""
    """What that line did: `device_put`, ..."""


class Cause(NamedTuple):
    """Why something was compiled, in one sentence; `kind` is one of the contract's words."""

    kind: str
    text: str = ""
    changes: tuple[Change, ...] = ()


FIRST = Cause("first")
FIRSTS = ("first", "derived", "another-program")
"""Kinds of causes that are no recompilation: a first call, and the program of a gradient or a batch."""


@dataclass(frozen=True, slots=True)
class TraceSeen:
    """One trace, and what it was done for."""

    site: Site
    process: int
    cause: Cause
    api: str = "call"
    trace_s: float = 0.0
    self_s: float = 0.0
    outer: Site | None = None
    at: Spot | None = None


class ScanSeen(NamedTuple):
    """A scan that XLA was asked to write out."""

    at: Spot
    copies: int
    length: int
    equations: int
    """Of one copy."""


class CallbackSeen(NamedTuple):
    """A Python function that a compiled loop calls in every turn."""

    at: Spot
    how: str
    """`pure_callback` or `io_callback`."""
    calls: str
    loop: str
    """`scan` or `while`."""
    turns: int
    """0 where nobody knows before it runs."""


@dataclass(frozen=True, slots=True)
class ProgramSeen:
    """How big a traced program is, and which of the user's lines wrote most of it."""

    site: Site
    equations: int
    lines: Mapping[Spot, int] = field(default_factory=dict)
    callers: Mapping[Spot, Spot] = field(default_factory=dict)
    """For a line outside every loop: the nearest line that called it within the trace and stands in one."""
    exponents: tuple[str, ...] = ()
    """Scalar arguments of which it works out an exponent."""
    recursive: frozenset[Spot] = frozenset()
    """Lines of a function that called itself on the way to them."""
    scans: tuple[ScanSeen, ...] = ()
    callbacks: tuple[CallbackSeen, ...] = ()


@dataclass(frozen=True, slots=True)
class CompileSeen:
    """One compilation, its stages and its cause."""

    site: Site
    process: int
    cause: Cause
    at: Spot | None = None
    trace_s: float = 0.0
    lower_s: float = 0.0
    compile_s: float = 0.0
    cache: str = "off"
    """"off", "hit", "miss", or "unkept": it took less time than what a cache keeps."""
    constants_bytes: int = 0
    jitted_at: Spot | None = None
    """Where the source jits it, as far as that can be told from the line of the call."""
    shape: str = ""
    """The largest shape of what a single operation was handed or gave back: `[3,500]`."""
    via: str = ""
    """The library that asked for a single operation outside jit, on the user's line; "" where the line itself did."""
    bodies: tuple[Site, ...] = ()
    """Functions of the user's that stand as loop bodies and branches in this program."""
    ended_s: float = 0.0
    """Seconds of its process when it was done."""

    @property
    def seconds(self) -> float:
        return self.trace_s + self.lower_s + self.compile_s

    @property
    def again(self) -> bool:
        """Not the first program of this function."""
        return self.cause.kind not in FIRSTS


@dataclass(frozen=True, slots=True)
class UnfinishedSeen:
    """A trace, a lowering or a compilation in whose middle its process ended, or failed for good."""

    site: Site
    process: int
    stage: str
    """"trace", "lower" or "compile"."""
    cause: Cause
    at: Spot | None = None
    seconds: float = 0.0
    """How long it had taken by then, as far as the record tells."""
    constants_bytes: int = 0
    ended: str = ""
    """How the process ended ("" where its record just stops)."""
    error: str = ""
    """The exception that ended the work, where there was one."""


@dataclass(frozen=True, slots=True)
class ConstantSeen:
    """An array that became part of a program: the Python name that holds it, and where it came in."""

    site: Site
    holder: str
    leaf: str
    shape: tuple[int, ...]
    dtype: str
    bytes: int
    at: Spot | None = None
    made: Spot | None = None
    how: str = "unknown"
    times: int = 1

    @property
    def name(self) -> str:
        return f"{self.holder}{self.leaf}" if self.leaf[:1] in ("", ".", "[", " ") else f"{self.holder}.{self.leaf}"


@dataclass(frozen=True, slots=True)
class ArgumentSeen:
    """How one parameter arrived, over all calls that were seen."""

    name: str
    role: str
    kinds: tuple[str, ...] = ()
    values: str = "array"
    distinct: int = 0
    tracer: bool = False
    bytes: int = 0
    same_object: bool = False
    host_upload_bytes: int = 0
    host: str = ""
    """The path of the largest host array in it, where it is a tree: `.depth`."""


@dataclass(frozen=True, slots=True)
class FunctionSeen:
    """Everything that one function cost in the run, in all processes."""

    site: Site
    calls: int = 0
    sampled: int = 0
    tracer_calls: int = 0
    traces: int = 0
    lowerings: int = 0
    compiles: int = 0
    trace_s: float = 0.0
    lower_s: float = 0.0
    compile_s: float = 0.0
    constants_bytes: int = 0
    equations: int = 0
    arguments: tuple[ArgumentSeen, ...] = ()

    @property
    def seconds(self) -> float:
        return self.trace_s + self.lower_s + self.compile_s


@dataclass(frozen=True, slots=True)
class JittedSeen:
    """A function that a line of the user's jitted, and whether anything called it."""

    name: str
    path: str
    line: int
    wrapper: str
    at: Spot
    called: bool = True


@dataclass(frozen=True, slots=True)
class EagerSeen:
    """A line that compiled single operations outside jit: how many programs, for how many different inputs."""

    at: Spot
    compiles: int
    shapes: int
    operations: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class SyncSeen:
    """A line at which the host waited for the device."""

    at: Spot
    how: str
    count: int
    blocked: int = 0
    seconds: float = 0.0
    bytes: int = 0
    loop: bool = False
    in_loop_of: Spot | None = None
    calls: int = 0
    """Of jitted functions in that loop, about: its turns dispatch work, and wait. 0 where none were seen there."""
    value: str = ""


@dataclass(frozen=True, slots=True)
class KeySeen:
    """A random key that was consumed twice."""

    key: str
    first: Spot
    again: Spot
    how: str = ""
    times: int = 1
    site: Site | None = None
    repeated: bool = False
    """One function, run twice from the module, made or read the key itself."""


class Missed(NamedTuple):
    """An argument that could have been donated."""

    name: str
    bytes: int
    dead: bool


@dataclass(frozen=True, slots=True)
class DonationSeen:
    """Donated buffers that no output could use, and buffers that could have been donated."""

    site: Site
    wasted: tuple[str, ...] = ()
    missed: tuple[Missed, ...] = ()


@dataclass(frozen=True, slots=True)
class FoldSeen:
    """A program that was long compiled and holds work on constants alone, which XLA does while it compiles."""

    site: Site | None
    seconds: float
    """The whole compilation's."""
    text: str = ""
    """The largest of the operations, in words."""
    at: Spot | None = None
    operations: int = 1


@dataclass(frozen=True, slots=True)
class ErrorSeen:
    """An error of JAX's that ended a trace; whether the program went on is for the reader to tell from its processes."""

    kind: str
    text: str
    at: Spot
    site: Site | None = None
    """The function of the user's that was being traced, the innermost."""
    arguments: Mapping[str, str] = field(default_factory=dict)
    """What came for each of its parameters or their leaves, in a word: "int", "array", "tracer"."""
    caller: Spot | None = None
    jitted_at: Spot | None = None
    awaited: bool = False
    """A line of the user's outside the trace stands in a `try` or in a `with ...raises(...)`."""
    process: int = 0


@dataclass(frozen=True, slots=True)
class SettingSeen:
    """A setting of JAX's or XLA's that the program made after JAX was imported."""

    name: str
    how: str
    """"environment" or "option"."""
    at: Spot
    was: str | None = None
    now: str | None = None
    in_force: str | None = None
    """For a variable: the value that the option of its name had at the end. For the compilation cache: the open folder."""
    known: bool = True
    """Whether JAX has an option of that name."""
    kept: bool = True
    """Whether it still stood so at the end."""
    started: bool = False
    """Whether the backend had started."""
    platform: str = ""
    via: str = ""
    """The library's file that did it for the user's line."""
    process: int = 0


@dataclass(frozen=True, slots=True)
class DowncastSeen:
    """A line that asked for 64 bits and got 32."""

    at: Spot
    asked: str
    given: str
    count: int = 1
    package: str = ""
    """The library that asked on its own account."""


@dataclass(frozen=True, slots=True)
class StaleSeen:
    """A value around a traced function that was another one when the compiled program was called again."""

    site: Site
    name: str
    """As the function spells it: `scale`, `self.gain`, `settings['rate']`."""
    at: Spot
    was: str
    now: str
    call: Spot | None = None
    assigned: tuple[Spot, ...] = ()
    """Lines of the same file that assign something of that name, its first one left out."""
    precise: bool = True
    """A number, a text or an array, not a container or an object of which some part differs."""


@dataclass(frozen=True, slots=True)
class EffectSeen:
    """Something that a function did to the world around it, or read of it, while it was traced."""

    site: Site
    name: str
    at: Spot
    what: str
    """"tracer", "number", "container", "value" (what was kept or changed), "print", "clock" or "draw"."""
    was: str = ""
    now: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """One run. Compared by identity, so that what is worked out from it once can be kept beside it."""

    environment: Environment
    """The process that was started; the others are among `processes`."""
    processes: tuple[Environment, ...] = ()
    functions: tuple[FunctionSeen, ...] = ()
    jitted: tuple[JittedSeen, ...] = ()
    """Functions that the user's lines jitted while the run was observed."""
    traces: tuple[TraceSeen, ...] = ()
    programs: tuple[ProgramSeen, ...] = ()
    compiles: tuple[CompileSeen, ...] = ()
    unfinished: tuple[UnfinishedSeen, ...] = ()
    eager: tuple[EagerSeen, ...] = ()
    constants: tuple[ConstantSeen, ...] = ()
    syncs: tuple[SyncSeen, ...] = ()
    keys: tuple[KeySeen, ...] = ()
    donations: tuple[DonationSeen, ...] = ()
    folds: tuple[FoldSeen, ...] = ()
    errors: tuple[ErrorSeen, ...] = ()
    settings: tuple[SettingSeen, ...] = ()
    downcasts: tuple[DowncastSeen, ...] = ()
    stale: tuple[StaleSeen, ...] = ()
    effects: tuple[EffectSeen, ...] = ()
    branches: tuple[BranchesSeen, ...] = ()
    lists: tuple[ListSeen, ...] = ()
    nested: tuple[NestedSeen, ...] = ()
    loops: tuple[LoopSeen, ...] = ()
    """Those outside jit that ran one small program after another, the longest first."""
    notes: tuple[str, ...] = ()
    """What the probe could not see, in its own words."""
    unread: tuple[Unread, ...] = ()
