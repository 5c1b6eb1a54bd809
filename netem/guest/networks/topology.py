"""The networks of one cell: a client, a server, and one or two access networks between them."""

from . import counters, namespaces
from .access import Access
from .commands import batch, script

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
        commands = [batch("ip", [f"netns add {name}" for name in (self.client, self.server, *(access.router for access in self.accesses))])]
        commands.append(f"ip -n {self.client} link set lo up")
        commands.append(batch(f"ip -n {self.server}", ["link set lo up", f"addr add {SERVER_ADDRESS}/32 dev lo"]))
        for access in self.accesses:
            commands += access.commands()
            commands += access.nat.commands()
        commands += self.first.attachment()
        commands += self.first.routing()
        await script(commands)

    async def close(self):
        await namespaces.remove([self.client, self.server, self.first.router, self.second.router])

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
