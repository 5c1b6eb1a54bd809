"""Small frames at a high pace, each worthless after its deadline."""

import random

from workloads.messages import Messages


async def work(cell):
    get = cell.scenario.number
    await cell.start_peer()
    await cell.impair()
    deadline = get("deadline_ms")
    # Frames of a codec do not compress.
    noise = random.Random(cell.random.random())
    messages = Messages(cell, 20)
    await cell.connect()
    await cell.begin_counting()
    await messages.steadily(get("frames"), get("every_ms") / 1000, lambda: cell.raw(noise.randbytes(get("bytes"))), deadline_ms=deadline)
    await messages.wait()
    await cell.end_counting()
    messages.report(late_ms=deadline)
