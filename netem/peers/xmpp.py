"""XMPP: Prosody with STARTTLS and stream management, slixmpp at both ends, an echoing account on the server."""

import asyncio
import base64
import time

import slixmpp

import certificates
import daemons
import tcp_tls
from reconnecting import ATTEMPT_S, PAUSE_S, patience_s

TITLE = "XMPP + TLS"
DEBIAN = ["prosody", "openssl"]
PYPI = ["slixmpp==1.17.0", "aiodns==4.0.4", "cffi==2.1.1", "pyasn1==0.6.5", "pyasn1-modules==0.4.2", "pycares==5.2.1", "pycparser==3.12",
        "typing-extensions==4.16.0"]
NOTES = ("Debian's Prosody and slixmpp: STARTTLS with TLS 1.3 tickets, SASL PLAIN inside it (a round trip less than SCRAM), stream management with resumption "
         "(XEP-0198); text as text, other bytes as Base64. 8 s of silence or a change of network: connects again, resumes the stream, repeats what was not answered.")
CANNOT = {"storm": "slixmpp and Prosody take seconds of CPU for each hundred logins: the storm would measure them and not the network"}

PASSWORD = "the lab's password"
INNER_PORT = 5222

CONFIGURATION = """\
run_as_root = true
daemonize = false
data_path = "{folder}/prosody"
pidfile = "{folder}/prosody.pid"
log = {{ {{ levels = {{ min = "warn" }}; to = "console" }} }}
modules_enabled = {{ "saslauth"; "tls"; "smacks"; "ping" }}
modules_disabled = {{ "s2s"; "offline" }}
authentication = "internal_plain"
c2s_require_encryption = true
c2s_ports = {{ {port} }}
c2s_interfaces = {{ "{address}" }}
c2s_stanza_size_limit = 1048576
VirtualHost "{name}"
    ssl = {{ certificate = "{certificate}"; key = "{key}" }}
"""


def add_account(folder, user):
    """As `prosodyctl register` would, without starting it."""
    accounts = folder / "prosody" / certificates.NAME.replace(".", "%2e") / "accounts"
    accounts.mkdir(parents=True, exist_ok=True)
    (accounts / f"{user}.dat").write_text(f'return {{ ["password"] = "{PASSWORD}"; }};\n')


