"""Connections: fresh ones, then resumed ones, each from the call to the echo of one message."""

import asyncio
import time


async def work(cell):
    get = cell.scenario.number
    await cell.start_peer()
    await cell.impair()
    await cell.begin_counting()
    cell.samples["connect_ms"] = await _series(cell, "fresh", resume=False)
    await cell.end_counting()
    count = len(cell.samples["connect_ms"])
    cell.figures |= {"sent": count, "delivered": sum(1 for value in cell.samples["connect_ms"] if value is not None)}
    cell.samples["resume_ms"] = []
    if not await cell.connect():
        return
    answer = await cell.client.call("exchange", **cell.body(get("bytes")), timeout_ms=get("limit_ms"))
    if not answer["ok"]:
        cell.notes.append("the connection to resume from gave no echo")
    await asyncio.sleep(get("linger_ms") / 1000)
    await cell.client.call("close", forget=False)
    cell.samples["resume_ms"] = await _series(cell, "resumed", resume=True)


async def _series(cell, name, resume):
    get = cell.scenario.number
    found = []
    end = time.monotonic() + get("budget_s")
    for number in range(get("connections")):
        if time.monotonic() > end:
            cell.notes.append(f"{number} of {get('connections')} {name} connections within {get('budget_s')} s")
            break
        cell.step(f"{name} connection {number + 1} of {get('connections')}")
        answer = await cell.client.call("connect", resume=resume, timeout_ms=get("limit_ms"), **cell.body(get("bytes")))
        found.append(answer["reply_ms"] if answer["ok"] else None)
        if not answer["ok"]:
            cell.failed("connect", answer)
        elif resume:
            await asyncio.sleep(get("linger_ms") / 1000)
        await cell.client.call("close", forget=not resume)
        await asyncio.sleep(0.1)
    return found
