"""Redis over plain TCP."""

import functools

import programs

TITLE = "redis over plain TCP"
DEBIAN = ["redis-server", "redis-tools"]
PYPI = []
NOTES = "redis-cli against redis-server without persistence, as Debian has them. Plain TCP with the kernel's defaults, no TLS, which the tunnel's side has."
CANNOT = {
    "blackout": "runs one program a message, which only the scenario tunnel is about",
    "burst": "runs one program a message, which only the scenario tunnel is about",
    "chat": "runs one program a message, which only the scenario tunnel is about",
    "connect": "runs one program a message, which only the scenario tunnel is about",
    "conversation": "runs one program a message, which only the scenario tunnel is about",
    "handover": "runs one program a message, which only the scenario tunnel is about",
    "idle": "runs one program a message, which only the scenario tunnel is about",
    "image": "runs one program a message, which only the scenario tunnel is about",
    "rebind": "runs one program a message, which only the scenario tunnel is about",
    "storm": "runs one program a message, which only the scenario tunnel is about",
    "voice": "runs one program a message, which only the scenario tunnel is about",
}
OWN_PROCESS = True

serve = functools.partial(programs.serve, programs.Redis)


class Client(programs.Direct):
    def __init__(self, address, port, folder, options):
        super().__init__(programs.Redis, address, port, folder)
