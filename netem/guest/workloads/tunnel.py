"""Requests of an unmodified program, one after the other, each a new TCP connection of it: small ones, then large ones."""

import time


async def work(cell):
    get = cell.scenario.number
    await cell.start_peer()
    await cell.impair()
    await cell.connect()
    await cell.begin_counting()
    small = await _series(cell, "echo_ms", get("requests"), lambda: cell.body(get("bytes")))
    large = await _series(cell, "image_ms", get("large_requests"), lambda: {"bytes": get("large_bytes")})
    await cell.end_counting()
    found = small + large
    cell.figures |= {"sent": len(found), "delivered": sum(1 for value in found if value is not None)}


async def _series(cell, sample, count, make_body):
    get = cell.scenario.number
    found = cell.samples[sample] = []
    end = time.monotonic() + get("budget_s")
    for number in range(count):
        if time.monotonic() > end:
            cell.notes.append(f"{number} of {count} requests of {sample} within {get('budget_s')} s")
            break
        cell.step(f"{sample} {number + 1} of {count}")
        answer = await cell.client.call("exchange", **make_body(), timeout_ms=get("limit_ms"))
        found.append(answer["ms"] if answer["ok"] else None)
        if not answer["ok"]:
            cell.failed("exchange", answer)
    return found
