"""A large body to the server and back; if it is wanted, in a chat."""

import asyncio
import time


async def work(cell):
    get = cell.scenario.number
    await cell.start_peer()
    await cell.impair()
    count, size = get("images"), get("bytes")
    found = cell.samples["image_ms"] = []
    if not await cell.connect():
        found += [None] * count
        cell.figures |= {"sent": count, "delivered": 0}
        return
    cell.step("the chat before")
    for _ in range(get("messages_before")):
        answer = await cell.client.call("exchange", bytes=200, timeout_ms=get("limit_ms"))
        if not answer["ok"]:
            cell.failed("exchange", answer)
        await asyncio.sleep(0.25)
    await cell.begin_counting()
    end = time.monotonic() + get("budget_s")
    for number in range(count):
        if time.monotonic() > end:
            break
        cell.step(f"image {number + 1} of {count}")
        answer = await cell.client.call("exchange", bytes=size, timeout_ms=get("limit_ms"))
        found.append(answer["ms"] if answer["ok"] else None)
        if not answer["ok"]:
            cell.failed("exchange", answer)
    await cell.end_counting()
    whole = [value for value in found if value is not None]
    cell.figures |= {"sent": len(found), "delivered": len(whole)}
    if whole:
        # Of the application's bytes, both ways together, while an image is on its way.
        cell.figures["goodput_bps"] = round(2 * 8 * size * len(whole) / (sum(whole) / 1000))
