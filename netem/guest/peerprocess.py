"""The engine's end of worker.py: one process around one side of a peer, inside a namespace."""

import asyncio
import collections
import json
import os
import pathlib
import signal
import sys

_WORKER = pathlib.Path(__file__).resolve().parent / "worker.py"
_LINE_LIMIT = 8 << 20
_START_SECONDS = 60


class PeerFailed(Exception):
    """The process ended, or never became ready. Says where its log is."""


class PeerProcess:
    def __init__(self, peer, side, log):
        self.peer, self.side, self.log = peer, side, log
        self.process = self.reader = None
        self.answers = {}
        self.number = 0
        self.ready = asyncio.get_running_loop().create_future()
        self.events = collections.deque(maxlen=200_000)  # what is no answer: (event, fields)
        self.arrival = asyncio.Event()

    @classmethod
    async def start(cls, namespace, peer, side, address, folder, options=None):
        log = pathlib.Path(folder) / f"{side}.log"
        self = cls(peer, side, log)
        words = ["ip", "netns", "exec", namespace, sys.executable, "-B", str(_WORKER), peer, side, "--address", address, "--folder", str(folder)]
        if options:
            words += ["--options", json.dumps(options)]
        with open(log, "wb") as errors:
            self.process = await asyncio.create_subprocess_exec(
                *words, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=errors,
                limit=_LINE_LIMIT, start_new_session=True)
        self.reader = asyncio.create_task(self._read())
        try:
            async with asyncio.timeout(_START_SECONDS):
                await self.ready
        except TimeoutError:
            await self.stop()
            raise PeerFailed(f"the {side} of {peer} was not ready within {_START_SECONDS} s; see {log}") from None
        except BaseException:
            await self.stop()
            raise
        return self

    def ask(self, op, **fields):
        """Sends an operation; the future holds its answer, whose "ok" says how it went. Raises PeerFailed if the process has ended."""
        self.number += 1
        future = asyncio.get_running_loop().create_future()
        if self.reader.done():
            future.set_exception(self._ended())
            return future
        self.answers[self.number] = future
        self.process.stdin.write(json.dumps({"op": op, "id": self.number, **fields}).encode() + b"\n")
        return future

    async def call(self, op, **fields):
        return await self.ask(op, **fields)

    async def stop(self):
        """Asks it to end, then makes it. What it started and left is killed with the namespace."""
        if self.process is None:
            return
        try:
            if self.process.returncode is None:
                self.process.stdin.write(b'{"op":"quit"}\n')
                self.process.stdin.close()
                await asyncio.wait_for(self.process.wait(), 3)
        except (asyncio.TimeoutError, ConnectionError):
            pass
        finally:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            await self.process.wait()
            if self.reader:
                self.reader.cancel()

    async def _read(self):
        try:
            async for line in self.process.stdout:
                try:
                    message = json.loads(line)
                    event = message.pop("event")
                except (ValueError, KeyError, AttributeError):
                    continue  # a library's print is no message
                self._take(event, message)
        finally:
            error = self._ended()
            for future in [self.ready, *self.answers.values()]:
                if not future.done():
                    future.set_exception(error)
                    future.exception()  # an answer that nobody waits for any more is no news
            self.answers.clear()
            self.arrival.set()

    def _take(self, event, message):
        if event == "done":
            future = self.answers.pop(message.get("id"), None)
            if future and not future.done():
                future.set_result(message)
        elif event == "ready":
            if not self.ready.done():
                self.ready.set_result(message)
        elif event == "failed":
            if not self.ready.done():
                self.ready.set_exception(PeerFailed(f"the {self.side} of {self.peer} did not start: {message.get('error')}; see {self.log}"))
        else:
            self.events.append((event, message))
            self.arrival.set()

    def _ended(self):
        return PeerFailed(f"the {self.side} of {self.peer} ended before it was told to; see {self.log}")
