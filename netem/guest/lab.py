"""The lab's engine: runs the cells of a plan on this kernel, which has sch_netem. Needs root.

    lab.py --plan PLAN.json --results DIR --lane K

Light cells run as many at once as the plan's "parallel" says, each in networks of its own; heavy ones follow, one at a time.
Results go to DIR/lane-K.jsonl, a line a cell; progress goes to standard output, a JSON object a line. Exit codes: 0 when every cell
has its line (whatever its status), 2 for a plan that cannot be run, 130 when told to stop.
"""

import argparse
import asyncio
import json
import os
import pathlib
import platform
import re
import signal
import subprocess
import sys

import loading
import peercard
from cell import Cell
from networks import namespaces


class PlanError(Exception):
    pass


def read_plan(path):
    try:
        plan = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PlanError(f"{path}: {error}") from None
    cells = plan.get("cells") if isinstance(plan, dict) else None
    if not isinstance(cells, list) or not cells:
        raise PlanError(f"{path}: a plan has cells")
    for cell in cells:
        for key in ("id", "profile", "scenario", "peer"):
            if not isinstance(cell, dict) or not isinstance(cell.get(key), str):
                raise PlanError(f"{path}: a cell has id, profile, scenario and peer: {cell}")
    plan.setdefault("corpus", str(loading.ROOT / ".build" / "lab" / "corpus"))
    return plan


def versions(plan):
    """Of everything that the figures depend on."""
    found = {"python": platform.python_version()}
    for path in sorted(loading.PYTHON.glob("*.dist-info")):
        name, _, version = path.name.removesuffix(".dist-info").partition("-")
        found[name] = version
    packages = {"iproute2", "openssl"}
    for peer in {cell["peer"] for cell in plan["cells"]} & set(loading.names()):
        packages |= set(peercard.read(peer)["DEBIAN"])
    asked = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}\n", *sorted(packages)], capture_output=True, text=True)
    found |= dict(line.split(" ", 1) for line in asked.stdout.splitlines() if " " in line)
    if plan.get("godwit"):
        said = subprocess.run([plan["godwit"], "--version"], capture_output=True, text=True, check=False)
        found["godwit"] = said.stdout.strip()
    return found


class Lane:
    def __init__(self, plan, results, name):
        self.plan, self.name = plan, name
        self.results = pathlib.Path(results)
        self.lines = open(self.results / f"lane-{name}.jsonl", "a", encoding="utf-8")
        os.environ["GODWIT"] = str(plan.get("godwit") or "")

    def write(self, record):
        self.lines.write(json.dumps(record, ensure_ascii=False) + "\n")
        self.lines.flush()

    def tell(self, kind, identity, text=""):
        print(json.dumps({"progress": kind, "id": identity, "text": text}, ensure_ascii=False), flush=True)

    async def run(self):
        self.write({"record": "lane", "lane": self.name, "kernel": platform.release(), "machine": platform.machine(),
                    "commit": self.plan.get("commit"), "seed": self.plan.get("seed"), "versions": versions(self.plan)})
        heavy = [cell for cell in self.plan["cells"] if cell.get("cpu") == "heavy"]
        light = [cell for cell in self.plan["cells"] if cell.get("cpu") != "heavy"]
        slots = max(1, int(self.plan.get("parallel", 1)))
        await self._work(light, slots)
        await self._work(heavy, 1)

    async def _work(self, cells, slots):
        waiting = iter(cells)

        async def slot(number):
            for entry in waiting:
                await self._cell(entry, number)

        async with asyncio.TaskGroup() as group:
            for number in range(min(slots, len(cells))):
                group.create_task(slot(number))

    async def _cell(self, entry, slot):
        self.tell("start", entry["id"])
        folder = self.results / "cells" / re.sub(r"[^A-Za-z0-9._-]", "_", entry["id"])
        line = await Cell(self.plan, entry, self.name, slot, folder, self.tell).measure()
        self.write(line)
        self.tell("done", entry["id"], line["status"] + (f": {line['reason']}" if line["reason"] else ""))


async def run(options):
    plan = read_plan(options.plan)
    swept = await namespaces.sweep()
    if swept:
        print(f"lab: removed what an earlier run left: {', '.join(swept)}", file=sys.stderr)
    claim = namespaces.claim_lane(options.lane)
    if claim is None:
        raise PlanError(f"lane {options.lane} is running already on this kernel")
    pathlib.Path(options.results).mkdir(parents=True, exist_ok=True)
    main = asyncio.current_task()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, main.cancel)
    guard = asyncio.create_task(_end_with_parent(main))
    with claim:
        await Lane(plan, options.results, options.lane).run()
    guard.cancel()


async def _end_with_parent(main):
    """Whoever started this may be killed outright: an orphan ends as if it had been told to."""
    parent = os.getppid()
    while os.getppid() == parent:
        await asyncio.sleep(2)
    main.cancel()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plan", required=True)
    parser.add_argument("--results", required=True)
    parser.add_argument("--lane", default="0")
    options = parser.parse_args()
    if os.geteuid() != 0:
        print("lab: network namespaces and netem need root", file=sys.stderr)
        sys.exit(2)
    if not re.fullmatch(r"[a-z0-9]{1,8}", options.lane):
        print("lab: a lane's name is 1 to 8 small letters and digits", file=sys.stderr)
        sys.exit(2)
    try:
        asyncio.run(run(options))
    except PlanError as error:
        print(f"lab: {error}", file=sys.stderr)
        sys.exit(2)
    except asyncio.CancelledError:
        sys.exit(130)


if __name__ == "__main__":
    main()
