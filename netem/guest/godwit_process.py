"""Godwit as a peer: `godwit serve`, and `godwit client --jsonl` whose own stamps are taken."""

import asyncio
import base64
import json
import os
import pathlib
import subprocess
import time
import urllib.request

import daemons
import loading
from timed import Timed

# The namespace's own loopback: no other server is there.
ADMIN = "127.0.0.1:9464"


def binary():
    path = pathlib.Path(os.environ.get("GODWIT", loading.ROOT / ".build" / "release" / "godwit"))
    if not path.is_file():
        raise daemons.DaemonError(f"{path} is missing: run 'make release' first, or name the binary with GODWIT=…")
    return str(path.resolve())


async def serve(address, port, folder, settings=None):
    """`settings` are variables that change the committed configuration."""
    words = [binary(), "serve", "--config", str(loading.ROOT / "config" / "godwit.yaml"), "--data", str(folder / "data")]
    words += ["--listen", f"{address}:{port}", "--admin", ADMIN]
    process = daemons.start(words, folder, "godwit-serve", env={**os.environ, **(settings or {})})
    await daemons.until_bound(process, port, folder, "godwit-serve")
    done = subprocess.run([binary(), "pin", "--data", str(folder / "data")], capture_output=True, text=True)
    if done.returncode != 0:
        raise daemons.DaemonError(f"godwit pin: {done.stderr.strip()}")
    (folder / "pin").write_text(done.stdout.split()[-1])


def success():
    with urllib.request.urlopen(f"http://{ADMIN}/success", timeout=5) as page:
        return page.read().decode()


def pin(folder):
    return (folder / "pin").read_text()


class Refused(Exception):
    pass


class Client:
    def __init__(self, address, port, folder, carrier):
        self.target = ["--server", f"{address}:{port}", "--pin", pin(folder), "--carrier", carrier]
        self.words = [binary(), "client", "--jsonl", "--no-connect", *self.target, "--flush-seconds", "0", "--timeout-ms", "86400000"]
        self.folder = folder
        self.process = None
        self.number = 0
        self.state = "disconnected"
        self.replies = {}  # id -> future
        self.datagrams = {}  # body -> (future, sent at)
        self.opened = None  # future of the next `connected` or `resumed`
        self.closed = None  # future of the next `disconnected`

    async def connect(self, resume):
        """Up to the open session."""
        await self.close(forget=not resume)
        self._open()
        return await self.opened

    async def connect_and_exchange(self, resume, body):
        """An application just asks, and the request waits inside the client: it leaves with what opens the session."""
        await self.close(forget=not resume)
        identity, reply = self._request(body)
        try:
            self._open()
            connect_ms = await self.opened
            return connect_ms, await reply
        finally:
            self.replies.pop(identity, None)

    async def exchange(self, body, deadline_ms=None):
        if deadline_ms is not None:
            return await self._exchange_datagram(body, deadline_ms)
        identity, reply = self._request(body)
        try:
            return await reply
        finally:
            self.replies.pop(identity, None)

    async def _exchange_datagram(self, body, deadline_ms):
        """What has a deadline goes unreliably; the body tells the echoes apart."""
        future = asyncio.get_running_loop().create_future()
        self.datagrams[body] = (future, time.monotonic() * 1000)
        self._write({"op": "datagram", "cmd": "echo", "body_base64": base64.b64encode(body).decode(), "deadline_ms": max(1, int(deadline_ms))})
        try:
            async with asyncio.timeout(deadline_ms / 1000):
                return await future
        finally:
            self.datagrams.pop(body, None)

    async def repair(self):
        """Nothing: the client hears of changed addresses from the kernel, and of the rest from silence."""

    async def close(self, forget):
        if self.state == "disconnected" and not forget:
            return
        self.closed = asyncio.get_running_loop().create_future()
        self._write({"op": "disconnect", "forget": forget})
        if self.state != "disconnected":
            await self.closed

    def _open(self):
        self.opened = asyncio.get_running_loop().create_future()
        self._write({"op": "connect"})

    def _request(self, body):
        self.number += 1
        identity = str(self.number)
        reply = self.replies[identity] = asyncio.get_running_loop().create_future()
        self._write({"op": "request", "id": identity, "cmd": "echo", "body_base64": base64.b64encode(body).decode()})
        return identity, reply

    async def prepare(self):
        self.process = await asyncio.create_subprocess_exec(
            *self.words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=open(self.folder / "godwit-client.log", "ab"),
            limit=1 << 20, preexec_fn=daemons.die_with_parent)
        self.reading = asyncio.create_task(self._read())

    def _write(self, line):
        self.process.stdin.write(json.dumps(line).encode() + b"\n")

    async def _read(self):
        async for line in self.process.stdout:
            event = json.loads(line)
            kind = event["event"]
            if kind == "reply":
                self._settle(self.replies.get(event["id"]), Timed(base64.b64decode(event["body_base64"]), event["latency_ms"]))
            elif kind == "datagram":
                body = base64.b64decode(event["body_base64"]) if "body_base64" in event else event["body"].encode()
                future, sent_at = self.datagrams.get(body, (None, 0))
                # The client stamps with the same monotonic clock.
                self._settle(future, Timed(body, event["t_ms"] - sent_at))
            elif kind == "error" and "id" in event:
                self._fail(self.replies.get(event["id"]), Refused(f"{event['code']}: {event['message']}"))
            elif kind == "state":
                self.state = event["state"]
                if self.state in ("connected", "resumed"):
                    self._settle(self.opened, event.get("connect_ms"))
                elif self.state == "disconnected":
                    self._settle(self.closed, None)
        for future in [*self.replies.values(), *(future for future, _ in self.datagrams.values()), self.opened, self.closed]:
            self._fail(future, ConnectionError("godwit client ended; see godwit-client.log"))

    @staticmethod
    def _settle(future, value):
        if future is not None and not future.done():
            future.set_result(value)

    @staticmethod
    def _fail(future, error):
        if future is not None and not future.done():
            future.set_exception(error)


