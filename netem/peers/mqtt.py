"""MQTT 3.1.1, QoS 1, over TLS 1.3: mosquitto between the client and an echoing subscriber beside it."""

import asyncio
import socket
import struct
import threading
import time

import paho.mqtt.client as paho

import certificates
import daemons
import tcp_tls
from reconnecting import ATTEMPT_S, patience_s

TITLE = "MQTT QoS 1 + TLS"
DEBIAN = ["mosquitto", "openssl"]
PYPI = ["paho-mqtt==2.2.0"]
NOTES = ("Debian's mosquitto and paho-mqtt: persistent sessions, QoS 1 both ways, up to 1,000 messages in flight, keep-alive 60 s, NODELAY, TLS session tickets; "
         "the echo is a subscriber on the server. paho repeats what was not acknowledged; 8 s of silence or a change of network makes it reconnect at once.")
CANNOT = {}
STORM_CLIENTS = 200  # a thread each

KEEPALIVE_S = 60
IN_FLIGHT = 1000
INNER_PORT = 1883
NUMBER = struct.Struct(">H")

CONFIGURATION = """\
user root
per_listener_settings false
allow_anonymous true
persistence false
set_tcp_nodelay true
max_inflight_messages {in_flight}
max_queued_messages 100000
listener {port} {address}
certfile {certificate}
keyfile {key}
tls_version tlsv1.3
listener {inner} 127.0.0.1
"""


def made(name, clean):
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id=name, clean_session=clean)
    client.max_inflight_messages_set(IN_FLIGHT)
    client.max_queued_messages_set(0)
    return client


async def serve(address, port, folder):
    certificate, key = certificates.make(folder, address)
    configuration = folder / "mosquitto.conf"
    configuration.write_text(CONFIGURATION.format(
        in_flight=IN_FLIGHT, port=port, address=address, certificate=certificate, key=key, inner=INNER_PORT))
    broker = daemons.start(["mosquitto", "-c", str(configuration)], folder, "mosquitto")
    for taken in (port, INNER_PORT):
        await daemons.until_bound(broker, taken, folder, "mosquitto")
    ready = threading.Event()
    echo = made("echo", clean=True)
    echo.on_connect = lambda client, *_: client.subscribe("to/+", qos=1)
    echo.on_subscribe = lambda *_: ready.set()
    echo.on_message = lambda client, _, message: client.publish("from/" + message.topic.removeprefix("to/"), message.payload, qos=1)
    echo.connect("127.0.0.1", INNER_PORT)
    echo.loop_start()
    if not await asyncio.to_thread(ready.wait, 20):
        raise daemons.DaemonError(f"the echo did not subscribe: {daemons.last_words(folder, 'mosquitto')}")


class Client:
    """paho has a thread of its own; what it tells is handed to the event loop."""

    count = 0

    def __init__(self, address, port, folder, options):
        self.address, self.port = address, port
        self.context = certificates.client_context(folder)
        self.seed = options.get("seed", 0)
        self.name = None  # the broker keeps a session for it
        self.paho = None
        self.number = 0
        self.unanswered = {}  # number -> future
        self.unanswered_bytes = 0
        self.heard_at = self.waiting_since = 0.0
        self.watch = None

    async def connect(self, resume):
        """Up to CONNACK with the subscription on its way: the broker handles packets in their order."""
        self._stop()
        self.loop = asyncio.get_running_loop()
        if not (resume and self.name):
            Client.count += 1
            self.name = f"c{self.seed}-{Client.count}"
        self.context.resume = resume
        self._renew()
        self.usable = self.loop.create_future()
        self.heard_at = time.monotonic()
        self.paho.connect_async(self.address, self.port, keepalive=KEEPALIVE_S)
        self.paho.loop_start()
        await self.usable
        self.watch = asyncio.create_task(self._watch())

    async def exchange(self, body, deadline_ms=None):
        self.number = (self.number + 1) & 0xFFFF
        number, future = self.number, asyncio.get_running_loop().create_future()
        if not self.unanswered:
            self.waiting_since = time.monotonic()
        self.unanswered[number] = future
        self.unanswered_bytes += len(body)
        try:
            if self.paho is None:
                raise ConnectionError("not connected")
            self.paho.publish(f"to/{self.name}", NUMBER.pack(number) + body, qos=1)
            return await future
        finally:
            self.unanswered_bytes -= len(body)
            self.unanswered.pop(number, None)

    async def repair(self):
        self._drop_connection()

    async def close(self, forget):
        self._stop()
        if forget:
            self.context.forget()
            self.name = None

    def _renew(self):
        client = self.paho = made(self.name, clean=False)
        client.tls_set_context(self.context)
        client.connect_timeout = ATTEMPT_S
        client.reconnect_delay_set(1, 2)
        client.on_connect, client.on_message, client.on_socket_open = self._connected, self._message, self._opened

    # On paho's thread.

    def _opened(self, client, _, connection):
        if isinstance(connection, socket.socket):
            tcp_tls.tune(connection)

    def _connected(self, client, _, flags, reason, __):
        if reason.is_failure:
            return
        if not flags.session_present:
            client.subscribe(f"from/{self.name}", qos=1)
        self.context.resume = True
        self._tell(lambda: self.usable.done() or self.usable.set_result(None))

    def _message(self, client, _, message):
        self.context.keep(client.socket())
        self._tell(lambda: self._answered(message.payload))

    def _tell(self, action):
        try:
            self.loop.call_soon_threadsafe(action)
        except RuntimeError:
            pass  # the loop is closed: the process ends

    # On the event loop.

    def _answered(self, payload):
        self.heard_at = time.monotonic()
        future = self.unanswered.get(NUMBER.unpack_from(payload)[0])
        if future is not None and not future.done():
            future.set_result(payload[NUMBER.size:])

    async def _watch(self):
        while True:
            await asyncio.sleep(0.25)
            if self.unanswered and time.monotonic() - max(self.heard_at, self.waiting_since) >= patience_s(self.unanswered_bytes):
                self.heard_at = time.monotonic()
                self._drop_connection()

    def _drop_connection(self):
        """paho sees its socket end and connects again."""
        connection = self.paho.socket() if self.paho else None
        if connection is not None:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it has ended already

    def _stop(self):
        if self.watch is not None:
            self.watch.cancel()
            self.watch = None
        if self.paho is not None:
            client, self.paho = self.paho, None
            client.on_connect = client.on_message = None
            client.disconnect()
            # Waits for the thread, which may be in the middle of a connect.
            threading.Thread(target=client.loop_stop, daemon=True).start()
        for future in list(self.unanswered.values()):
            if not future.done():
                future.set_exception(ConnectionError("closed"))
