from dataclasses import replace

from jaxaudit.model import Finding, Place
from jaxaudit.steps.fingerprint import fingerprinted


def prints(source: str, *lines: int, path: str = "a.py", function: str = "f") -> list[str]:
    """The fingerprints of one finding on each of these lines."""
    text = source.splitlines()
    places = [Place(path, line, 1, line, 5, function) for line in lines]
    found = [Finding("key-reuse", "", "", "warning", 1.0, place) for place in places]
    return [one.fingerprint for one in fingerprinted(found, lambda path, line: text[line - 1], lambda path: path)]


def test_moved_lines_and_spaces_keep_it() -> None:
    assert prints("draw( key)\n", 1) == prints("import jax\n\n\ndraw(key)\n", 4)


def test_another_line_function_or_rule_changes_it() -> None:
    first = prints("draw(key)\n", 1)
    assert first != prints("draw(keys)\n", 1)
    assert first != prints("draw(key)\n", 1, function="g")


def test_equal_lines_are_told_apart() -> None:
    assert len(set(prints("draw(key)\ndraw(key)\n", 1, 2))) == 2


def test_a_moved_file_keeps_the_first_half() -> None:
    here, there = prints("draw(key)\n", 1), prints("draw(key)\n", 1, path="b.py")
    assert here != there
    assert here[0].partition("-")[0] == there[0].partition("-")[0]


def test_the_path_is_seen_from_the_root() -> None:
    place = Place("/home/me/work/a.py", 1, 1, 1, 2)
    found = Finding("key-reuse", "", "", "warning", 1.0, place)
    elsewhere = replace(found, place=place._replace(path="/ci/build/a.py"))
    one = fingerprinted([found], lambda path, line: "x", lambda path: "a.py")
    other = fingerprinted([elsewhere], lambda path, line: "x", lambda path: "a.py")
    assert one[0].fingerprint == other[0].fingerprint
