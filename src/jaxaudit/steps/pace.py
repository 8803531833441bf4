"""How far an audit is, and how long it will take: for whoever shows it while it runs."""

from dataclasses import dataclass

FIRST_LOOK = 3
"""Pairs after which a trial may be decided."""


@dataclass(slots=True)
class Pace:
    """What is being done. Times are of the audit's clock; `until` is when its budget ends."""

    what: str = ""
    until: float = 0.0
    run_s: float = 0.0
    """What one run of the unchanged program takes; 0 where none has ended yet."""
    trials_left: int = 0
    """Those after the one that is under way."""
    in_trial: bool = False
    pairs: int = 0
    look: int = 0
    """Pairs after which the verdict may fall; 0 while the outputs are compared."""

    def step(self, now: float) -> float:
        """Seconds that what is being done will take, as far as one can say."""
        if not self.run_s:
            return 0.0
        runs = 1 if not self.in_trial else 2 * (self.look - self.pairs) if self.look else 1 + 2 * FIRST_LOOK
        return min(runs * self.run_s, self.until - now)

    def all(self, now: float) -> float:
        """Seconds until the audit ends, as far as one can say, and never beyond its budget."""
        return min(self.step(now) + self.trials_left * (1 + 2 * FIRST_LOOK) * self.run_s, self.until - now)
