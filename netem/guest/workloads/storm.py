"""Many clients of one peer in one process; the path goes dark and the NAT forgets them, then it returns. How long until all are back?"""

import asyncio
import time

import profile
from cell import CellFailed
from networks.impairment import Impairment


async def work(cell):
    get = cell.scenario.number
    # All peers are asked for the same, so that their times can be compared.
    wanted = get("user_mode_clients") if is_user_mode() else get("clients")
    await cell.start_peer()
    opened = await cell.client.call("storm", connections=wanted, every_ms=get("every_ms"), bytes=get("bytes"), open_ms=1000 * get("open_s"),
                                    patience_s=get("patience_s"))
    if not opened["ok"]:
        raise CellFailed(f"storm: {opened.get('error')}")
    count = opened["connections"]
    if count < wanted:
        cell.notes.append(f"{count} clients instead of {wanted}: more were not connected within {get('open_s')} s, or are too many for one process")
    # Each phone has a link of its own: delay and loss are theirs, one rate for all of them would be nobody's.
    await cell.impair(profile.Profile(cell.profile.name, *_without_rate(cell.profile), udp=cell.profile.udp))
    await asyncio.sleep(get("every_ms") / 1000)  # every client has been heard once
    await cell.begin_counting()
    cell.step(f"{count} clients cut")
    await cell.topology.first.blackout(True)
    await asyncio.sleep(get("dark_ms") / 1000)
    await cell.topology.first.nat.rebind()
    # Asked in the dark, where nobody can be heard yet; counted from the light.
    waiting = cell.client.ask("restored")
    await asyncio.sleep(0.2)
    await cell.topology.first.blackout(False)
    light_ms = 1000 * time.monotonic()
    cell.step("coming back")
    answer = await waiting
    await cell.end_counting()
    if not answer["ok"]:
        raise CellFailed(f"restored: {answer.get('error')}")
    back = [value if value is None else round(max(0.0, value + answer["since_t_ms"] - light_ms), 3) for value in answer["back_ms"]]
    cell.samples["recovery_ms"] = back
    cell.figures |= {"sent": len(back), "delivered": sum(1 for value in back if value is not None)}
    cell.figures["storm"] = {"clients": count, **{f"back_{share}_ms": _when(back, share) for share in (50, 90, 100)}}


def is_user_mode(path="/proc/cpuinfo"):
    """Whether this kernel is user-mode Linux: one processor, and system calls that cost tens of microseconds."""
    with open(path) as lines:
        return any("User Mode Linux" in line for line in lines)


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
