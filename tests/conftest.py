"""What every test may ask for."""

import signal

from fake_engine import project

__all__ = ["project"]

# A job in the background (`nohup`, `&` in a script) starts with these ignored, and so would every program that a test
# starts in order to interrupt it.
for name in ("SIGINT", "SIGQUIT", "SIGHUP"):
    number = getattr(signal, name, None)
    if number is not None and signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL)
