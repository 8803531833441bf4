"""Two faults of one function whose changes overlap: the second is written anew upon the first."""

from pathlib import Path

import pytest

from jaxaudit.edits.edit import CannotEdit
from jaxaudit.model.proposal import Proposal, Reason
from jaxaudit.plan.stakes import ranked
from jaxaudit.rules import load_rules
from jaxaudit.steps.audit import _texts_of
from jaxaudit.steps.audit_again import Again
from jaxaudit.steps.audit_planning import Planner
from jaxaudit.steps.config import read_config
from jaxaudit.verify.running import Way, run
from verify.grounds import ground_in

PER_CALL = """import jax
import jax.numpy as jnp


class Imager:
    def __init__(self, n):
        self.matrix = jnp.ones((n, n)) / n

    def solve(self, data):
        @jax.jit
        def update(image):
            return image - 0.5 * (self.matrix.T @ (self.matrix @ image - data))

        image = jnp.zeros(len(data))
        for _ in range(3):
            image = update(image)
        return image


imager = Imager(800)
for night in range(3):
    print(round(float(imager.solve((night + 1.0) * jnp.ones(800)).sum()), 3))
"""
DONATED = """import jax
import jax.numpy as jnp


@jax.jit
def react(u, order):
    return u + 0.1 * jnp.power(jnp.sin(u), order)


u = jnp.linspace(0.1, 2.0, 400_000)
for _ in range(6):
    u = react(u, 3)
print(round(float(u.mean()), 5))
"""

RENAMED = """import jax
import jax.numpy as jnp

SURVEY = {"psf": jnp.ones((900, 900)) / 900, "gain": 1.5}


def fit(image):
    def misfit(a):
        return jnp.mean((SURVEY["gain"] * (SURVEY["psf"] @ a) - image) ** 2)

    step = jax.jit(lambda a: a - 0.1 * jax.grad(misfit)(a))
    a = jnp.zeros(900)
    for _ in range(3):
        a = step(a)
    return a


for galaxy in range(4):
    print(round(float(fit((1.0 + galaxy) * jnp.ones(900)).sum()), 4))
"""


@pytest.fixture
def audit(tmp_path, monkeypatch):
    """The folder's audit as it goes: what is proposed, and what each becomes upon others."""
    return lambda code: Audit(tmp_path, monkeypatch, code)


class Audit:
    def __init__(self, folder: Path, monkeypatch, code: str) -> None:
        self.ground = ground_in(folder)
        (self.ground.root / "program.py").write_text(code)
        monkeypatch.chdir(self.ground.root)
        planner = Planner(read_config(self.ground.root), load_rules())
        self.first = self.ran()
        made = planner.planned(self.first)
        self.proposals = ranked(made.plan.proposals, self.first.evidence)
        self.again = Again(planner.planned)

    def ran(self, texts=None):
        done = run(self.ground, Way(("program.py",)), texts)
        assert done.code == 0, done.stderr
        return done

    def of(self, rule: str, words: str = "") -> Proposal:
        return next(one for one in self.proposals if rule in one.rules and words in one.title)

    def upon(self, kept: Proposal, wanted: Proposal) -> Proposal | Reason:
        texts = _texts_of([kept])
        return self.again.remade(wanted, self.proposals, [kept], texts, self.ran(texts))


def test_jitted_once_upon_a_hoist(audit):
    it = audit(PER_CALL)
    hoist, once = it.of("captured-self", "as an argument"), it.of("jit-per-call")
    assert int(once.id) < int(hoist.id)  # one change that mends both is tried first
    with pytest.raises(CannotEdit):
        _texts_of([hoist, once])
    anew = it.upon(hoist, once)
    assert isinstance(anew, Proposal) and (anew.id, anew.includes) == (once.id, (hoist.id,))
    texts = _texts_of([hoist, anew])
    assert texts == _texts_of([anew])
    assert "+def update(image, matrix, data):" in anew.diff and "-        def update(image, matrix):" in anew.diff
    ran = it.ran(texts)
    assert ran.stdout == it.first.stdout
    compiles = [one for one in ran.evidence.compiles if one.site.name == "update"]
    assert len(compiles) == 1 and compiles[0].constants_bytes < 1000


def test_what_the_first_mends_too_is_not_tried(audit):
    it = audit(PER_CALL)
    reason = it.upon(it.of("jit-per-call"), it.of("captured-self", "as an argument"))
    assert reason == Reason("not-tried", "not tried: with 1 kept, nothing of it is left to mend")


def test_donated_and_static_on_one_line(audit):
    it = audit(DONATED)
    static, donated = it.of("static-candidate"), it.of("missed-donation")
    anew = it.upon(static, donated)
    assert isinstance(anew, Proposal)
    ran = it.ran(_texts_of([static, anew]))
    text = _texts_of([static, anew])["program.py"].decode()
    assert 'static_argnames=("order",), donate_argnames=("u",)' in text
    assert ran.stdout == it.first.stdout


def test_others_go_together_with_what_was_written_anew(audit):
    it = audit(DONATED.replace("import jax\n", "import jax\nX = 1\n"))
    static, donated = it.of("static-candidate"), it.of("missed-donation")
    anew = it.upon(static, donated)
    other = Proposal("9", "", (), (), static.at, edits={"program.py": ((11, 16, "X = 2"),)})
    text = _texts_of([static, anew, other])["program.py"].decode()
    assert "X = 2" in text and "donate_argnames" in text


def test_a_function_goes_on_under_the_name_that_it_got(audit):
    it = audit(RENAMED)
    once, hoist = it.of("jit-per-call"), it.of("captured-array", "in as an argument")
    anew = it.upon(once, hoist)
    assert isinstance(anew, Proposal), anew
    ran = it.ran(_texts_of([once, anew]))
    assert ran.stdout == it.first.stdout
    assert [one.constants_bytes < 1000 for one in ran.evidence.compiles if one.site.name == "step"] == [True]
