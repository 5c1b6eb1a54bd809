"""Traces: how a network changes while a phone moves through it.

One step a line, played in order and over again until the cell ends; `#` begins a comment:

    SECONDS  up: NETEM ARGUMENTS | down: NETEM ARGUMENTS
    SECONDS  blackout

A cell begins at a point of the trace that its seed draws, the same for all peers of that profile, scenario and run.
"""

import asyncio
import pathlib

from assignments import FileError
from networks.impairment import Impairment


class Step:
    def __init__(self, seconds, up, down):
        self.seconds, self.up, self.down = seconds, up, down  # up and down are None in a blackout

    @property
    def dark(self):
        return self.up is None


def read(path):
    path = pathlib.Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise FileError(f"{path}: {error.strerror}") from None
    steps = []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.split("#")[0].strip()
        if line:
            steps.append(_step(line, f"{path}:{number}"))
    if not any(not step.dark for step in steps):
        raise FileError(f"{path}: a trace needs a step in which something passes")
    return steps


def _step(line, place):
    first, _, rest = line.partition(" ")
    try:
        seconds = float(first)
    except ValueError:
        raise FileError(f"{place}: a step begins with its length in seconds, found: {first}") from None
    if not 0.1 <= seconds <= 3600:
        raise FileError(f"{place}: a step lasts 0.1 to 3600 s, not {first}")
    rest = rest.strip()
    if rest == "blackout":
        return Step(seconds, None, None)
    up, bar, down = (part.strip() for part in rest.partition("|"))
    if not bar or not up.startswith("up:") or not down.startswith("down:"):
        raise FileError(f"{place}: expected 'blackout' or 'up: … | down: …', found: {rest}")
    return Step(seconds, Impairment(up[3:].split()), Impairment(down[5:].split()))


def from_point(steps, seconds):
    """The endless steps from `seconds` after the trace's begin on (modulo its length)."""
    rest = seconds % sum(step.seconds for step in steps)
    index = 0
    while rest >= steps[index].seconds:
        rest -= steps[index].seconds
        index += 1
    first = steps[index]
    yield Step(first.seconds - rest, first.up, first.down)
    while True:
        index = (index + 1) % len(steps)
        yield steps[index]


async def replay(steps, access, start):
    """Plays until cancelled. Steps are timed from the begin, so that slow commands do not add up."""
    loop = asyncio.get_running_loop()
    due = loop.time()
    for step in from_point(steps, start):
        await access.step(step.up, step.down)
        due += step.seconds
        await asyncio.sleep(max(0.0, due - loop.time()))
