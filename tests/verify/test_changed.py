from jaxaudit.verify.changed import changed_functions

BEFORE = """\
class Model:
    def step(self, x):
        return x + 1

def main():
    def inner(y):
        return y
    return inner(1)

def same():
    return 1
"""


def changed(tmp_path, text):
    (tmp_path / "a.py").write_text(BEFORE)
    return changed_functions(tmp_path, {"a.py": text.encode()})


def test_the_innermost_function_is_the_changed_one(tmp_path):
    assert changed(tmp_path, BEFORE.replace("return y", "return y * 2")) == {"inner"}
    assert changed(tmp_path, BEFORE.replace("inner(1)", "inner(2)")) == {"main"}
    assert changed(tmp_path, BEFORE.replace("x + 1", "x + 2")) == {"step"}


def test_lines_and_comments_are_no_change(tmp_path):
    assert changed(tmp_path, "# a comment\n\n" + BEFORE) == set()


def test_new_functions_and_new_files(tmp_path):
    assert changed(tmp_path, BEFORE + "\nmore = lambda z: z\n") == {"<lambda>"}
    assert changed_functions(tmp_path, {"b.py": b"def new(): pass\n"}) == {"new"}
