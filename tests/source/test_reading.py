"""The same findings from the parser, from the cache, and after one file changed."""

from pathlib import Path

from jaxaudit.rules import load_rules
from jaxaudit.source.program import decoded
from jaxaudit.source.reading import Sources
from jaxaudit.steps.verdict import Verdict, judged

FAULTY = "import jax\n\nfor i in range(3):\n    jax.jit(lambda x: x + i)(1.0)\n"


def verdict(folder: Path) -> Verdict:
    sources = Sources(sorted(str(p) for p in folder.glob("*.py")), cache=folder / "cache", jobs=1)
    try:
        return judged(sources, load_rules(), ["jit-in-loop"], None, None)
    finally:
        sources.close()


def test_a_warm_run_says_what_the_cold_one_said_also_after_a_change(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(FAULTY)
    (tmp_path / "b.py").write_text("x = 1\n")
    first = verdict(tmp_path)
    assert [finding.place.line for finding in first.findings] == [4]
    assert verdict(tmp_path) == first
    (tmp_path / "b.py").write_text(FAULTY + "# changed\n")
    again = verdict(tmp_path)
    assert sorted(Path(finding.place.path).name for finding in again.findings) == ["a.py", "b.py"]


def test_a_lost_entry_of_the_cache_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(FAULTY)
    sources = Sources([str(tmp_path / "a.py")], cache=tmp_path / "cache", jobs=1)
    sources.store._held["facts"].clear()
    assert len(sources.rows()) == 1
    sources.close()


def test_lines_of_any_codec() -> None:
    assert decoded(b"# coding: idna\nx = 1\n") == "# coding: idna\nx = 1\n"
    assert decoded(b"# coding: nonsense\nx = '\xe9'\n") == "# coding: nonsense\nx = '\N{REPLACEMENT CHARACTER}'\n"
