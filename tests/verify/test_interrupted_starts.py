"""An interrupt while a process is being started comes when the process is known."""

import os
import signal
import threading

import pytest

from jaxaudit.verify.running import interrupted_afterwards


def test_it_waits_until_the_process_is_known() -> None:
    reached = []
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), interrupted_afterwards():
            os.kill(os.getpid(), signal.SIGINT)
            reached.append("started")
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert reached == ["started"]


def test_where_interrupts_are_ignored_a_child_ignores_them_too() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interrupted_afterwards():
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_in_another_thread_nothing_is_changed() -> None:
    seen = []

    def start() -> None:
        with interrupted_afterwards():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGINT)]
