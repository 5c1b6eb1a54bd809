"""The NAT forgets its mappings while a chat goes on, and nobody is told. Recovery counts from then to the first echo of a later message:
echoes that were past the NAT already prove nothing."""

import time

from workloads.interruption import InterruptedChat


async def work(cell):
    get = cell.scenario.number
    await cell.start_peer()
    await cell.impair()
    chat = InterruptedChat(cell)
    await chat.begin()
    cell.samples["recovery_ms"] = []
    for turn in range(get("rounds")):
        await chat.calm()
        cell.step(f"rebinding {turn + 1} of {get('rounds')}")
        await cell.topology.first.nat.rebind()
        moment = time.monotonic()
        chat.send_now()
        cell.samples["recovery_ms"].append(await chat.recovery(moment, of_sent_after=moment))
    await chat.calm()
    await chat.end()
