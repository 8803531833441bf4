"""In trials, lowering waits for the arrays that are being computed, and in other runs it does not."""

import jax
import jax.numpy as jnp
import pytest

from jaxaudit_probe import pending, private, trial
from probe.listening import listening


class Coming:
    """An array that is there after having been asked for so often."""

    def __init__(self, asked: int) -> None:
        self.left = asked

    def is_deleted(self) -> bool:
        return False

    def is_ready(self) -> bool:
        self.left -= 1
        return self.left <= 0


def test_it_waits_until_all_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    coming = [Coming(3), Coming(9)]
    monkeypatch.setattr(private, "underway", lambda most: coming)
    pending.wait()
    assert all(one.left <= 0 for one in coming)


def test_it_waits_no_longer_than_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    never = Coming(1 << 60)
    monkeypatch.setattr(private, "underway", lambda most: [never])
    monkeypatch.setattr(pending, "LONGEST", 0.01)
    pending.wait()
    assert 0 < never.left < 1 << 60


def test_arrays_that_are_made_or_gone_are_not_under_way() -> None:
    made, gone = jnp.ones(3).block_until_ready(), jnp.ones(5)
    gone.delete()
    assert not any(one is made or one is gone for one in private.underway(pending.MOST))
    assert private.underway(0) == []


@pytest.mark.parametrize("told", ["", "/home:/copy"])
def test_only_trials_wait(told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(private, "underway", lambda most: asked.append(most) or [])
    monkeypatch.setenv(trial.TOLD, told)
    with listening():
        jax.jit(lambda x: x * 2.5)(jnp.ones(11))
    assert bool(asked) == bool(told)
