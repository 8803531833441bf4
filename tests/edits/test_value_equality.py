"""A plain class gets a value to compare by, where nothing speaks against it."""

import ast

import pytest

from jaxaudit.edits import CannotEdit, SourceText
from jaxaudit.edits.value_equality import compared_by_value

PLAIN = """class Settings:
    def __init__(self, order, damping=0.5):
        self.order = int(order)
        self.damping = -damping

    def scale(self):
        return self.order * self.damping


made = Settings(3)
"""


def valued(code, *others):
    source = SourceText.from_text("program.py", code)
    cls = next(node for node in ast.walk(source.tree) if isinstance(node, ast.ClassDef))
    texts = [SourceText.from_text(f"other{number}.py", one) for number, one in enumerate(others)]
    return source.edited(compared_by_value(source, cls, texts)).text


def ran(code):
    names = {}
    exec(code, names)
    return names["Settings"]


def test_objects_with_equal_fields_are_one():
    settings = ran(valued(PLAIN))
    assert settings(3) == settings(3.2) and hash(settings(3)) == hash(settings(3))
    assert settings(3) != settings(4) and settings(3) != 3
    assert len({settings(3), settings(3), settings(3, 1)}) == 2


def test_a_number_of_another_type_is_another_program():
    settings = ran(valued(PLAIN.replace("int(order)", "order")))
    assert settings(2) != settings(2.0) and settings(1) != settings(True)
    assert settings((1, 2)) == settings((1, 2)) and settings((1, 2)) != settings((1.0, 2))
    assert settings(0.0) != settings(-0.0)


def test_the_methods_stand_apart_from_the_last_one():
    assert "return self.order * self.damping\n\n    def __eq__(self, other):\n" in valued(PLAIN)


def test_a_dataclass_that_compares_by_identity():
    code = "from dataclasses import dataclass\n\n\n@dataclass(eq=False)\nclass Settings:\n    order: int\n    damping: float = 0.5\n"
    settings = ran(valued(code))
    assert settings(3) == settings(3) and settings(3) != settings(3, 0.1)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("class Settings:", "class Settings(Base):", "has a base"),
        ("    def scale(self):", "    def __eq__(self, other):", "has a `__eq__` of its own"),
        (
            "    def scale(self):\n",
            "    def scale(self):\n        self.order = 2\n",
            "assigns `self.order` after the object was made",
        ),
        ("made = Settings(3)\n", "made = Settings(3)\nmade.order += 1\n", "program.py:11 assigns `made.order`"),
        ("made = Settings(3)\n", "made = Settings([3])\n", "hands in `\\[3\\]`, which may have no hash"),
        ("made = Settings(3)\n", "made = Settings(jnp.ones(3))\n", "may have no hash"),
        ("int(order)", "jnp.asarray(order)", "`self.order` is `jnp.asarray\\(order\\)`"),
        (
            "    def scale(self):",
            "    @cached_property\n    def scale(self):",
            "`Settings.scale` is kept on the object",
        ),
        ("class Settings:", "@register\nclass Settings:", "is decorated"),
    ],
)
def test_what_stays(old, new, reason):
    with pytest.raises(CannotEdit, match=reason):
        valued(PLAIN.replace(old, new))


def test_another_file_may_change_it():
    with pytest.raises(CannotEdit, match=r"other1\.py:2 assigns `s\.order`"):
        valued(PLAIN, "x = 1\n", "def f(s):\n    s.order = 2\n")
    assert "__eq__" in valued(PLAIN, "class Other:\n    def __init__(self):\n        self.order = 2\n")
