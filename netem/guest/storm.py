"""Many clients of one peer in one process, for the storm: all are cut at once, and the question is when each is back.

Clients are opened a batch at a time, as many as there is time for; those that are not connected by then take no part. Each sends one small
message every `every_ms`, the clients spread evenly over that time; a message still unanswered when the next is due delays it, as a person's
phone would not pile up heartbeats. `restored` waits until each has been heard again.
"""

import asyncio
import time

# TLS handshakes in Python take both ends' processor; more at a time only wait for each other, until they time out.
OPENING_AT_ONCE = 20


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
        period = operation.get("every_ms", 10_000) / 1000
        self.patience = operation.get("patience_s", 90)
        body = bytes(int(operation.get("bytes", 40)))
        clients = [self.make_client() for _ in range(min(wanted, self.most))]
        began = time.monotonic()
        clients = await self._opened(clients, operation.get("open_ms", 60_000) / 1000)
        count = len(clients)
        self.heard_at = [0.0] * count
        self.tasks = [asyncio.create_task(self._keep(index, client, body, period, index / count * period)) for index, client in enumerate(clients)]
        self.tasks.append(asyncio.create_task(self._tell(emit)))
        return {"connections": count, "wanted": wanted, "ms": round((time.monotonic() - began) * 1000, 3)}

    async def _opened(self, clients, seconds):
        """Those of the clients that could be connected in this time."""
        gate = asyncio.Semaphore(OPENING_AT_ONCE)

        async def open_one(client):
            async with gate:
                if hasattr(client, "prepare"):
                    await client.prepare()
                await client.connect(False)

        tasks = {asyncio.create_task(open_one(client)): client for client in clients}
        done, late = await asyncio.wait(tasks, timeout=seconds)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)
        await asyncio.gather(*(tasks[task].close(True) for task in late), return_exceptions=True)
        failures = [error for task in done if (error := task.exception()) is not None]
        opened = [client for task, client in tasks.items() if task in done and task.exception() is None]
        if not opened:
            raise StormError(f"none of {len(clients)} clients was connected within {seconds:g} s" + (f", the first: {failures[0]!r}" if failures else ""))
        return opened

    async def restored(self, operation):
        self.mark = time.monotonic()  # seconds
        self.returning = [None] * len(self.heard_at)
        self.missing = len(self.heard_at)
        self.all_are_back.clear()
        try:
            async with asyncio.timeout(self.patience):
                await self.all_are_back.wait()
        except TimeoutError:
            pass
        back, self.returning = self.returning, None
        return {"back_ms": back, "since_t_ms": round(self.mark * 1000, 3)}

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
