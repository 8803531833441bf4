"""A mistake of the user's that one sentence explains."""


class Mistake(Exception):
    """Wrong use: the command line prints the sentence and ends with 2. Never for a fault of jaxaudit's own."""


def nearest(word: str, known: "list[str] | tuple[str, ...] | set[str]") -> str:
    """`; did you mean 'jit-in-loop'?`, or nothing where no known word is close."""
    from difflib import get_close_matches

    close = get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""
