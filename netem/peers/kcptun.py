"""kcptun: KCP over UDP with Reed-Solomon parity, an echo over TCP behind it."""

import asyncio
import socket

import daemons
from framing import BUFFER, FramedLink, echo
from reconnecting import ReconnectingClient

TITLE = "kcptun fast2, FEC 10+3"
DEBIAN = ["kcptun"]
PYPI = []
NOTES = ("Debian's kcptun at both ends with its defaults (AES with a shared key, so no key exchange and no forward secrecy; FEC 10+3, snappy) and mode fast2; "
         "applications speak plain TCP to it on loopback. A change of network or 8 s of silence: a new kcptun-client, and what was not answered is repeated.")
CANNOT = {"storm": "each client would be a kcptun-client process of its own, and 2,000 of them do not fit one machine"}

KEY = "the lab's shared key"
SETTINGS = ["--mode", "fast2", "--key", KEY, "--quiet"]
FAREWELL_S = 2
ECHO = ("127.0.0.1", 12948)


async def serve(address, port, folder):
    await asyncio.start_server(echo, *ECHO, limit=BUFFER)
    server = daemons.start(["kcptun-server", "--listen", f"{address}:{port}", "--target", "%s:%d" % ECHO, *SETTINGS], folder, "kcptun-server")
    await daemons.until_bound(server, port, folder, "kcptun-server", "udp")


class Client(ReconnectingClient):
    def __init__(self, address, port, folder, options):
        self.remote, self.folder = f"{address}:{port}", folder
        self.tunnel = None
        self.is_fresh = False  # the tunnel has carried nothing yet
        super().__init__()

    async def prepare(self):
        """A tunnel in reserve: starting a process is no part of connecting."""
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.local = probe.getsockname()
        words = ["kcptun-client", "--localaddr", "%s:%d" % self.local, "--remoteaddr", self.remote, *SETTINGS]
        self.tunnel = daemons.start(words, self.folder, "kcptun-client")
        await daemons.until_bound(self.tunnel, self.local[1], self.folder, "kcptun-client")
        self.is_fresh = True

    async def _dial(self, resume):
        """A stream through the present tunnel if `resume`, else through a new one."""
        if not self.is_fresh and not resume:
            await self._renew()
        self.is_fresh = False
        return FramedLink(*await asyncio.open_connection(*self.local, limit=BUFFER))

    async def _renew(self):
        # The old one may still tell the server that its streams are closed: without that the server repeats what it last said, for half a minute.
        asyncio.get_running_loop().call_later(FAREWELL_S, self._end, self.tunnel)
        await self.prepare()

    @staticmethod
    def _end(tunnel):
        tunnel.kill()
        tunnel.wait()

    async def repair(self):
        await self._renew()
        await super().repair()

    async def forget(self):
        await self._renew()
