"""Plain HTTP/1.1 over TLS: a POST for each message, connections kept alive in a small pool."""

import asyncio
import socket

import aiohttp
from aiohttp import web

import certificates
import tcp_tls
from reconnecting import PAUSE_S, SILENCE_S, patience_s

TITLE = "HTTP/1.1 over TLS"
DEBIAN = ["openssl"]
PYPI = ["aiohttp==3.14.5", "aiohappyeyeballs==2.7.1", "aiosignal==1.4.0", "attrs==26.1.0", "frozenlist==1.8.0", "idna==3.20",
        "multidict==7.2.1", "propcache==0.5.4", "typing-extensions==4.16.0", "yarl==1.25.1"]
NOTES = ("aiohttp at both ends: POST, a pool of at most 6 kept-alive connections as browsers have, TCP BBR, NODELAY, TLS session tickets. A request that gets no "
         "answer for 8 s or whose connection fails is repeated on a new connection; a change of network empties the pool.")
CANNOT = {"storm": "a request-response client keeps no connection that a cut could end"}

POOL = 6
CONGESTION = "bbr"
KEEPALIVE_S = 75


async def serve(address, port, folder):
    certificates.make(folder, address)

    async def echo(request):
        return web.Response(body=await request.read(), content_type="application/octet-stream")

    application = web.Application(client_max_size=1 << 20)
    application.router.add_post("/echo", echo)
    runner = web.AppRunner(application, access_log=None, keepalive_timeout=KEEPALIVE_S)
    await runner.setup()
    await web.SockSite(runner, tcp_tls.listen(address, port, CONGESTION), ssl_context=certificates.server_context(folder)).start()


class KeepingConnector(aiohttp.TCPConnector):
    """Keeps the TLS session of a connection that has been read from when it goes back to the pool."""

    def __init__(self, context, **options):
        super().__init__(ssl=context, **options)
        self.context = context

    def _release(self, key, protocol, **options):
        transport = protocol.transport
        if transport is not None:
            self.context.keep(transport.get_extra_info("ssl_object"))
        super()._release(key, protocol, **options)


class Client:
    def __init__(self, address, port, folder, options):
        self.url = f"https://{address}:{port}/echo"
        self.context = certificates.client_context(folder)
        self.session = None
        self.generation = 0
        self.requests = set()

    async def connect(self, resume):
        """HTTP connects with its first request; this one is a request of its own, as an application's first is."""
        await self.close(forget=False)
        self.context.resume = resume
        self._open()
        await self.exchange(b"")
        # Later connections of the pool resume what the first one brought.
        self.context.resume = True

    async def connect_and_exchange(self, resume, body):
        """The first request is the message."""
        await self.close(forget=False)
        self.context.resume = resume
        self._open()
        reply = await self.exchange(body)
        self.context.resume = True
        return None, reply

    async def exchange(self, body, deadline_ms=None):
        if self.session is None:
            raise ConnectionError("not connected")
        while self.session is not None:
            generation = self.generation
            request = asyncio.create_task(self._post(self.session, body))
            self.requests.add(request)
            try:
                return await request
            except asyncio.CancelledError:
                # Ours was given up, or only the request was: with the pool that it used or waited for.
                if asyncio.current_task().cancelling():
                    raise
            except (aiohttp.ClientConnectionError, aiohttp.ServerTimeoutError, aiohttp.ClientPayloadError):
                if generation == self.generation:
                    await asyncio.sleep(PAUSE_S)
            finally:
                self.requests.discard(request)
        raise ConnectionError("closed")

    async def _post(self, session, body):
        patience = aiohttp.ClientTimeout(total=None, sock_connect=SILENCE_S, sock_read=patience_s(len(body)))
        async with session.post(self.url, data=body, timeout=patience, server_hostname=certificates.NAME) as response:
            reply = await response.read()
            if response.status == 200:
                return reply
            raise ConnectionError(f"HTTP status {response.status}")

    async def repair(self):
        """Requests under way, those that still connect or wait for a connection too, are repeated on new connections."""
        if self.session is not None:
            before = self._open()
            self._give_up()
            await before.close()

    async def close(self, forget):
        session, self.session = self.session, None
        self._give_up()
        if session is not None:
            await session.close()
        if forget:
            self.context.forget()

    def _give_up(self):
        for request in self.requests:
            request.cancel()

    def _open(self):
        """A new pool; returns the one before it."""
        before, self.generation = self.session, self.generation + 1
        connector = KeepingConnector(self.context, limit=POOL, keepalive_timeout=KEEPALIVE_S, socket_factory=self._socket)
        self.session = aiohttp.ClientSession(connector=connector)
        return before

    @staticmethod
    def _socket(address):
        connection = socket.socket(address[0], address[1], address[2])
        tcp_tls.tune(connection, CONGESTION)
        return connection
