"""A user of the IM core: `godwit client --jsonl` in the phone's namespace, logged in, driven and heard by the engine."""

import asyncio
import json
import time

import godwit_process


class PersonFailed(Exception):
    pass


class Person:
    """`heard` is called with (sender, body, seconds) for every message that the client prints, `accepted` with (id, seconds)."""

    def __init__(self, name, heard, accepted):
        self.name, self.heard, self.accepted = name, heard, accepted
        self.problems = []
        self.closing = False
        self.logged_in = asyncio.get_running_loop().create_future()
        self.process = self.reading = None

    async def start(self, namespace, address, port, carrier, folder):
        words = ["ip", "netns", "exec", namespace, godwit_process.binary(), "client", "--jsonl", "--server", f"{address}:{port}"]
        words += ["--pin", godwit_process.pin(folder), "--carrier", carrier, "--state", str(folder / f"state-{self.name}")]
        with open(folder / f"{self.name}.log", "wb") as log:
            self.process = await asyncio.create_subprocess_exec(
                *words, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=log, limit=1 << 21, start_new_session=True)
        self.reading = asyncio.create_task(self._read())
        self.command(op="login", user=self.name, password=f"{self.name} walks in the rain")
        try:
            async with asyncio.timeout(30):
                await self.logged_in
        except TimeoutError:
            raise PersonFailed(f"{self.name} could not log in within 30 s; see {folder / f'{self.name}.log'}") from None

    def send(self, identity, to, body):
        self.command(op="send", id=identity, to=to, body=body)

    def command(self, **fields):
        self.process.stdin.write(json.dumps(fields, ensure_ascii=False).encode() + b"\n")

    async def close(self):
        if self.process is None:
            return
        self.closing = True
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        self.reading.cancel()

    async def _read(self):
        async for line in self.process.stdout:
            event = json.loads(line)
            kind, when = event["event"], event.get("t_ms", 1000 * time.monotonic()) / 1000
            if kind == "message" and event["from"] != self.name:
                self.heard(event["from"], event["body"], when)
            elif kind == "sent":
                self.accepted(event["id"], when)
            elif kind == "login" and not self.logged_in.done():
                self.logged_in.set_result(event)
            elif kind == "error":
                self.problems.append(f"{self.name}: {event.get('code')}: {event.get('message')}")
                if not self.logged_in.done():
                    self.logged_in.set_exception(PersonFailed(self.problems[-1]))
        if not self.closing:
            self.problems.append(f"{self.name}: the client ended")
        if not self.logged_in.done():
            self.logged_in.set_exception(PersonFailed(f"{self.name}: the client ended before it was logged in"))
            self.logged_in.exception()  # nobody may be waiting any more
