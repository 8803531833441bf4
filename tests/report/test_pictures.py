"""What drawing leaves behind."""

import subprocess
import sys

import pytest

from jaxaudit.report.pictures import installed

pytestmark = pytest.mark.skipif(not installed(), reason="pygal is not installed")


def test_imports_are_nobodys_business():
    """pygal puts a hook of Python 2's kind into imports, by which each that finds nothing would warn."""
    text = (
        "from jaxaudit.report.pictures import installed\nassert installed()\n"
        "try:\n    import encodings.nonsense\nexcept ImportError as error:\n    print(type(error).__name__)\n"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", text], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("ModuleNotFoundError\n", 0), done.stderr
