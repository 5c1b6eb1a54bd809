"""WebSocket over TLS 1.3: one connection, a binary message each way."""

import struct

import websockets
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve as websocket_serve

import certificates
import tcp_tls
from reconnecting import ReconnectingClient

TITLE = "WebSocket over TLS"
DEBIAN = ["openssl"]
PYPI = ["websockets==17.4"]
NOTES = ("PyPI's websockets at both ends with its defaults (permessage-deflate, a ping every 20 s), TCP BBR, NODELAY, TLS session tickets; reconnects as tcp-bbr does.")
CANNOT = {}
STORM_CLIENTS = 300

NUMBER = struct.Struct(">H")
CONGESTION = "bbr"


async def serve(address, port, folder):
    certificates.make(folder, address)

    async def echo(connection):
        try:
            async for message in connection:
                await connection.send(message)
        except websockets.ConnectionClosed:
            pass

    await websocket_serve(echo, sock=tcp_tls.listen(address, port, CONGESTION), ssl=certificates.server_context(folder), max_size=1 << 20)


class Link:
    """A connection, as `Reconnecting` wants it."""

    def __init__(self, connection, context):
        self.connection, self.context = connection, context

    def send(self, number, body):
        # `send` of the library waits for room in its buffer, and a call must not: the frame is made and written at once, and the number of
        # messages under way bounds the buffer.
        protocol = self.connection.protocol
        if protocol.state is not websockets.protocol.State.OPEN:
            return  # `receive` raises, and what was not answered is repeated on the next connection
        protocol.send_binary(NUMBER.pack(number) + body)
        self.connection.send_data()

    async def receive(self):
        try:
            message = await self.connection.recv()
        except websockets.ConnectionClosed as closed:
            raise ConnectionError(str(closed)) from None
        self.context.keep(self.connection.transport.get_extra_info("ssl_object"))
        if not isinstance(message, bytes) or len(message) < NUMBER.size:
            raise ConnectionError("the server sent no numbered message")
        return NUMBER.unpack_from(message)[0], message[NUMBER.size:]

    def abort(self):
        self.connection.transport.abort()


class Client(ReconnectingClient):
    def __init__(self, address, port, folder, options):
        self.address, self.port = address, port
        self.context = certificates.client_context(folder)
        super().__init__()

    async def _dial(self, resume):
        tcp = await tcp_tls.connected(self.address, self.port, CONGESTION)
        self.context.resume = resume
        try:
            connection = await connect(
                f"wss://{certificates.NAME}/", sock=tcp, ssl=self.context, server_hostname=certificates.NAME, proxy=None, max_size=1 << 20)
        except websockets.InvalidHandshake as error:
            raise ConnectionError(str(error)) from None
        except BaseException:
            tcp.close()
            raise
        return Link(connection, self.context)

    async def forget(self):
        self.context.forget()
