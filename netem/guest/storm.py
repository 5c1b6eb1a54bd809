"""Many clients of one peer in one process, for the storm: all are cut at once, and the question is when each is back.

Each client sends one small message every `every_ms`, the clients spread evenly over that time; a message still unanswered when the next is
due delays it, as a person's phone would not pile up heartbeats. `restored` waits until each has been heard again.
"""

import asyncio
import time

OPENING_AT_ONCE = 50


class StormError(Exception):
    pass


class Storm:
    def __init__(self, make_client, most):
        self.make_client = make_client
        self.most = most
        self.heard_at = []  # per client, monotonic seconds of the last answer
        self.answered = 0
        self.returning = None  # while `restored` waits: per client, milliseconds until it was heard
        self.all_are_back = asyncio.Event()
        self.tasks = []

    async def begin(self, operation, emit):
        wanted = int(operation["connections"])
        count = min(wanted, self.most)
        period = operation.get("every_ms", 2000) / 1000
        body = bytes(int(operation.get("bytes", 40)))
        limit = operation.get("timeout_ms", 120_000) / 1000
        gate = asyncio.Semaphore(OPENING_AT_ONCE)
        clients = [self.make_client() for _ in range(count)]
        self.heard_at = [0.0] * count
        began = time.monotonic()

        async def open_one(client):
            async with gate:
                if hasattr(client, "prepare"):
                    await client.prepare()
                await client.connect(False)

        try:
            async with asyncio.timeout(limit):
                results = await asyncio.gather(*(open_one(client) for client in clients), return_exceptions=True)
        except TimeoutError:
            raise StormError(f"not all of {count} clients were connected within {limit:g} s") from None
        failed = [result for result in results if isinstance(result, Exception)]
        if failed:
            raise StormError(f"{len(failed)} of {count} clients were not connected, the first: {failed[0]!r}")
        self.tasks = [asyncio.create_task(self._keep(index, client, body, period, index / count * period)) for index, client in enumerate(clients)]
        self.tasks.append(asyncio.create_task(self._tell(emit)))
        return {"connections": count, "wanted": wanted, "ms": round((time.monotonic() - began) * 1000, 3)}

    async def restored(self, operation):
        self.mark = time.monotonic()
        self.returning = [None] * len(self.heard_at)
        self.missing = len(self.heard_at)
        self.all_are_back.clear()
        try:
            async with asyncio.timeout(operation.get("timeout_ms", 120_000) / 1000):
                await self.all_are_back.wait()
        except TimeoutError:
            pass
        back, self.returning = self.returning, None
        return {"back_ms": back}

    def _heard(self, index):
        now = time.monotonic()
        self.heard_at[index] = now
        self.answered += 1
        if self.returning is not None and self.returning[index] is None:
            self.returning[index] = round((now - self.mark) * 1000, 3)
            self.missing -= 1
            if self.missing == 0:
                self.all_are_back.set()

    async def _keep(self, index, client, body, period, delay):
        await asyncio.sleep(delay)
        while True:
            began = time.monotonic()
            try:
                await client.exchange(body)
            except Exception:
                # An application whose connection failed beyond its own repair opens a new one.
                try:
                    await client.connect(True)
                except Exception:
                    await asyncio.sleep(1)
                continue
            self._heard(index)
            await asyncio.sleep(max(0.0, began + period - time.monotonic()))

    async def _tell(self, emit):
        while True:
            await asyncio.sleep(1)
            now = time.monotonic()
            emit("storm", clients=len(self.heard_at), answered=self.answered,
                 quiet=sum(1 for heard in self.heard_at if now - heard > 5))
