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
    """`compiles 14 -> 1`; `constants 1.1 GB -> 0`; `CPU time of a run 3.1 s -> 1.4 s (2.1 to 2.3 times less, 5 pairs)`."""
    if metric in BYTES:
        return f"{COUNTS[metric]} {_bytes(before)} -> {_bytes(after)}"
    if metric in COUNTS:
        return f"{COUNTS[metric]} {before:.0f} -> {after:.0f}"
    said = f" ({span(low, high)}, {pairs} {'pair' if pairs == 1 else 'pairs'})" if pairs else ""
    return f"{CLOCKS.get(metric, metric)} {amounts.seconds(before)} -> {amounts.seconds(after)}{said}"


def span(low: float, high: float) -> str:
    """Two ratios after/before in words: `2.1 to 2.3 times less`, `1.1 to 1.2 times more`, `0.97 to 1.04 of it`."""
    if low > 0 and high < 1:
        return f"{_factors(1 / high, 1 / low)} times less"
    if low > 1:
        return f"{_factors(low, high)} times more"
    return f"{low:.2f} to {high:.2f} of it"


def _factors(small: float, large: float) -> str:
    digits = 2 if small < 1.5 else 1 if small < 20 else 0
    return f"{small:.{digits}f} to {large:.{digits}f}"


def _bytes(value: float) -> str:
    return amounts.size(int(value)) if value else "0"
