"""TCP with BBR, and TLS 1.3."""

import functools

import tcp_tls

TITLE = "TCP BBR + TLS 1.3"
DEBIAN = ["openssl"]
PYPI = []
NOTES = ("Python's ssl over TCP with TCP_CONGESTION=bbr at both ends, NODELAY, session tickets (OpenSSL's 0-RTT is out of Python's reach). "
         "8 s of silence with something unanswered, a reset or a change of network: connects again and repeats what was not answered.")
CANNOT = {}

serve = functools.partial(tcp_tls.serve, congestion="bbr")


class Client(tcp_tls.Client):
    def __init__(self, address, port, folder, options):
        super().__init__(address, port, folder, "bbr")
