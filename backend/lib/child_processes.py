"""Child processes that do not outlive the process that started them.

Start them with ``start_new_session=True``: Ctrl-C then reaches only the starter, which ends them in its own order.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def signalled_when_parent_dies(number: signal.Signals) -> Callable[[], None] | None:
    """A ``preexec_fn``: the kernel sends the child this signal when its parent is gone, also after kill -9.

    Linux only; None elsewhere, where a leftover runs on until somebody ends it.
    """
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)  # loaded before the fork: the child may do very little

    def ask_the_kernel() -> None:
        libc.prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)

    return ask_the_kernel


def end(*processes: subprocess.Popen[bytes], steps: tuple[tuple[signal.Signals, float], ...]) -> None:
    """Ends them together: each signal is given its seconds, and what then still runs is killed with its children."""
    for number, seconds in steps:
        running = [process for process in processes if process.poll() is None]
        for process in running:
            process.send_signal(number)
        deadline = time.monotonic() + seconds
        for process in running:
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, deadline - time.monotonic()))
    for process in processes:
        if process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
