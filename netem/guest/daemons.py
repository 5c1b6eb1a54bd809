"""Other programs that a peer needs: children of this process that die with it, however it dies."""

import asyncio
import ctypes
import os
import pathlib
import shutil
import signal
import subprocess
import time

# Debian puts daemons where an ordinary user's PATH does not look.
PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
PR_SET_PDEATHSIG = 1
LISTENING = "0A"  # TCP_LISTEN in /proc/net/tcp
_libc = ctypes.CDLL(None, use_errno=True)


class DaemonError(Exception):
    """Says which program did not do what, and where its log is."""


def die_with_parent():
    """For preexec_fn."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def start(words, folder, name, **options):
    """Starts a program with its output in FOLDER/NAME.log."""
    program = shutil.which(words[0], path=PATH)
    if program is None:
        raise DaemonError(f"{words[0]} is not installed: netem/packages.sh installs what a peer's DEBIAN lists")
    log = open(pathlib.Path(folder) / f"{name}.log", "ab")
    options.setdefault("stdin", subprocess.DEVNULL)
    options.setdefault("stdout", log)
    options.setdefault("stderr", log)
    with log:
        return subprocess.Popen([program, *words[1:]], preexec_fn=die_with_parent, **options)


async def until_bound(process, port, folder, name, protocol="tcp", seconds=20):
    """Waits until a program has its port. Looked up in the kernel's table: trying to connect would already be traffic."""
    deadline = time.monotonic() + seconds
    while not _is_bound(port, protocol):
        if process.poll() is not None:
            raise DaemonError(f"{name} ended with {process.returncode} before it was ready: {last_words(folder, name)}")
        if time.monotonic() > deadline:
            raise DaemonError(f"{name} did not take {protocol} port {port} within {seconds} s: {last_words(folder, name)}")
        await asyncio.sleep(0.02)


def _is_bound(port, protocol):
    for table in (f"/proc/net/{protocol}", f"/proc/net/{protocol}6"):
        with open(table) as lines:
            for line in list(lines)[1:]:
                _, local, _, state = line.split()[:4]
                if int(local.rpartition(":")[2], 16) == port and (protocol == "udp" or state == LISTENING):
                    return True
    return False


def last_words(folder, name):
    path = pathlib.Path(folder) / f"{name}.log"
    lines = path.read_text(errors="replace").strip().splitlines()[-3:]
    return " / ".join(lines) or f"nothing in {path}"
