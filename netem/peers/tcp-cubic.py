"""TCP with CUBIC, and TLS 1.3."""

import functools

import tcp_tls

TITLE = "TCP CUBIC + TLS 1.3"
DEBIAN = ["openssl"]
PYPI = []
NOTES = ("Python's ssl over TCP with TCP_CONGESTION=cubic at both ends, NODELAY, session tickets (OpenSSL's 0-RTT is out of Python's reach). "
         "Reconnects as tcp-bbr does.")
CANNOT = {}

serve = functools.partial(tcp_tls.serve, congestion="cubic")


class Client(tcp_tls.Client):
    def __init__(self, address, port, folder, options):
        super().__init__(address, port, folder, "cubic")
