"""Nothing passes for a while; the users go on typing. Recovery counts from the light to the first echo."""

import asyncio
import time

from workloads.interruption import InterruptedChat


async def work(cell):
    get = cell.scenario.number
    access = cell.topology.first
    await cell.start_peer()
    await cell.impair()
    chat = InterruptedChat(cell)
    await chat.begin()
    cell.samples["recovery_ms"] = []
    for turn in range(get("rounds")):
        await chat.calm()
        cell.step(f"dark, {turn + 1} of {get('rounds')}")
        await access.blackout(True)
        await asyncio.sleep(get("dark_ms") / 1000)
        await access.blackout(False)
        cell.samples["recovery_ms"].append(await chat.recovery(time.monotonic()))
    await chat.calm()
    await chat.end()
