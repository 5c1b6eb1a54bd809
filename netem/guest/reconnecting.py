"""What a careful application does above a connection that can die: it notices silence, connects again and repeats what was not answered.

The rules are the same for every peer that has no such layer of its own (TCP, kcptun, WebSocket), so that peers differ by their transport only.
"""

import asyncio
import time

# Mars, the client of WeChat, gives a package 8 s after the one before it on a good network; longer waits lose users, shorter ones kill
# connections that only wait for a retransmission.
SILENCE_S = 8
# The slowest network that a user would still wait on: a large message may take as long as it takes there, both ways together.
SLOWEST_BYTES_A_SECOND = 2_000
# One attempt to connect, TLS included; the next follows at once.
ATTEMPT_S = 10
# Between two attempts that failed at once (refused, unreachable).
PAUSE_S = 0.5


def patience_s(count):
    """How long silence is borne while so many bytes are unanswered."""
    return SILENCE_S + count / SLOWEST_BYTES_A_SECOND


class Reconnecting:
    """Exchanges over links made by `dial`.

    `await dial(resume)` gives a link with `send(number, body)`, `await receive()` -> (number, body), which raises when the link ends, and `abort()`.
    """

    def __init__(self, dial):
        self.dial = dial
        self.link = None
        self.unanswered = {}  # number -> (body, future)
        self.unanswered_bytes = 0
        self.number = 0
        self.heard_at = 0.0
        self.waiting_since = None
        self.tasks = []
        self.dialling = None

    async def connect(self, resume):
        await self.close()
        await self._dial_until_connected(resume)
        self.tasks = [asyncio.create_task(self._watch())]

    async def exchange(self, body):
        self.number = (self.number + 1) & 0xFFFF or 1
        number = self.number
        future = asyncio.get_running_loop().create_future()
        if not self.unanswered:
            self.waiting_since = time.monotonic()
        self.unanswered[number] = (body, future)
        self.unanswered_bytes += len(body)
        try:
            if self.link is not None:
                self.link.send(number, body)
            return await future
        finally:
            self.unanswered_bytes -= len(body)
            self.unanswered.pop(number, None)

    async def repair(self):
        self._lost(self.link)

    async def close(self):
        for task in self.tasks + [self.dialling]:
            if task is not None:
                task.cancel()
        self.tasks, self.dialling = [], None
        if self.link is not None:
            link, self.link = self.link, None
            link.abort()
        for _, future in list(self.unanswered.values()):
            if not future.done():
                future.set_exception(ConnectionError("closed"))

    async def _dial_until_connected(self, resume):
        while True:
            began = time.monotonic()
            try:
                async with asyncio.timeout(ATTEMPT_S):
                    link = await self.dial(resume)
                break
            except (OSError, EOFError, asyncio.TimeoutError):
                if time.monotonic() - began < PAUSE_S:
                    await asyncio.sleep(PAUSE_S)
        self.link = link
        self.heard_at = time.monotonic()
        for number, (body, _) in list(self.unanswered.items()):
            link.send(number, body)
        self.tasks.append(asyncio.create_task(self._read(link)))

    async def _read(self, link):
        try:
            while True:
                number, body = await link.receive()
                self.heard_at = time.monotonic()
                entry = self.unanswered.pop(number, None)
                if entry is not None and not entry[1].done():
                    entry[1].set_result(body)
        except (OSError, EOFError):
            self._lost(link)

    def _lost(self, link):
        """Connects again, once for each link that is lost."""
        if link is None or link is not self.link:
            return
        self.link = None
        link.abort()
        self.dialling = asyncio.create_task(self._dial_until_connected(True))

    async def _watch(self):
        while True:
            await asyncio.sleep(0.25)
            if self.link is None or not self.unanswered:
                continue
            if time.monotonic() - max(self.heard_at, self.waiting_since) >= patience_s(self.unanswered_bytes):
                self._lost(self.link)


class ReconnectingClient:
    """The verbs of a peer's client, by connections that its `_dial` makes and `Reconnecting` keeps."""

    def __init__(self):
        self.application = Reconnecting(self._dial)

    async def connect(self, resume):
        await self.application.connect(resume)

    async def exchange(self, body, deadline_ms=None):
        return await self.application.exchange(body)

    async def repair(self):
        await self.application.repair()

    async def close(self, forget):
        await self.application.close()
        if forget:
            await self.forget()
