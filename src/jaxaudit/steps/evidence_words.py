"""The words by which rules ask for evidence, as sentences."""

from collections.abc import Sequence

WORDS = {
    "compile_count": "how often the function compiles",
    "trace_count": "how often the function is traced",
    "equation_count": "how many equations the program has",
    "constant_bytes": "how many bytes of constants the program holds",
    "compile_time": "how long compiling takes",
    "argument_values": "which values the arguments take",
    "call_count": "how often the function is called",
    "host_syncs": "where the host waits for the device",
    "key_uses": "which keys are consumed where",
}


def settled_by(needs: Sequence[str]) -> str:
    """`A run that counts how often the function compiles.`; empty where the source is enough."""
    if not needs:
        return ""
    said = [WORDS.get(word, word.replace("_", " ")) for word in needs]
    return f"Where the source leaves a doubt, a run settles it: it shows {' and '.join(said)}."
