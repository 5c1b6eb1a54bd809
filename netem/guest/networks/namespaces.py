"""Network namespaces with the lab's names, and everything that lives in them."""

import fcntl
import os
import pathlib
import signal

from .commands import attempt

PREFIX = "godwit-"
_MOUNTS = pathlib.Path("/run/netns")
_LOCKS = pathlib.Path("/run/godwit-lab")


def claim_lane(lane):
    """Holds the lane's name on this kernel until the returned file is closed or the process dies; None when another holds it."""
    _LOCKS.mkdir(parents=True, exist_ok=True)
    lock = open(_LOCKS / f"lane-{lane}", "w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        return None
    return lock


async def sweep():
    """Removes what killed runs left: namespaces of every lane that no living process claims. Call it before `claim_lane`."""
    lanes = {}
    for name in sorted(path.name for path in _MOUNTS.glob(f"{PREFIX}*")) if _MOUNTS.is_dir() else []:
        lanes.setdefault(name.removeprefix(PREFIX).split("-")[0], []).append(name)
    removed = []
    for lane, names in lanes.items():
        lock = claim_lane(lane)
        if lock is None:
            continue
        with lock:
            await remove(names)
            removed += names
    return removed


async def remove(names):
    """Kills what runs in these namespaces, then removes those that are there; their devices go with them."""
    there = [name for name in names if (_MOUNTS / name).exists()]
    if not there:
        return
    for name in there:
        for number in processes(name):
            try:
                os.kill(number, signal.SIGKILL)
            except ProcessLookupError:
                pass
    await attempt("ip", "-force", "-batch", "-", lines=[f"netns del {name}" for name in there])


def processes(name):
    """The ids of all processes in the namespace, children that were given away included."""
    try:
        inode = os.stat(_MOUNTS / name).st_ino
    except FileNotFoundError:
        return []
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                if os.stat(f"/proc/{entry}/ns/net").st_ino == inode:
                    found.append(int(entry))
            except OSError:  # ended meanwhile
                pass
    return found
