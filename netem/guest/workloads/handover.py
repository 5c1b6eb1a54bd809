"""Between two access networks. Onto Wi-Fi: the new network is there before the old one goes. Off Wi-Fi: it fades to nothing, its address
disappears, the cellular one appears after a gap. The application is told of each change of route, as phones tell theirs.

`recovery_ms` is off Wi-Fi (from the new route to the first echo after it), `join_ms` onto it (to the first echo of a later message)."""

import asyncio
import time

import profile
from workloads.interruption import InterruptedChat

ACCESSES = 2


async def work(cell):
    get = cell.scenario.number
    cellular, wifi = cell.topology.first, cell.topology.second
    await cell.start_peer()
    await cell.impair()
    await cell.impair(profile.load(cell.scenario.text("wifi")), wifi)
    chat = InterruptedChat(cell)
    await chat.begin()
    cell.samples |= {"recovery_ms": [], "join_ms": []}
    for turn in range(get("rounds")):
        await chat.calm()
        cell.step(f"onto Wi-Fi, {turn + 1} of {get('rounds')}")
        await wifi.attach()
        await wifi.route()
        moment = _tell(cell)
        chat.send_now()
        joined = asyncio.create_task(chat.recovery(moment, of_sent_after=moment))
        await asyncio.sleep(get("linger_ms") / 1000)
        await cellular.detach()
        cell.samples["join_ms"].append(await joined)
        await chat.calm()
        cell.step(f"off Wi-Fi, {turn + 1} of {get('rounds')}")
        await wifi.blackout(True)
        await asyncio.sleep(get("fading_ms") / 1000)
        await wifi.detach()
        await wifi.blackout(False)
        await asyncio.sleep(get("gap_ms") / 1000)
        await cellular.attach()
        await cellular.route()
        moment = _tell(cell)
        cell.samples["recovery_ms"].append(await chat.recovery(moment))
    await chat.calm()
    await chat.end()


def _tell(cell):
    moment = time.monotonic()
    cell.client.ask("repair").add_done_callback(lambda future: _note(cell, future))
    return moment


def _note(cell, future):
    if not future.cancelled() and not future.exception() and not future.result()["ok"]:
        cell.failed("repair", future.result())
