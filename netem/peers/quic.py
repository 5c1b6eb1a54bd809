"""QUIC: aioquic, a stream for each message, unreliable datagrams for what has a deadline."""

import asyncio
import ssl
import struct

from aioquic.asyncio import QuicConnectionProtocol, serve as quic_serve
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import ConnectionTerminated, DatagramFrameReceived, StreamDataReceived

import certificates
from reconnecting import ReconnectingClient

TITLE = "QUIC (aioquic)"
DEBIAN = ["openssl"]
PYPI = ["aioquic==1.7.2", "attrs==26.1.0", "certifi==2026.10.19.post1", "cffi==2.1.1", "cryptography==50.0.2", "pyasn1==0.6.5",
        "pyasn1-modules==0.4.2", "pycparser==3.12", "pylsqpack==1.0.0", "pyopenssl==26.4.0", "service-identity==26.1.0",
        "typing-extensions==4.16.0"]
NOTES = ("aioquic with CUBIC; one stream a message, so none waits for another; 0-RTT on resume; DATAGRAM frames (RFC 9221) for voice; a PING every 15 s; "
         "a new connection ID when told of a change of network; beside that reconnects as tcp-bbr does.")
CANNOT = {}
STORM_CLIENTS = 200

PING_S = 15  # the shortest UDP bindings live 30 s
IDLE_S = 60
FRAME = struct.Struct(">H")  # the number of a message in a DATAGRAM frame


def configuration(is_client, folder):
    made = QuicConfiguration(is_client=is_client, alpn_protocols=["echo"], idle_timeout=IDLE_S, max_datagram_frame_size=65_536,
                             congestion_control_algorithm="cubic")
    certificate, key = certificates.paths(folder)
    if is_client:
        made.server_name = certificates.NAME
        made.verify_mode = ssl.CERT_REQUIRED
        made.load_verify_locations(cafile=str(certificate))
    else:
        made.load_cert_chain(certificate, key)
    return made


class Messages(QuicConnectionProtocol):
    """Puts the pieces of each stream together."""

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.pieces = {}

    def quic_event_received(self, event):
        if isinstance(event, StreamDataReceived):
            self.pieces.setdefault(event.stream_id, bytearray()).extend(event.data)
            if event.end_stream:
                self.message(event.stream_id, bytes(self.pieces.pop(event.stream_id)))
        elif isinstance(event, DatagramFrameReceived):
            self.datagram(event.data)
        elif isinstance(event, ConnectionTerminated):
            self.ended(event.reason_phrase or f"error {event.error_code:#x}")

    def ended(self, reason):
        pass


class Echo(Messages):
    def message(self, stream, body):
        self._quic.send_stream_data(stream, body, end_stream=True)
        self.transmit()

    def datagram(self, data):
        self._quic.send_datagram_frame(data)
        self.transmit()


async def serve(address, port, folder):
    certificates.make(folder, address)
    tickets = {}  # each is good for one 0-RTT
    await quic_serve(address, port, configuration=configuration(False, folder), create_protocol=Echo,
                     session_ticket_handler=lambda ticket: tickets.__setitem__(ticket.ticket, ticket),
                     session_ticket_fetcher=lambda label: tickets.pop(label, None))


class Link(Messages):
    """A connection, as `Reconnecting` wants it."""

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.arrived = asyncio.Queue()
        self.numbers = {}  # stream -> number of the message
        self.frames = {}  # number -> future of a DATAGRAM's echo
        self.pinging = asyncio.create_task(self._ping())

    def begin(self, server):
        """As `connect`, but the first datagram waits for what the application says in this turn of the loop: 0-RTT data in a datagram of its own
        that overtakes the ClientHello is dropped by the server."""
        loop = asyncio.get_running_loop()
        self._quic.connect(server, now=loop.time())
        loop.call_soon(self.transmit)

    def send(self, number, body):
        stream = self._quic.get_next_available_stream_id()
        self.numbers[stream] = number
        self._quic.send_stream_data(stream, body, end_stream=True)
        self.transmit()

    async def receive(self):
        item = await self.arrived.get()
        if isinstance(item, Exception):
            raise item
        return item

    def abort(self):
        self.pinging.cancel()
        self.close()
        self.transmit()
        # Closing takes three probe timeouts more, in which the peer may still be told; nobody waits for that.
        asyncio.get_running_loop().call_later(5, self._transport.close)

    async def frame(self, number, body):
        future = self.frames[number] = asyncio.get_running_loop().create_future()
        self._quic.send_datagram_frame(FRAME.pack(number) + body)
        self.transmit()
        try:
            return await future
        finally:
            self.frames.pop(number, None)

    def message(self, stream, body):
        number = self.numbers.pop(stream, None)
        if number is not None:
            self.arrived.put_nowait((number, body))

    def datagram(self, data):
        if len(data) < FRAME.size:
            return
        future = self.frames.get(FRAME.unpack_from(data)[0])
        if future is not None and not future.done():
            future.set_result(data[FRAME.size:])

    def ended(self, reason):
        self.arrived.put_nowait(ConnectionError(reason))

    async def _ping(self):
        while True:
            await asyncio.sleep(PING_S)
            try:
                await self.ping()
            except ConnectionError:
                return


class Client(ReconnectingClient):
    def __init__(self, address, port, folder, options):
        self.server = (address, port)
        self.configuration = configuration(True, folder)
        super().__init__()
        self.frame_number = 0

    async def _dial(self, resume):
        kept = self.configuration.session_ticket
        if not resume:
            self.configuration.session_ticket = None
        quic = QuicConnection(configuration=self.configuration, session_ticket_handler=self._keep)
        early = self.configuration.session_ticket is not None
        # Bound to no address: the socket follows the machine to another network.
        transport, link = await asyncio.get_running_loop().create_datagram_endpoint(lambda: Link(quic), local_addr=("0.0.0.0", 0))
        try:
            link.begin(self.server)
            self.configuration.session_ticket = kept  # read by `connect`
            if not early:
                await link.wait_connected()
        except BaseException:
            link.pinging.cancel()
            transport.close()
            raise
        return link

    def _keep(self, ticket):
        self.configuration.session_ticket = ticket

    async def exchange(self, body, deadline_ms=None):
        if deadline_ms is None or self.application.link is None:
            return await super().exchange(body)
        self.frame_number = (self.frame_number + 1) & 0xFFFF
        async with asyncio.timeout(deadline_ms / 1000):
            return await self.application.link.frame(self.frame_number, body)

    async def repair(self):
        link = self.application.link
        if link is not None:
            link.change_connection_id()
            link.transmit()

    async def forget(self):
        self.configuration.session_ticket = None
