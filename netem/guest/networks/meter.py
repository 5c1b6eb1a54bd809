"""Bytes of single flows where they arrive, told apart by the server's port: tc's counters at the phone's entrance."""

import re

from .commands import run

_PREFERENCE = re.compile(r"\bpref (\d+)\b")
_SENT = re.compile(r"\bSent (\d+) bytes\b")


class Meter:
    """`read` gives the bytes that came from each port since `begin`, headers of IP included."""

    def __init__(self, namespace, device, ports):
        self.namespace, self.device, self.ports = namespace, device, list(ports)

    async def begin(self):
        lines = [f"qdisc replace dev {self.device} ingress"]
        lines += [f"filter replace dev {self.device} parent ffff: protocol ip prio {number} u32 match ip sport {port} 0xffff action pass"
                  for number, port in enumerate(self.ports, 1)]
        await run("tc", "-n", self.namespace, "-batch", "-", lines=lines)

    async def read(self):
        text = await run("tc", "-n", self.namespace, "-s", "filter", "show", "dev", self.device, "parent", "ffff:")
        counts = sent_by_preference(text)
        return [counts.get(number, 0) for number, _ in enumerate(self.ports, 1)]


def sent_by_preference(text):
    """From the text of `tc -s filter show`: each filter's preference and what its action counted."""
    counts, preference = {}, None
    for line in text.splitlines():
        if line.startswith("filter") and (found := _PREFERENCE.search(line)):
            preference = int(found.group(1))
        elif preference is not None and (found := _SENT.search(line)):
            counts[preference] = counts.get(preference, 0) + int(found.group(1))
    return counts
