import pytest

from edits.marked_source import marked, written
from jaxaudit.edits import CannotEdit, remove_flag

CASES = [
    ('e["XLA_FLAGS"] = «"--keep=1 --gone=true"»\n', 'e["XLA_FLAGS"] = "--keep=1"\n'),
    ('e["XLA_FLAGS"] = «"--gone=true --keep=1"»\n', 'e["XLA_FLAGS"] = "--keep=1"\n'),
    ('e["XLA_FLAGS"] = «"--a --gone --b=2"»\n', 'e["XLA_FLAGS"] = "--a --b=2"\n'),
    ('e["XLA_FLAGS"] = «"--gone=true"»\n', 'e["XLA_FLAGS"] = ""\n'),
    ('e["XLA_FLAGS"] = «"--gone_more --gone=true"»\n', 'e["XLA_FLAGS"] = "--gone_more"\n'),
    (
        'e["X"] = (\n    «"--a=1 "\n    "--gone=true "  # why\n    "--b=2"»\n)\n',
        'e["X"] = (\n    "--a=1 "\n    "--b=2"\n)\n',
    ),
    ('e["X"] = («"--a=1 " "--gone=true " "--b=2"»)\n', 'e["X"] = ("--a=1 " "--b=2")\n'),
    ("x = 1\ne['X'] += «' --gone=true'»\ny = 2\n", "x = 1\ny = 2\n"),
    ("if x:\n    e['X'] += «' --gone=true'»\n", "if x:\n    pass\n"),
    ("e['X'] += «' --gone=true --b'»\n", "e['X'] += ' --b'\n"),
    ("e['X'] = e.get('X', '') + «' --gone=true'»\n", "e['X'] = e.get('X', '') + ''\n"),
    ("e['X'] = «f'--gone={n} --b={m}'»\n", "e['X'] = f'--b={m}'\n"),
    ("e['X'] = «f\"{old} --gone=3\"»\n", "e['X'] = f\"{old}\"\n"),
    ("e['X'] = «r'''--a\n--gone=3\n--b'''»\n", "e['X'] = r'''--a\n\n--b'''\n"),
]


@pytest.mark.parametrize(("before", "after"), CASES)
def test_remove_flag(before, after):
    source, place = marked(before)
    assert written(source, remove_flag(source, place, "--gone")) == after


def test_the_place_may_be_the_whole_statement():
    source, place = marked('«os.environ["XLA_FLAGS"] = "--a --gone=1"»\n')
    assert written(source, remove_flag(source, place, "gone")) == 'os.environ["XLA_FLAGS"] = "--a"\n'


@pytest.mark.parametrize("program", ["x = «'--other'»\n", "x = «y»\n", "x = «'--gone_too'»\n"])
def test_a_flag_that_is_not_written_there(program):
    source, place = marked(program)
    with pytest.raises(CannotEdit):
        remove_flag(source, place, "--gone")