def encode(body):
    """A body as the text of a stanza; XML takes no control characters, and its readers may change line ends and U+FFFE."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = None
    if text and text.isprintable():
        return "t" + text
    return "b" + base64.b64encode(body).decode()


def decode(text):
    return text[1:].encode() if text[:1] == "t" else base64.b64decode(text[1:])


class Stream(slixmpp.ClientXMPP):
    """A client whose connection is made when its owner says so."""

    def __init__(self, user, context):
        super().__init__(f"{user}@{certificates.NAME}/phone", PASSWORD, sasl_mech="PLAIN")
        self.ssl_context = context
        self.register_plugin("xep_0198")
        self.enable_direct_tls = self.enable_plaintext = False
        self.add_event_handler("connected", self._tune)

    def _tune(self, _):
        connection = self.transport.get_extra_info("socket") if self.transport else None
        if connection is not None:
            tcp_tls.tune(connection)


async def serve(address, port, folder):
    certificate, key = certificates.make(folder, address)
    for user in ("echo", "user"):
        add_account(folder, user)
    configuration = folder / "prosody.cfg.lua"
    configuration.write_text(CONFIGURATION.format(
        folder=folder, port=port, address=address, name=certificates.NAME, certificate=certificate, key=key))
    prosody = daemons.start(["prosody", "-F", "--config", str(configuration)], folder, "prosody")
    await daemons.until_bound(prosody, port, folder, "prosody")
    ready = asyncio.get_running_loop().create_future()
    echo = Stream("echo", certificates.client_context(folder))

    def started(_):
        echo.send_presence()
        if not ready.done():
            ready.set_result(None)

    def answer(message):
        reply = echo.make_message(mto=message["from"], mbody=message["body"], mtype="chat")
        reply["id"] = message["id"]
        reply.send()

    echo.add_event_handler("session_start", started)
    echo.add_event_handler("message", answer)
    echo.connect(address, port)
    serve.echo = echo  # lives as long as the process
    async with asyncio.timeout(20):
        await ready


class Client:
    def __init__(self, address, port, folder, options):
        self.server = (address, port)
        self.context = certificates.client_context(folder)
        self.stream = None
        self.is_up = False
        self.up = None
        self.number = 0
        self.unanswered = {}  # number -> (body, future)
        self.unanswered_bytes = 0
        self.last_sent = 0  # of the present session
        self.heard_at = self.waiting_since = self.dialled_at = 0.0
        self.watch = None

    async def connect(self, resume):
        """Up to the session, or to the resumed stream."""
        await self.close(forget=not resume)
        self.context.resume = resume
        if self.stream is None:
            self.stream = Stream("user", self.context)
            self.stream.add_event_handler("session_start", self._started)
            self.stream.add_event_handler("session_resumed", self._resumed)
            self.stream.add_event_handler("message", self._message)
            self.stream.add_event_handler("disconnected", self._disconnected)
        self.up = asyncio.get_running_loop().create_future()
        self._dial()
        self.watch = asyncio.create_task(self._watch())
        await self.up

    async def exchange(self, body, deadline_ms=None):
        self.number += 1
        number, future = self.number, asyncio.get_running_loop().create_future()
        if not self.unanswered:
            self.waiting_since = time.monotonic()
        self.unanswered[number] = (body, future)
        self.unanswered_bytes += len(body)
        try:
            if self.is_up:
                self._send(number, body)
            return await future
        finally:
            self.unanswered_bytes -= len(body)
            self.unanswered.pop(number, None)

    async def repair(self):
        self._redial()

    async def close(self, forget):
        if self.watch is not None:
            self.watch.cancel()
            self.watch = None
        if self.stream is not None:
            self._drop()
            if forget:
                self.stream.end_session_on_disconnect = True
                self.stream = None
        if forget:
            self.context.forget()
        for _, future in list(self.unanswered.values()):
            if not future.done():
                future.set_exception(ConnectionError("closed"))

    def _send(self, number, body):
        self.last_sent = number
        message = self.stream.make_message(mto=f"echo@{certificates.NAME}/phone", mbody=encode(body), mtype="chat")
        message["id"] = str(number)
        message.send()

    def _dial(self):
        self.heard_at = self.dialled_at = time.monotonic()
        self.stream.connect(*self.server)

    def _drop(self):
        self.is_up = False
        self.stream.cancel_connection_attempt()
        if self.stream.transport is not None:
            self.stream.transport.abort()

    def _redial(self):
        self._drop()
        asyncio.get_running_loop().call_later(0.01, self._dial)  # once the end of the old connection has been told
        self.heard_at = self.dialled_at = time.monotonic()

    def _started(self, _):
        """A new session: what was not answered is asked again."""
        self._is_up()
        self.stream.send_presence()
        for number, (body, _) in list(self.unanswered.items()):
            self._send(number, body)

    def _resumed(self, _):
        """slixmpp repeats what the server had not acknowledged; the server does the same. What was asked meanwhile goes now."""
        self._is_up()
        for number, (body, _) in list(self.unanswered.items()):
            if number > self.last_sent:
                self._send(number, body)

    def _is_up(self):
        self.is_up = True
        self.heard_at = time.monotonic()
        self.context.resume = True
        if not self.up.done():
            self.up.set_result(None)

    def _message(self, message):
        self.heard_at = time.monotonic()
        if self.stream is not None and self.stream.transport is not None:
            self.context.keep(self.stream.transport.get_extra_info("ssl_object"))
        number = message["id"]
        entry = self.unanswered.get(int(number)) if number.isdigit() else None
        if entry is not None and not entry[1].done():
            entry[1].set_result(decode(message["body"]))

    def _disconnected(self, _):
        self.is_up = False

    async def _watch(self):
        while True:
            await asyncio.sleep(0.25)
            now = time.monotonic()
            if not self.is_up:
                ended = self.stream.transport is None and not self.stream.is_connecting()
                if now - self.dialled_at >= (PAUSE_S if ended else ATTEMPT_S * 1.5):
                    self._redial()
            elif self.unanswered and now - max(self.heard_at, self.waiting_since) >= patience_s(self.unanswered_bytes):
                self._redial()
