"""One cell of the table: a profile, a scenario and a peer, from the networks to the result line."""

import asyncio
import base64
import collections
import datetime
import importlib
import pathlib
import random
import shutil
import time

import peercard
import profile
import scenario
import trace
from bodies import Text
from networks.topology import SERVER_ADDRESS, Topology
from peerprocess import PeerFailed, PeerProcess


class Unsupported(Exception):
    """This peer cannot do this scenario; says why."""


class CellFailed(Exception):
    """The workload could not do its work; says why."""


class Cell:
    """What a workload is given. It fills `samples`, `figures` and `notes`."""

    def __init__(self, plan, entry, lane, slot, folder, tell):
        self.plan, self.entry = plan, entry
        self.peer, self.run = entry["peer"], entry.get("run", 1)
        # The same dice for all peers of a profile, scenario and run.
        self.random = random.Random(f"{plan.get('seed', 0)}/{entry['profile']}/{entry['scenario']}/{self.run}")
        self.topology = Topology(lane, slot)
        self.folder = pathlib.Path(folder)
        self.tell = tell
        self.samples = {}
        self.figures = {}
        self.notes = []
        self.failures = collections.Counter()
        self.client = self.server = self.text = None
        self._before = None
        self._replays = []
        self._lap = 0

    async def measure(self):
        """Runs the cell and returns its result line. Never raises but for cancellation."""
        began = time.monotonic()
        line = {key: self.entry.get(key) for key in ("id", "profile", "scenario", "peer", "run", "seed")}
        line = {"record": "cell", **line, "started_at": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")}
        limit = 120 + 3 * float(self.entry.get("seconds", 60))
        try:
            async with asyncio.timeout(limit):
                await self._run()
            status, reason = "ok", None
        except Unsupported as error:
            status, reason = "unsupported", str(error)
        except TimeoutError:
            status, reason = "failed", f"not finished within its limit of {limit:g} s; logs in {self.folder}"
        except asyncio.CancelledError:
            raise
        except Exception as error:  # a failed cell never stops the others
            status, reason = "failed", str(error) or type(error).__name__
            if not isinstance(error, (CellFailed, PeerFailed, OSError)):
                reason = f"{type(error).__name__}: {reason}"
        finally:
            # Cancelled twice or not, the networks go.
            await asyncio.shield(asyncio.create_task(self._close()))
        self.notes += [f"{count} times: {text}" for text, count in self.failures.most_common(3)]
        line |= {"status": status, "reason": reason, "seconds": round(time.monotonic() - began, 1),
                 "samples": self.samples, **self.figures, "notes": self.notes}
        if status != "failed":
            shutil.rmtree(self.folder, ignore_errors=True)
        return line

    async def _run(self):
        self.scenario = scenario.load(self.entry["scenario"], self.plan.get("overrides"))
        self.profile = profile.load(self.entry["profile"])
        cannot = peercard.read(self.peer)["CANNOT"]
        if self.scenario.name in cannot:
            raise Unsupported(cannot[self.scenario.name])
        self.text = Text(self.plan["corpus"], self.random)
        workload = importlib.import_module(f"workloads.{self.scenario.workload}")
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        await self.topology.open(second=getattr(workload, "ACCESSES", 1) == 2)
        await workload.work(self)

    async def _close(self):
        for task in self._replays:
            task.cancel()
        for process in (self.client, self.server):
            if process:
                await process.stop()
        await self.topology.close()

    # What workloads use.

    async def start_peer(self, options=None):
        """Server and client, on clean cables, not connected yet."""
        options = {"seed": self.random.randrange(1 << 31), **(options or {})}
        self.server = await PeerProcess.start(self.topology.server, self.peer, "serve", SERVER_ADDRESS, self.folder)
        self.client = await PeerProcess.start(self.topology.client, self.peer, "client", SERVER_ADDRESS, self.folder, options)

    async def impair(self, which=None, access=None):
        """The cell's profile (or `which`) comes over the first access network (or `access`)."""
        which, access = which or self.profile, access or self.topology.first
        if which.udp:
            await access.police_udp(which.udp)
        if which.steps is None:
            await access.impair(which.up, which.down)
            return
        start = self.random.uniform(0, sum(step.seconds for step in which.steps))
        await access.step(*_first(which.steps, start))
        self._replays.append(asyncio.create_task(trace.replay(which.steps, access, start)))

    def body(self, count):
        """An operation's body: `count` bytes of English text."""
        return self.raw(self.text.take(count))

    @staticmethod
    def raw(body):
        return {"body_b64": base64.b64encode(body).decode()}

    async def begin_counting(self):
        """From here on, bytes and CPU are the workload's."""
        self._before = (self.topology.wire(), await self._cpu())

    async def end_counting(self):
        wire, cpu = self.topology.wire(), await self._cpu()
        before_wire, before_cpu = self._before
        self.figures["wire"] = {key: value - before_wire[key] for key, value in wire.items()}
        self.figures["cpu"] = {key: round(value - before_cpu[key], 3) for key, value in cpu.items()}

    async def _cpu(self):
        client, server = await asyncio.gather(self.client.call("cpu"), self.server.call("cpu"))
        return {"client_s": client.get("cpu_s", 0.0), "server_s": server.get("cpu_s", 0.0)}

    async def connect(self, patience_s=60):
        """The connection before the workload, over the impaired network. False when the peer did not manage it at all."""
        self.step("connecting")
        end = time.monotonic() + patience_s
        while (rest := end - time.monotonic()) > 0:
            answer = await self.client.call("connect", resume=False, timeout_ms=1000 * rest)
            if answer["ok"]:
                return True
            self.failed("connect", answer)
            await asyncio.sleep(min(0.5, max(0.0, end - time.monotonic())))
        self.notes.append(f"not connected within {patience_s:g} s")
        return False

    def failed(self, what, answer):
        self.failures[f"{what}: {answer.get('error')}"] += 1

    def step(self, text):
        """Progress, at most one line in two seconds."""
        now = time.monotonic()
        if now - self._lap >= 2:
            self._lap = now
            self.tell("step", self.entry["id"], text)


def _first(steps, start):
    step = next(trace.from_point(steps, start))
    return step.up, step.down
