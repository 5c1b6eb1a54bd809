"""A router that translates addresses, and that can forget a mapping: nftables where the kernel has it, else iptables.

The user-mode Linux of Debian has nftables without IPv4, so that the older tool does it there.
"""

from .commands import attempt, run

# Each rebinding moves to the next range, so that the same inner port never gets its old outer port again.
_RANGE, _FIRST, _COUNT = 2000, 20000, 20


class Translation:
    def __init__(self, router, outside):
        self.router, self.outside = router, outside
        self.turn = 0
        self.tool = None

    async def install(self):
        if await attempt("ip", "netns", "exec", self.router, "nft", "add table ip lab"):
            self.tool = "nft"
        else:
            self.tool = "iptables-legacy"
        await self._translate()
        # A carrier's router says nothing about packets to mappings that are gone: no reset, no port unreachable.
        if self.tool == "nft":
            await self._nft(f"add chain ip lab input {{ type filter hook input priority 0; }}; add rule ip lab input iifname {self.outside} drop")
        else:
            await self._exec("iptables-legacy", "-w", "-A", "INPUT", "-i", self.outside, "-j", "DROP")

    async def rebind(self):
        """Every mapping is forgotten; the next packet of each flow gets a new port outside."""
        self.turn += 1
        await self._translate()
        await self._exec("conntrack", "-F")

    async def _translate(self):
        first = _FIRST + _RANGE * (self.turn % _COUNT)
        ports = f"{first}-{first + _RANGE - 1}"
        if self.tool == "nft":
            await self._nft(
                "add chain ip lab out { type nat hook postrouting priority 100; }; flush chain ip lab out; "
                f"add rule ip lab out oifname {self.outside} meta l4proto {{ tcp, udp }} masquerade to :{ports}; "
                f"add rule ip lab out oifname {self.outside} masquerade")
            return
        rules = ["*nat"]
        rules += [f"-A POSTROUTING -o {self.outside} -p {kind} -j MASQUERADE --to-ports {ports}" for kind in ("tcp", "udp")]
        rules += [f"-A POSTROUTING -o {self.outside} -j MASQUERADE", "COMMIT"]
        await run("ip", "netns", "exec", self.router, "iptables-legacy-restore", "-w", lines=rules)

    async def _nft(self, text):
        await self._exec("nft", text)

    async def _exec(self, *words):
        await run("ip", "netns", "exec", self.router, *words)
