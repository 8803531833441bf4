from pathlib import Path

import pytest

from jaxaudit.model.mistake import Mistake
from jaxaudit.steps.new_rule import new_rule


def test_a_name_is_taken_once_whatever_the_family(tmp_path: Path) -> None:
    (tmp_path / "src/jaxaudit/rules").mkdir(parents=True)
    made = new_rule("my-fault", "random-numbers", tmp_path)
    assert made == tmp_path / "src/jaxaudit/rules/random_numbers/my_fault.py"
    for family in ("random-numbers", "static"):
        with pytest.raises(Mistake, match=r"random_numbers/my_fault\.py exists already"):
            new_rule("my-fault", family, tmp_path)
