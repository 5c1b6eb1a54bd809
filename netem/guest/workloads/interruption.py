"""A chat that something interrupts, again and again, and how long it takes until it goes on: blackout, rebind and handover share this."""

import asyncio
import time

from workloads.messages import Messages


class InterruptedChat:
    def __init__(self, cell):
        self.cell = cell
        self.get = cell.scenario.number
        self.messages = Messages(cell, self.get("patience_s"))
        self.typing = None

    async def begin(self):
        await self.cell.connect()
        await self.cell.begin_counting()
        self.typing = asyncio.create_task(self._type())

    async def calm(self):
        await asyncio.sleep(self.get("calm_ms") / 1000)

    def send_now(self):
        return self.messages.send(self.cell.body(self.get("bytes")))

    async def recovery(self, since, of_sent_after=None):
        """Milliseconds from `since` to the first echo that arrived later, of any message or only of those sent at or after a time; None if
        none came in time."""
        end = since + self.get("patience_s")
        while time.monotonic() < end:
            echoes = [message.echo_at for message in self.messages.all if message.delivered and message.echo_at > since
                      and (of_sent_after is None or message.sent_at >= of_sent_after)]
            if echoes:
                return round(1000 * (min(echoes) - since), 1)
            await asyncio.sleep(0.02)
        return None

    async def end(self):
        self.typing.cancel()
        await self.messages.wait()
        await self.cell.end_counting()
        self.messages.report(late_ms=3000)

    async def _type(self):
        due = time.monotonic()
        while True:
            self.send_now()
            due += self.get("every_ms") / 1000
            await asyncio.sleep(max(0.0, due - time.monotonic()))
