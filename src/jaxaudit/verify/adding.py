"""Changes added one after the other to those that were kept: whether each is still a gain, and what all of them come to."""

from collections.abc import Iterator
from dataclasses import replace

from jaxaudit.model.outcome import Measured, Outcome
from jaxaudit.model.proposal import Reason


def added(alone: Outcome, upon_kept: Outcome) -> Outcome:
    """The outcome of a proposal that was a gain alone, and was tried upon what was kept before."""
    if upon_kept.verdict == "keep":
        return alone
    text = f"alone it helps, upon what was kept before it does not: {upon_kept.reason.text}"
    reason = Reason(upon_kept.reason.code, text)
    return replace(alone, verdict=upon_kept.verdict, reason=reason, measured=upon_kept.measured)


def chained(first: Outcome, then: Outcome) -> Outcome:
    """What two changes come to, the second of which was measured against the first."""
    return replace(then, measured=tuple(_chained(first.measured, then.measured)))


def _chained(first: tuple[Measured, ...], then: tuple[Measured, ...]) -> Iterator[Measured]:
    table = {(one.metric, one.function): one for one in then}
    for one in first:
        other = table.pop((one.metric, one.function), None)
        if other is None:
            yield one
        else:
            low, high = one.low * other.low, one.high * other.high
            yield Measured(
                one.metric, one.before, other.after, low, high, min(one.pairs, other.pairs), one.function
            )  # fmt: skip
    yield from table.values()
