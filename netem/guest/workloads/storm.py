"""Many clients of one peer in one process; the path goes dark and the NAT forgets them, then it returns. How long until all are back?"""

import asyncio

import profile
from cell import CellFailed
from networks.impairment import Impairment


async def work(cell):
    get = cell.scenario.number
    wanted = get("clients")
    await cell.start_peer()
    opened = await cell.client.call("storm", connections=wanted, every_ms=get("every_ms"), bytes=get("bytes"), timeout_ms=120_000)
    if not opened["ok"]:
        raise CellFailed(f"storm: {opened.get('error')}")
    count = opened["connections"]
    if count < wanted:
        cell.notes.append(f"{count} clients instead of {wanted}: more than the peer's client can be in one process")
    # Each phone has a link of its own: delay and loss are theirs, one rate for all of them would be nobody's.
    await cell.impair(profile.Profile(cell.profile.name, *_without_rate(cell.profile), udp=cell.profile.udp))
    await asyncio.sleep(10)
    await cell.begin_counting()
    cell.step("cut")
    await cell.topology.first.blackout(True)
    await asyncio.sleep(get("dark_ms") / 1000)
    await cell.topology.first.nat.rebind()
    await cell.topology.first.blackout(False)
    cell.step("coming back")
    answer = await cell.client.call("restored", timeout_ms=1000 * get("patience_s"))
    await cell.end_counting()
    if not answer["ok"]:
        raise CellFailed(f"restored: {answer.get('error')}")
    back = answer["back_ms"]
    cell.samples["recovery_ms"] = back
    cell.figures |= {"sent": len(back), "delivered": sum(1 for value in back if value is not None)}
    cell.figures["storm"] = {"clients": count, **{f"back_{share}_ms": _when(back, share) for share in (50, 90, 100)}}


def _without_rate(cell_profile):
    if cell_profile.steps:
        step = next(step for step in cell_profile.steps if not step.dark)
        directions = (step.up, step.down)
    else:
        directions = (cell_profile.up, cell_profile.down)
    return [Impairment(_dropped(direction.words, ("rate", "limit")) + ["limit", "100000"]) for direction in directions]


def _dropped(words, keys):
    kept, skip = [], False
    for word in words:
        if skip:
            skip = False
        elif word in keys:
            skip = True
        else:
            kept.append(word)
    return kept


def _when(back, share):
    """Milliseconds until `share` percent of all clients were back; None if they never were."""
    ordered = sorted(value for value in back if value is not None)
    need = -(-len(back) * share // 100)
    return ordered[need - 1] if 0 < need <= len(ordered) else None