class Storm:
    """`godwit bench storm`: all clients in one process of Godwit's own."""

    def __init__(self, client):
        self.client = client

    async def begin(self, operation, emit):
        wanted = int(operation["connections"])
        self.patience = operation.get("patience_s", 90)
        open_ms = int(operation.get("open_ms", 60_000))
        words = [binary(), "bench", "storm", *self.client.target, "--connections", str(wanted), "--open-ms", str(open_ms)]
        words += ["--every-ms", str(operation.get("every_ms", 10_000)), "--size", str(operation.get("bytes", 40)), "--seconds", "3600",
                  "--patience", str(self.patience)]
        with open(self.client.folder / "godwit-storm.log", "ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, limit=1 << 20, preexec_fn=daemons.die_with_parent)
        self.opened, self.back = (asyncio.get_running_loop().create_future() for _ in range(2))
        self.reading = asyncio.create_task(self._read(emit))
        async with asyncio.timeout(open_ms / 1000 + 30):
            event = await self.opened
        if event["clients"] == 0:
            raise ConnectionError(f"none of {wanted} clients was connected within {open_ms / 1000:g} s")
        return {"connections": event["clients"], "wanted": wanted, "ms": event["ms"]}

    async def restored(self, operation):
        self.back = asyncio.get_running_loop().create_future()
        self.process.stdin.write(b"restored\n")
        async with asyncio.timeout(self.patience + 30):  # it answers at the end of its own patience, late when the processor is busy
            event = await self.back
        return {"back_ms": event["back_ms"], "since_t_ms": event["since_t_ms"]}

    async def _read(self, emit):
        async for line in self.process.stdout:
            event = json.loads(line)
            kind = event.pop("event")
            event.pop("t_ms", None)
            if kind == "open":
                self.opened.set_result(event)
            elif kind == "back" and not self.back.done():
                self.back.set_result(event)
            elif kind == "storm":
                emit("storm", **event)
        for future in (self.opened, self.back):
            if not future.done():
                future.set_exception(ConnectionError("godwit bench storm ended; see godwit-storm.log"))
                future.exception()  # nobody may be waiting any more
