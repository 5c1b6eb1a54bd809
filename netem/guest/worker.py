"""The uniform process around a peer: runs inside a network namespace, takes JSON lines, gives JSON lines.

    worker.py PEER serve  --address A --port P --folder DIR
    worker.py PEER client --address A --port P --folder DIR [--options JSON]

PEER names a file of netem/peers. The folder is shared by the two sides: the server leaves its certificate or pin there.
First line out: {"event":"ready","t_ms":…} or {"event":"failed","error":…} with exit code 1. The end of input ends the process.

Every operation carries an "id" and is answered once, in order of completion, by
{"event":"done","id":…,"op":…,"ok":true|false,"error":…,"t_ms":…} and, where it took the network, "ms", from the call to its end.
`t_ms` is this machine's monotonic clock. Operations do not wait for each other. Those of a client:

    connect    resume, timeout_ms (20000); with a body also one exchange on the new connection: "ms" up to usable, "reply_ms" up to the reply
    exchange   a body, deadline_ms (for what is worthless later), timeout_ms (60000); "ms", "began_t_ms"
    repair     tell the client that the network changed
    close      forget
    storm      connections, every_ms (10000), bytes, open_ms, patience_s: see storm.py; "connections" is how many there really are
    restored   when each client of the storm is heard again: "back_ms" since "since_t_ms", a number or null each

The server takes `success` ("text": Godwit's page /success). Both sides take `cpu` ("cpu_s": processor seconds of the peer so far) and `quit`.
A body is "body_b64", or "bytes": so many bytes that do not compress.
"""

import argparse
import asyncio
import base64
import json
import os
import pathlib
import random
import resource
import sys
import time

import loading
import processor
from storm import Storm, StormError

LINE_LIMIT = 1 << 20


def now_ms():
    return time.monotonic() * 1000


def emit(event, **fields):
    line = {"event": event, "t_ms": round(now_ms(), 3), **fields}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def body_of(operation):
    if "body_b64" in operation:
        return base64.b64decode(operation["body_b64"], validate=True)
    return random.Random(str(operation.get("id"))).randbytes(int(operation["bytes"]))


def describe(error):
    if isinstance(error, (asyncio.TimeoutError, TimeoutError)):
        return "timed out"
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


class ServerOperations:
    def __init__(self, peer):
        self.peer = peer

    async def cpu(self, operation):
        return {"cpu_s": round(processor.seconds(own=not getattr(self.peer, "OWN_PROCESS", False)), 3)}

    async def success(self, operation):
        """Godwit's own success rates; other peers have none."""
        if not hasattr(self.peer, "success"):
            raise ValueError("this peer's server has no success rates")
        return {"text": await asyncio.to_thread(self.peer.success)}


class ClientOperations(ServerOperations):
    def __init__(self, peer, make_client):
        super().__init__(peer)
        self.client = make_client()
        self.make_client = make_client
        self.storm_run = None

    async def connect(self, operation):
        limit = operation.get("timeout_ms", 20_000) / 1000
        began = time.monotonic()
        async with asyncio.timeout(limit):
            resume = bool(operation.get("resume"))
            if "bytes" not in operation and "body_b64" not in operation:
                ms = await self.client.connect(resume)
                return {"ms": elapsed(began) if ms is None else ms}
            body = body_of(operation)
            if hasattr(self.client, "connect_and_exchange"):
                ms, reply = await self.client.connect_and_exchange(resume, body)
            else:
                await self.client.connect(resume)
                ms = elapsed(began)
                reply = await self.client.exchange(body)
            check(body, reply)
            reply_ms = getattr(reply, "ms", elapsed(began))
            return {"ms": reply_ms if ms is None else ms, "reply_ms": reply_ms}

    async def exchange(self, operation):
        body = body_of(operation)
        deadline = operation.get("deadline_ms")
        began = time.monotonic()
        async with asyncio.timeout(operation.get("timeout_ms", 60_000) / 1000):
            reply = await self.client.exchange(body, deadline)
        answer = {"ms": getattr(reply, "ms", elapsed(began)), "began_t_ms": round(began * 1000, 3)}
        check(body, reply)
        return answer

    async def repair(self, operation):
        await self.client.repair()
        return {}

    async def close(self, operation):
        await self.client.close(bool(operation.get("forget")))
        return {}

    async def storm(self, operation):
        # A peer that has a load tool of its own (Godwit) brings it along; the others are many clients in this process.
        make = getattr(self.peer, "Storm", None)
        self.storm_run = make(self.client) if make else Storm(self.make_client, getattr(self.peer, "STORM_CLIENTS", 500))
        return await self.storm_run.begin(operation, emit)

    async def restored(self, operation):
        if self.storm_run is None:
            raise StormError("'restored' needs a 'storm' before it")
        return await self.storm_run.restored(operation)


async def prepare(client):
    """What belongs to an application's start and not to a connection: helper processes, loaded libraries."""
    if hasattr(client, "prepare"):
        await client.prepare()


def elapsed(began):
    return round((time.monotonic() - began) * 1000, 3)


def check(body, reply):
    if reply != body:
        raise ValueError(f"the echo differs: {len(body)} bytes went, {len(reply)} came back")


async def answer(operations, line):
    operation = {}
    try:
        operation = json.loads(line)
        name = operation.get("op")
        verb = getattr(operations, str(name), None) if not str(name).startswith("_") else None
        if not asyncio.iscoroutinefunction(verb):
            raise ValueError(f"unknown op '{name}'")
        fields = {"ok": True, **await verb(operation)}
    except Exception as error:  # whatever a peer's library raises is this operation's failure, and only this one's
        fields = {"ok": False, "error": describe(error)}
    except asyncio.CancelledError:  # by a library from within: unanswered, the workload would wait for ever
        if asyncio.current_task().cancelling():
            raise
        fields = {"ok": False, "error": "cancelled by the peer's library"}
    if isinstance(operation, dict):
        emit("done", id=operation.get("id"), op=operation.get("op"), **fields)


async def lines_of_input():
    reader = asyncio.StreamReader(limit=LINE_LIMIT)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        yield line


async def run(options):
    peer = loading.peer(options.peer)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a storm's connections; children inherit it
    folder = pathlib.Path(options.folder)
    folder.mkdir(parents=True, exist_ok=True)
    if options.side == "serve":
        await peer.serve(options.address, options.port, folder)
        operations = ServerOperations(peer)
    else:
        settings = json.loads(options.options)
        operations = ClientOperations(peer, lambda: peer.Client(options.address, options.port, folder, settings))
        await prepare(operations.client)
    emit("ready", pid=os.getpid())
    tasks = set()
    async for line in lines_of_input():
        if not line.strip():
            continue
        if b'"quit"' in line and json.loads(line).get("op") == "quit":
            break
        task = asyncio.create_task(answer(operations, line))
        tasks.add(task)
        task.add_done_callback(tasks.discard)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peer")
    parser.add_argument("side", choices=["serve", "client"])
    parser.add_argument("--address", required=True)
    parser.add_argument("--port", type=int, default=7400)
    parser.add_argument("--folder", required=True, help="shared by the two sides: certificates, pins, logs")
    parser.add_argument("--options", default="{}", help="a JSON object for the peer's Client")
    options = parser.parse_args()
    try:
        asyncio.run(run(options))
    except Exception as error:
        emit("failed", error=describe(error))
        raise
    # Daemons die with this process (daemons.py); connections need no farewell that could fail.
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
