"""`python -m jaxaudit`."""

import sys

from jaxaudit.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
