"""The peer's bulk beside a transfer of the kernel's TCP on one bottleneck, from the server to the phone: how they share it.

The profile's `down` has the bottleneck: a rate, and as its limit a queue of one bandwidth-delay product, which `queues_bdp` multiplies.
Each pair meets twice, and each time the other one is there first.
"""

import asyncio
import contextlib
import sys
import time

import bulk
from cell import CellFailed
from networks.impairment import Impairment
from networks.meter import Meter
from networks.topology import SERVER_ADDRESS

PEER_PORT, RIVAL_PORT = 7400, 7401


async def work(cell):
    get, text = cell.scenario.number, cell.scenario.text
    if cell.profile.steps or "limit" not in cell.profile.down.words:
        raise CellFailed(f"fairness needs a profile whose down has a rate and a limit (bottleneck), not {cell.profile.name}")
    await cell.start_peer()
    await cell.impair()
    meter = Meter(cell.topology.client, cell.topology.first.name, [PEER_PORT, RIVAL_PORT])
    await meter.begin()
    if not await cell.connect():
        raise CellFailed("the peer was not connected")
    meetings = cell.figures["fairness"] = []
    for queue in map(float, text("queues_bdp").split()):
        await cell.topology.first.impair(cell.profile.up, with_queue(cell.profile.down, queue))
        for congestion in text("rivals").split():
            cell.step(f"beside {congestion}, queue {queue:g}")
            bytes_of = {PEER_PORT: 0, RIVAL_PORT: 0}
            alone = 0
            for peer_is_first in (True, False):
                flows = [_peer_flow(cell, get("bytes"), get("outstanding")), _rival_flow(cell, congestion)]
                async with flows[0 if peer_is_first else 1]:
                    await asyncio.sleep(get("alone_s") / 2)
                    _, before = await _rates(meter, get("alone_s") / 2)
                    alone = before[0] if peer_is_first else alone
                    async with flows[1 if peer_is_first else 0]:
                        await asyncio.sleep(get("settle_s"))
                        counted, _ = await _rates(meter, get("together_s"))
                bytes_of[PEER_PORT] += counted[0]
                bytes_of[RIVAL_PORT] += counted[1]
                await asyncio.sleep(1)  # the queue runs empty
            meetings.append(meeting(congestion, queue, bytes_of[PEER_PORT], bytes_of[RIVAL_PORT], 2 * get("together_s"), alone))


def with_queue(down, factor):
    """The same direction with `factor` times its queue."""
    words = list(down.words)
    place = words.index("limit") + 1
    words[place] = str(max(1, round(float(words[place]) * factor)))
    return Impairment(words)


def meeting(rival, queue, own, others, seconds, alone):
    """Bytes in `seconds` as rates in bits a second, the peer's share, and Jain's index: 1 for equal shares, a half when one has all."""
    total = own + others
    if total == 0:
        raise CellFailed("nothing arrived of either flow")
    return {"rival": rival, "queue_bdp": queue, "alone_bps": round(alone), "own_bps": round(8 * own / seconds),
            "rival_bps": round(8 * others / seconds), "share": round(own / total, 4),
            "jain": round(total ** 2 / (2 * (own ** 2 + others ** 2)), 4)}


async def _rates(meter, seconds):
    """What each flow brings in this time: bytes, and bits a second by the clock."""
    first, began = await meter.read(), time.monotonic()
    await asyncio.sleep(seconds)
    last, ended = await meter.read(), time.monotonic()
    counted = [after - before for before, after in zip(first, last)]
    return counted, [8 * count / (ended - began) for count in counted]


@contextlib.asynccontextmanager
async def _peer_flow(cell, size, outstanding):
    """So many large messages always under way; the server's echoes are the flow."""
    stopped = asyncio.Event()

    async def keep_sending():
        while not stopped.is_set():
            answer = await cell.client.call("exchange", bytes=size, timeout_ms=60_000)
            if not answer["ok"]:
                cell.failed("bulk", answer)
                await asyncio.sleep(0.5)

    tasks = [asyncio.create_task(keep_sending()) for _ in range(outstanding)]
    try:
        yield
    finally:
        stopped.set()
        done, late = await asyncio.wait(tasks, timeout=20)
        for task in late:
            task.cancel()
        for task in done:
            task.result()  # a peer that has ended


@contextlib.asynccontextmanager
async def _rival_flow(cell, congestion):
    started = []
    try:
        for namespace, words in ((cell.topology.server, ["send", SERVER_ADDRESS, str(RIVAL_PORT), congestion]),
                                 (cell.topology.client, ["take", SERVER_ADDRESS, str(RIVAL_PORT)])):
            with open(cell.folder / "rival.log", "ab") as log:
                process = await asyncio.create_subprocess_exec(
                    "ip", "netns", "exec", namespace, sys.executable, "-B", bulk.__file__, *words, stdout=asyncio.subprocess.PIPE, stderr=log)
            started.append(process)
            if await asyncio.wait_for(process.stdout.readline(), 20) != b"ready\n":
                raise CellFailed(f"the rival with {congestion} did not start; see {cell.folder / 'rival.log'}")
        yield
    finally:
        for process in reversed(started):
            if process.returncode is None:
                process.kill()
            await process.wait()
