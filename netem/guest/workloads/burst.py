"""Many messages at once after a pause, several rounds."""

import asyncio

from workloads.messages import Messages


async def work(cell):
    get = cell.scenario.number
    await cell.start_peer()
    await cell.impair()
    messages = Messages(cell, get("patience_s"))
    await cell.connect()
    await cell.begin_counting()
    whole = []
    for turn in range(get("rounds")):
        await asyncio.sleep(get("pause_ms") / 1000)
        sent = [messages.send(cell.body(get("bytes"))) for _ in range(get("messages"))]
        cell.step(f"round {turn + 1} of {get('rounds')}")
        await messages.answered(sent)
        # Until the last echo of the round: that is when the user has caught up.
        whole.append(max(message.ms for message in sent) if all(message.delivered for message in sent) else None)
    await messages.wait()
    await cell.end_counting()
    messages.report(late_ms=3000)
    cell.samples["round_ms"] = whole
