"""Seconds and bytes as people write them."""


def seconds(value: float) -> str:
    """`4.1 s`, `320 ms`, `0.4 ms`; minutes from 100 s on."""
    if value >= 100:
        return f"{value / 60:.1f} min"
    if value >= 1:
        return f"{value:.1f} s"
    return f"{value * 1000:.0f} ms" if value >= 0.001 else f"{value * 1000:.1g} ms" if value > 0 else "0 ms"


def size(count: int) -> str:
    """`19.2 MB`, `800 kB`, `12 bytes`."""
    for unit, step in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= step:
            return f"{count / step:.3g} {unit}"
    return f"{count} byte" if count == 1 else f"{count} bytes"


def times(count: int) -> str:
    """`once`, `twice`, `5 times`."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def about(count: int) -> str:
    """`110,000` for 107,652: two digits, of what was estimated."""
    step = 10 ** max(0, len(str(count)) - 2)
    return f"{(count + step // 2) // step * step:,}"


def array(dtype: str, shape: tuple[int, ...]) -> str:
    """`float32[200,160]`."""
    return f"{dtype}[{','.join(map(str, shape))}]"
