"""Silence: what keeps the connection alive costs bytes, and the connection should be there afterwards."""

import asyncio


async def work(cell):
    get = cell.scenario.number
    await cell.start_peer()
    await cell.impair()
    cell.figures |= {"sent": 1, "delivered": 0}
    if not await cell.connect():
        return
    first = await cell.client.call("exchange", **cell.body(get("bytes")), timeout_ms=get("limit_ms"))
    if not first["ok"]:
        cell.failed("exchange", first)
    await asyncio.sleep(2)
    await cell.begin_counting()
    silence = get("silence_s")
    for passed in range(int(silence)):
        cell.step(f"{passed} of {silence} s silent")
        await asyncio.sleep(1)
    await cell.end_counting()
    wire = cell.figures["wire"]
    cell.figures["idle"] = {"silence_s": silence, "up_bytes_hour": round(wire["up_bytes"] * 3600 / silence),
                            "down_bytes_hour": round(wire["down_bytes"] * 3600 / silence)}
    cell.notes.append(f"bytes an hour are scaled from {silence} s of silence")
    after = await cell.client.call("exchange", **cell.body(get("bytes")), timeout_ms=get("limit_ms"))
    cell.samples["echo_ms"] = [after["ms"] if after["ok"] else None]
    cell.figures["delivered"] = int(after["ok"])
    if not after["ok"]:
        cell.failed("exchange after the silence", after)
