"""The networks of one cell: a client, a server, and one or two access networks between them."""

from . import counters, namespaces
from .access import Access
from .commands import run

SERVER_ADDRESS = "10.9.0.1"


class Topology:
    """Names carry lane and slot, so that cells on one kernel never meet. `close` removes everything."""

    def __init__(self, lane, slot):
        prefix = f"{namespaces.PREFIX}{lane}-{slot}-"
        self.client, self.server = f"{prefix}client", f"{prefix}server"
        self.first = Access(1, "wwan", prefix, self.client, self.server)
        self.second = Access(2, "wlan", prefix, self.client, self.server)
        self.accesses = []

    async def open(self, second=False):
        await self.close()
        self.accesses = [self.first] + ([self.second] if second else [])
        await namespaces.add([self.client, self.server] + [access.router for access in self.accesses])
        for name in (self.client, self.server):
            await run("ip", "-n", name, "link", "set", "lo", "up")
        await run("ip", "-n", self.server, "addr", "add", f"{SERVER_ADDRESS}/32", "dev", "lo")
        for access in self.accesses:
            await access.connect()
        await self.first.attach()
        await self.first.route()

    async def close(self):
        for name in (self.client, self.server, self.first.router, self.second.router):
            await namespaces.remove(name)

    def wire(self):
        """Bytes and packets so far: sent by each end, and what of them arrived at the other; link-layer headers included."""
        client, server = (self._interfaces(name) for name in (self.client, self.server))
        return {
            "up_bytes": client["tx_bytes"], "up_packets": client["tx_packets"],
            "down_bytes": server["tx_bytes"], "down_packets": server["tx_packets"],
            "up_arrived_packets": server["rx_packets"], "down_arrived_packets": client["rx_packets"],
        }

    @staticmethod
    def _interfaces(name):
        for number in namespaces.processes(name):
            try:
                with open(f"/proc/{number}/net/dev") as file:
                    return counters.interface_totals(file.read())
            except OSError:
                continue
        return counters.interface_totals("")
