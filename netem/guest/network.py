"""Two hosts joined by one cable that `tc netem` impairs: namespaces `godwit-srv` (10.9.0.1) and `godwit-cli` (10.9.0.2).

Up is what the client sends (its egress), down is what the server sends. Everything made here is removed by `close`.
"""

import json
import pathlib
import shlex
import subprocess

SERVER, CLIENT = "godwit-srv", "godwit-cli"
SERVER_ADDRESS = "10.9.0.1"
PROFILES = pathlib.Path(__file__).resolve().parent.parent / "profiles"


class NetworkError(Exception):
    """Says what could not be set up, and what to do."""


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode != 0:
        raise NetworkError(f"{shlex.join(words)}: {done.stderr.strip() or 'failed'}")
    return done.stdout


def profiles():
    return sorted(path.stem for path in PROFILES.glob("*.profile"))


def load_profile(name):
    """The netem arguments (up, down) of a profile file: two shell-like assignments and comments."""
    path = PROFILES / f"{name}.profile"
    if not path.is_file():
        raise NetworkError(f"unknown profile '{name}'; there are: {', '.join(profiles())}")
    values = {}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        line = line.split("#")[0].strip()
        if not line:
            continue
        key, equals, value = line.partition("=")
        if not equals or key not in ("up", "down"):
            raise NetworkError(f"{path}:{number}: expected up=\"…\" or down=\"…\", found '{line}'")
        values[key] = value.strip().strip('"').split()
    if set(values) != {"up", "down"}:
        raise NetworkError(f"{path}: needs both up and down")
    return values["up"], values["down"]


class Network:
    def __init__(self):
        self.close()
        self.address_number = 2
        try:
            for name, device in ((SERVER, "gws"), (CLIENT, "gwc")):
                run("ip", "netns", "add", name)
                run("ip", "-n", name, "link", "set", "lo", "up")
            run("ip", "link", "add", "gws", "netns", SERVER, "type", "veth", "peer", "name", "gwc", "netns", CLIENT)
            run("ip", "-n", SERVER, "addr", "add", f"{SERVER_ADDRESS}/24", "dev", "gws")
            run("ip", "-n", CLIENT, "addr", "add", "10.9.0.2/24", "dev", "gwc")
            run("ip", "-n", SERVER, "link", "set", "gws", "up")
            run("ip", "-n", CLIENT, "link", "set", "gwc", "up")
        except NetworkError:
            self.close()
            raise

    def close(self):
        for name in (SERVER, CLIENT):
            subprocess.run(["ip", "netns", "del", name], capture_output=True)

    def impair(self, up, down):
        run("tc", "-n", CLIENT, "qdisc", "replace", "dev", "gwc", "root", "netem", *up)
        run("tc", "-n", SERVER, "qdisc", "replace", "dev", "gws", "root", "netem", *down)

    def blackout(self):
        """Nothing passes, and what is queued is lost, until `impair` is called again."""
        for name, device in ((CLIENT, "gwc"), (SERVER, "gws")):
            run("tc", "-n", name, "qdisc", "replace", "dev", device, "root", "netem", "loss", "100%")

    def change_client_address(self):
        """The phone gets a new address; the old one is gone at once, as on a new bearer."""
        old = self.address_number
        self.address_number += 1
        run("ip", "-n", CLIENT, "addr", "del", f"10.9.0.{old}/24", "dev", "gwc")
        run("ip", "-n", CLIENT, "addr", "add", f"10.9.0.{self.address_number}/24", "dev", "gwc")

    def wire_bytes(self):
        """Bytes that the two ends put on the cable so far (up, down), link-layer headers included."""

        def sent(name, device):
            statistics = json.loads(run("ip", "-n", name, "-s", "-j", "link", "show", "dev", device))
            return statistics[0]["stats64"]["tx"]["bytes"]

        return sent(CLIENT, "gwc"), sent(SERVER, "gws")

    @staticmethod
    def popen(name, words, **options):
        return subprocess.Popen(["ip", "netns", "exec", name, *words], **options)
