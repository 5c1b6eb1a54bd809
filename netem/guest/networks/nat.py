"""A router that translates addresses, and that can forget a mapping: by nftables where the kernel has them, else by iptables.

The user-mode Linux of Debian has nftables without IPv4, so that the older tool does it there.
"""

from .commands import script

# Each rebinding moves to the next range, so that the same inner port does not get its old outer port again. A storm of 2,000 clients that each try
# several sockets fits one range: where no port is left, packets are dropped.
_RANGE, _FIRST, _COUNT = 10_000, 20_000, 4


class Translation:
    def __init__(self, router, outside):
        self.router, self.outside = router, outside
        self.turn = 0

    def commands(self):
        """Translate from now on. A carrier's router says nothing about packets to mappings that are gone: no reset, no port unreachable."""
        yield self._with_either(
            nft="add chain ip lab input { type filter hook input priority 0; }\n"
                f"add rule ip lab input iifname {self.outside} drop\n" + self._nft_rules(),
            iptables=f"*filter\n-A INPUT -i {self.outside} -j DROP\nCOMMIT\n" + self._iptables_rules())

    async def rebind(self):
        """Every mapping is forgotten; the next packet of each flow gets a new port outside."""
        self.turn += 1
        await script([self._with_either(nft=self._nft_rules(), iptables=self._iptables_rules()),
                      f"ip netns exec {self.router} conntrack -F 2>/dev/null"])

    def _ports(self):
        first = _FIRST + _RANGE * (self.turn % _COUNT)
        return f"{first}-{first + _RANGE - 1}"

    def _nft_rules(self):
        return (f"add chain ip lab out {{ type nat hook postrouting priority 100; }}\nflush chain ip lab out\n"
                f"add rule ip lab out oifname {self.outside} meta l4proto {{ tcp, udp }} masquerade to :{self._ports()}\n"
                f"add rule ip lab out oifname {self.outside} masquerade\n")

    def _iptables_rules(self):
        kinds = "".join(f"-A POSTROUTING -o {self.outside} -p {kind} -j MASQUERADE --to-ports {self._ports()}\n" for kind in ("tcp", "udp"))
        return f"*nat\n{kinds}-A POSTROUTING -o {self.outside} -j MASQUERADE\nCOMMIT\n"

    def _with_either(self, nft, iptables):
        return (f"if ip netns exec {self.router} nft add table ip lab 2>/dev/null\n"
                f"then ip netns exec {self.router} nft -f - <<'END'\n{nft}END\n"
                f"else ip netns exec {self.router} iptables-legacy-restore -w <<'END'\n{iptables}END\nfi")
