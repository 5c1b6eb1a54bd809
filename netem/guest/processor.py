"""Processor time of this process and of everything that it started."""

import os
import pathlib

TICK = 1 / os.sysconf("SC_CLK_TCK")


def seconds(own=True):
    """User and system seconds so far of all descendants, ended ones included, and of this process too if `own`."""
    table = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            # The command's name may hold spaces and brackets; what follows its last bracket does not.
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        parent, (user, system, child_user, child_system) = int(fields[1]), map(int, fields[11:15])
        table[int(entry.name)] = (parent, user + system, child_user + child_system)
    me = os.getpid()
    ticks = table[me][1] if own else 0
    family = {me}
    ticks += table[me][2]  # children that ended and were waited for
    grown = True
    while grown:
        grown = False
        for process, (parent, used, waited) in table.items():
            if parent in family and process not in family:
                family.add(process)
                ticks += used + waited
                grown = True
    return ticks * TICK
