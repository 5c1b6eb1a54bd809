"""One access network: the cable from the phone to a router that translates addresses, and the router's cable to the server.

Both directions are impaired at the router, in the middle, so that the ends' own counters and queues are not disturbed: a sender's
kernel does not feel a full netem queue, and its interface counts what it sends, not what survives.

    client  NAME 192.168.N.2  ──  in 192.168.N.1  router  out 10.9.N.2  ──  NAME 10.9.N.1  server (and 10.9.0.1 on lo)
                          down: netem on `in`               up: netem on `out`
"""

from . import nat, policing
from .commands import batch, run, script
from .impairment import CLEAN


class Access:
    def __init__(self, number, name, prefix, client, server):
        self.number, self.name = number, name
        self.client, self.server = client, server
        self.router = f"{prefix}{name}"
        self.up = self.down = CLEAN
        self.is_dark = self.trace_is_dark = False
        self.gateway = f"192.168.{number}.1"
        self.host = 2  # the phone's last byte
        self.nat = nat.Translation(self.router, "out")

    def commands(self):
        """Make cables and router; the client has no address yet."""
        n, name, router = self.number, self.name, self.router
        yield batch("ip", [
            f"link add {name} netns {self.client} type veth peer name in netns {router}",
            f"link add out netns {router} type veth peer name {name} netns {self.server}",
        ])
        yield batch(f"ip -n {router}", [
            "link set lo up",
            f"addr add 192.168.{n}.1/24 dev in", "link set in up",
            f"addr add 10.9.{n}.2/24 dev out", "link set out up",
            f"route add 10.9.0.1/32 via 10.9.{n}.1",
        ])
        yield batch(f"ip -n {self.server}", [f"addr add 10.9.{n}.1/24 dev {name}", f"link set {name} up"])
        # A segment of 64 KB must not count as one packet when the dice are thrown: every device cuts to MTU size itself, TCP's and UDP's.
        for namespace, devices in ((self.client, [name]), (self.server, [name]), (router, ["in", "out"])):
            off = "; ".join(f"ethtool -K {device} tso off gso off gro off tx-udp-segmentation off" for device in devices)
            forward = "; echo 1 >/proc/sys/net/ipv4/ip_forward" if namespace == router else ""
            yield f"ip netns exec {namespace} sh -ec '{off}{forward}'"

    async def attach(self):
        """The phone joins: it has an address, the cable carries. What has this address as its source goes this way, whatever the default."""
        await script(self.attachment())

    def attachment(self):
        n = self.number
        yield batch(f"ip -n {self.client}", [
            f"addr add 192.168.{n}.{self.host}/24 dev {self.name}", f"link set {self.name} up",
            f"route add default via {self.gateway} dev {self.name} table {100 + n}",
            f"rule add from 192.168.{n}.{self.host} lookup {100 + n}",
        ])

    async def route(self):
        """What the phone sends goes this way."""
        await script(self.routing())

    def routing(self):
        yield f"ip -n {self.client} route replace default via {self.gateway} dev {self.name}"

    async def detach(self):
        """The phone has left: address and routes are gone at once."""
        n = self.number
        await run("ip", "-n", self.client, "-batch", "-", lines=[
            f"addr flush dev {self.name}", f"link set {self.name} down", f"rule del from 192.168.{n}.{self.host} lookup {100 + n}"])

    async def change_address(self):
        """The phone gets a new address on this network; the old one is gone at once, as on a new bearer."""
        await self.detach()
        self.host += 1
        await self.attach()
        await self.route()

    async def impair(self, up, down):
        self.up, self.down = up, down
        await self._apply()

    async def step(self, up, down):
        """One step of a trace; without impairments nothing passes."""
        self.trace_is_dark = up is None
        if up is not None:
            self.up, self.down = up, down
        await self._apply()

    async def blackout(self, dark):
        self.is_dark = dark
        await self._apply()

    async def police_udp(self, policy):
        await policing.police_udp(self.router, policy)

    async def _apply(self):
        dark = self.is_dark or self.trace_is_dark
        await run("tc", "-n", self.router, "-batch", "-", lines=[self.up.command("out", dark), self.down.command("in", dark)])
