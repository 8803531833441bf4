import shutil
import subprocess

import pytest

from jaxaudit.fix import unified_diff

CASES = {
    "plain": (b"a\nb\nc\n", b"a\nB\nc\n"),
    "crlf": (b"a\r\nb\r\nc\r\n", b"a\r\nB\r\nc\r\n"),
    "mixed": (b"a\r\nb\nc\r\n", b"a\r\nb\nd\nC\r\n"),
    "no newline before": (b"a\nb", b"a\nb\n"),
    "no newline after": (b"a\nb\n", b"a\nB"),
    "no newline at all": (b"a\nb", b"A\nb"),
    "lone carriage return": (b"a\rb\rc\r", b"a\rB\rc\r"),
    "form feed": (b"a\n\x0cb\nc\n", b"a\n\x0cB\nc\n"),
    "latin-1": (b"a = '\xe4'\nb\n", b"a = '\xe4'\nB\n"),
    "to empty": (b"a\n", b""),
    "far apart": (
        b"".join(b"%d\n" % n for n in range(50)),
        b"".join(b"%d\n" % n for n in range(50) if n not in (3, 44)),
    ),
}
TOOLS = {
    "git": ["git", "apply", "-p1", "--whitespace=nowarn", "p"],
    "patch": ["patch", "-p1", "--binary", "-s", "-i", "p"],
}


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("case", CASES)
def test_the_diff_applies(case, tool, tmp_path):
    if not shutil.which(tool):
        pytest.skip(f"{tool} is not installed")
    before, after = CASES[case]
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "m.py").write_bytes(before)
    (tmp_path / "p").write_bytes(unified_diff("sub/m.py", before, after))
    subprocess.run(TOOLS[tool], cwd=tmp_path, check=True, capture_output=True)
    made = tmp_path / "sub" / "m.py"
    assert (made.read_bytes() if made.exists() else b"") == after


@pytest.mark.parametrize("name", ["with blank.py", 'quo"te.py', "back\\slash.py", "ä€.py", "tab\there.py"])
def test_odd_names_apply_too(name, tmp_path):
    (tmp_path / name).write_bytes(b"a\n")
    (tmp_path / "p").write_bytes(unified_diff(name, b"a\n", b"b\n"))
    subprocess.run(TOOLS["git"], cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / name).read_bytes() == b"b\n"


def test_the_words_of_a_diff():
    assert unified_diff("/abs/m.py", b"a", b"b") == (
        b"--- a/abs/m.py\n+++ b/abs/m.py\n@@ -1 +1 @@\n"
        b"-a\n\\ No newline at end of file\n+b\n\\ No newline at end of file\n"
    )
    assert unified_diff("m.py", b"a", b"a") == b""
