"""How a figure that moved is said, in verdicts and in reports alike."""

from jaxaudit.model import amounts

CLOCKS = {
    "cpu_s": "CPU time of a run",
    "steady_s": "run outside compiling",
    "compile_s": "compiling",
    "seconds": "run",
}
COUNTS = {
    "compiles": "compiles",
    "traces": "traces",
    "constants_bytes": "constants",
    "equations": "equations",
    "syncs": "waits",
    "cache_hits": "cache hits",
    "peak_bytes": "peak memory",
}
BYTES = ("constants_bytes", "peak_bytes")


def moved(metric: str, before: float, after: float, low: float = 1.0, high: float = 1.0, pairs: int = 0) -> str:
    """`compiles 14 -> 1`; `constants 1.1 GB -> 0 bytes`; `CPU time of a run 3.1 s -> 1.4 s (0.44 to 0.47 times, 5 pairs)`."""
    if metric in BYTES:
        return f"{COUNTS[metric]} {amounts.size(int(before))} -> {amounts.size(int(after))}"
    if metric in COUNTS:
        return f"{COUNTS[metric]} {before:.0f} -> {after:.0f}"
    span = f" ({low:.2f} to {high:.2f} times, {pairs} pairs)" if pairs else ""
    return f"{CLOCKS.get(metric, metric)} {amounts.seconds(before)} -> {amounts.seconds(after)}{span}"
