"""Real chat lines between users, English and Chinese in turn, each user to the next one; one change of the phones' address after a third of
the lines and one blackout after two thirds. Every line must arrive exactly once and each sender's in order: else the cell has failed.
"""

import asyncio
import json
import time

import corpus
import peercard
from cell import CellFailed, Unsupported
from godwit_person import Person, PersonFailed
from networks.topology import SERVER_ADDRESS

_PORT = 7400
_NAMES = ("ann", "wei", "maria", "omar", "li", "noor", "ivan", "aiko")


class Direction:
    """What one user sent to another, and what became of it."""

    def __init__(self, sender, receiver, lines):
        self.sender, self.receiver, self.lines = sender, receiver, lines
        self.sent_at = {}
        self.accepted = set()
        self.arrived = []  # (seconds, index) in order of arrival
        self.foreign = 0  # what arrived and was never sent

    def send(self, person, index):
        self.sent_at[index] = time.monotonic()
        # The index in the body tells equal lines apart; the words are the corpus's own.
        person.send(f"{self.sender}-{index}", self.receiver, f"{index}\t{self.lines[index]}")

    def take(self, body, when):
        number, tab, text = body.partition("\t")
        index = int(number) if tab and number.isdigit() else -1
        if 0 <= index < len(self.lines) and text == self.lines[index] and index in self.sent_at:
            self.arrived.append((when, index))
        else:
            self.foreign += 1

    @property
    def complete(self):
        return len({index for _, index in self.arrived}) == len(self.lines)

    @property
    def duplicates(self):
        return len(self.arrived) - len({index for _, index in self.arrived})

    @property
    def order_breaks(self):
        order = [index for _, index in self.arrived]
        return sum(1 for before, after in zip(order, order[1:]) if after < before)

    def latencies_ms(self):
        """Of each line from its sending to its first arrival; None for those that never came."""
        first = {}
        for when, index in self.arrived:
            first.setdefault(index, when)
        return [round(1000 * (first[index] - sent), 1) if index in first else None for index, sent in sorted(self.sent_at.items())]


def deal(lines, names):
    """Each user speaks to the next; lines go round."""
    count = len(names)
    return [Direction(name, names[(number + 1) % count], lines[number::count]) for number, name in enumerate(names)]


async def work(cell):
    if not peercard.read(cell.peer).get("CARRIER"):
        raise Unsupported("it has no users and no messages between them: the lab would measure its own glue")
    get = cell.scenario.number
    users = get("users")
    if not 2 <= users <= len(_NAMES):
        raise CellFailed(f"users is 2 to {len(_NAMES)}, not {users}")
    directions = deal(corpus.lines(cell.plan["corpus"], get("lines")), _NAMES[:users])
    people = []
    try:
        await _converse(cell, directions, people)
    except PersonFailed as error:
        raise CellFailed(str(error)) from None
    finally:
        for person in people:
            await person.close()
    _report(cell, directions, people)


async def _converse(cell, directions, people):
    get = cell.scenario.number
    carrier = peercard.read(cell.peer)["CARRIER"]
    by_sender = {direction.sender: direction for direction in directions}
    access = cell.topology.first

    def heard(sender, body, when):
        by_sender[sender].take(body, when)

    def accepted(identity, when):
        sender, _, index = identity.rpartition("-")
        by_sender[sender].accepted.add(int(index))

    await cell.start_peer()
    # Accounts are made on a clean cable: the figures are those of the conversation.
    for direction in directions:
        people.append(Person(direction.sender, heard, accepted))
        await people[-1].start(cell.topology.client, SERVER_ADDRESS, _PORT, carrier, cell.folder)
    await cell.impair()
    await cell.begin_counting()
    turns = [(person, direction, index) for index in range(max(len(direction.lines) for direction in directions))
             for person, direction in zip(people, directions) if index < len(direction.lines)]
    light = None
    due = time.monotonic()
    for number, (person, direction, index) in enumerate(turns):
        if number == len(turns) // 3:
            await access.change_address()
        if number == 2 * len(turns) // 3:
            light = asyncio.create_task(_dark(access, get("dark_ms") / 1000))
        direction.send(person, index)  # the users go on typing in the dark
        cell.step(f"{number + 1} of {len(turns)} lines")
        due += get("every_ms") / 1000
        await asyncio.sleep(max(0.0, due - time.monotonic()))
    if light:
        await light
    end = time.monotonic() + get("patience_s")
    while time.monotonic() < end and not all(direction.complete and len(direction.accepted) == len(direction.lines) for direction in directions):
        await asyncio.sleep(0.05)
    await asyncio.sleep(2)  # late duplicates count as well
    await cell.end_counting()
    cell.figures["success"] = await _success(cell)


async def _dark(access, seconds):
    await access.blackout(True)
    await asyncio.sleep(seconds)
    await access.blackout(False)


async def _success(cell):
    """The server's own five-minute rates of tasks and attempts, in percent, from its page /success."""
    answer = await cell.server.call("success")
    if not answer["ok"]:
        cell.notes.append(f"/success: {answer.get('error')}")
        return None
    windows = json.loads(answer["text"])["windows"]["5m"]
    return {kind: None if windows[kind]["rate"] is None else round(100 * windows[kind]["rate"], 3) for kind in ("tasks", "attempts")}


def _report(cell, directions, people):
    latencies = [value for direction in directions for value in direction.latencies_ms()]
    sent = len(latencies)
    delivered = sum(1 for value in latencies if value is not None)
    accepted = sum(len(direction.accepted) for direction in directions)
    duplicates = sum(direction.duplicates for direction in directions)
    breaks = sum(direction.order_breaks for direction in directions)
    foreign = sum(direction.foreign for direction in directions)
    cell.samples["echo_ms"] = latencies
    cell.figures |= {"sent": sent, "delivered": delivered, "accepted": accepted, "duplicates": duplicates, "order_breaks": breaks, "foreign": foreign}
    cell.notes += [problem for person in people for problem in person.problems][:5]
    if not (delivered == accepted == sent and duplicates == breaks == foreign == 0):
        raise CellFailed(f"{delivered} of {sent} lines delivered, {accepted} accepted, {duplicates} doubled, {breaks} out of order, "
                         f"{foreign} never sent; logs in {cell.folder}")
