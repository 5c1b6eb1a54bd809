"""A fresh certificate for a peer's server, and TLS contexts whose client really checks it.

ECDSA P-256, self-signed and pinned: the smallest chain that a careful deployment would use.
"""

import pathlib
import ssl
import subprocess

NAME = "lab.example"


def make(folder, address):
    """Writes cert.pem and key.pem, for NAME and the address, into the folder; returns their paths."""
    certificate, key = paths(folder)
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"]
    words += ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME},IP:{address}", "-keyout", str(key), "-out", str(certificate)]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"openssl made no certificate: {done.stderr.strip()}")
    # Daemons that leave root (mosquitto, prosody) read them as well; the key is worth nothing outside the lab.
    key.chmod(0o644)
    return certificate, key


def paths(folder):
    folder = pathlib.Path(folder)
    return folder / "cert.pem", folder / "key.pem"


def server_context(folder):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(*paths(folder))
    # One ticket: each costs a quarter of a kilobyte at every handshake.
    context.num_tickets = 1
    return context


class ResumingContext(ssl.SSLContext):
    """A client's context that keeps the newest TLS session and offers it when `resume` is set. asyncio has no parameter for it."""

    session_kept = None
    resume = False

    def wrap_bio(self, *arguments, **named):
        if self.resume and self.session_kept is not None:
            named["session"] = self.session_kept
        return super().wrap_bio(*arguments, **named)

    def wrap_socket(self, *arguments, **named):
        if self.resume and self.session_kept is not None:
            named["session"] = self.session_kept
        return super().wrap_socket(*arguments, **named)

    def keep(self, tls_object):
        """TLS 1.3 brings tickets after the handshake: call it when something has been read."""
        if tls_object is not None and tls_object.session is not None and tls_object.session.has_ticket:
            self.session_kept = tls_object.session

    def forget(self):
        self.session_kept = None


def client_context(folder):
    context = ResumingContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(paths(folder)[0])
    return context
