"""Unmodified programs as peers: each exchange is a run of curl or redis-cli, straight over TCP or through `godwit tunnel`.

What is started here dies with the worker's process group.
"""

import asyncio
import os
import pathlib
import secrets
import shutil
import subprocess
import sys

import loading

_GUEST = pathlib.Path(__file__).resolve().parent
_PATIENCE_S = 20


class ProgramFailed(Exception):
    """Says which program failed, and its last words."""


class Curl:
    """curl, POSTing to a small HTTP server."""

    @staticmethod
    def server(address, port):
        return [sys.executable, "-B", str(_GUEST / "http_echo.py"), address, str(port)]

    @staticmethod
    def client(address, port):
        return ["curl", "-sS", "--fail", "-H", "Expect:", "--data-binary", "@-", f"http://{address}:{port}/"]

    @staticmethod
    def reply(output):
        return output


class Redis:
    """redis-cli against redis-server."""

    @staticmethod
    def server(address, port):
        return ["redis-server", "--bind", address, "--port", str(port), "--save", "", "--appendonly", "no", "--protected-mode", "no"]

    @staticmethod
    def client(address, port):
        return ["redis-cli", "-h", address, "-p", str(port), "--raw", "-x", "ECHO"]

    @staticmethod
    def reply(output):
        return output[:-1]  # redis-cli ends its output with a newline


def _start(words, folder, name, **options):
    program = shutil.which(words[0], path=os.environ.get("PATH", "") + ":/usr/sbin")
    if program is None:
        raise ProgramFailed(f"{words[0]} is not installed: netem/packages.sh installs what a peer's DEBIAN lists")
    with open(folder / f"{name}.log", "ab") as log:
        return subprocess.Popen([program, *words[1:]], stdin=subprocess.DEVNULL, stdout=log, stderr=log, **options)


async def _until(folder, name, process, is_ready):
    """Polls a starting process until it is ready or has failed."""
    for _ in range(50 * _PATIENCE_S):
        if process.poll() is not None:
            break
        if await is_ready():
            return
        await asyncio.sleep(0.02)
    words = (folder / f"{name}.log").read_text(errors="replace").strip().splitlines()[-3:]
    raise ProgramFailed(f"{name} did not start: {' / '.join(words)}")


async def _accepts(address, port):
    try:
        _, writer = await asyncio.open_connection(address, port)
    except OSError:
        return False
    writer.close()
    return True


def _godwit():
    path = pathlib.Path(os.environ.get("GODWIT") or loading.ROOT / ".build" / "release" / "godwit")
    if not path.is_file():
        raise ProgramFailed(f"{path} is missing: run 'make release' first, or name the binary with GODWIT=…")
    return str(path.resolve())


async def serve(program, address, port, folder):
    process = _start(program.server(address, port), folder, "program")
    await _until(folder, "program", process, lambda: _accepts(address, port))


async def serve_tunnel(program, address, port, folder):
    """The program's server where only the edge reaches it, and an edge that allows exactly that."""
    await serve(program, "127.0.0.1", port + 1, folder)
    token = secrets.token_hex(16)
    (folder / "token").write_text(token)
    settings = {"GODWIT_UPSTREAMS_TUNNEL_ALLOW": f"program=127.0.0.1:{port + 1}", "GODWIT_UPSTREAMS_TUNNEL_TOKEN": token}
    data = str(folder / "data")
    words = [_godwit(), "serve", "--data", data, "--listen", f"{address}:{port}", "--admin", "127.0.0.1:0"]
    process = _start(words, folder, "edge", env={**os.environ, **settings})
    await _until(folder, "edge", process, lambda: _accepts(address, port))
    (folder / "pin").write_text(subprocess.run([_godwit(), "pin", "--data", data], capture_output=True, text=True, check=True).stdout.split()[-1])


class Direct:
    """The program connects to its server."""

    def __init__(self, program, address, port, folder):
        self.program, self.address, self.port, self.folder = program, address, port, folder

    async def connect(self, resume):
        pass  # each run of the program connects by itself

    async def exchange(self, body, deadline_ms=None):
        process = await asyncio.create_subprocess_exec(
            *self.program.client(self.address, self.port), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE)
        try:
            output, errors = await process.communicate(body)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            raise ProgramFailed(errors.decode(errors="replace").strip() or f"exit code {process.returncode}")
        return self.program.reply(output)

    async def repair(self):
        pass

    async def close(self, forget):
        pass


class Tunnelled(Direct):
    """The program connects to `godwit tunnel` on its own machine."""

    def __init__(self, program, address, port, folder):
        super().__init__(program, "127.0.0.1", None, folder)
        self.edge = f"{address}:{port}"
        self.process = None

    async def connect(self, resume):
        """Up to the open session."""
        await self.close(forget=False)
        log = self.folder / "tunnel.log"
        log.write_bytes(b"")
        words = [_godwit(), "tunnel", "--server", self.edge, "--pin", (self.folder / "pin").read_text()]
        words += ["--token-file", str(self.folder / "token"), "-L", "0:program"]
        self.process = _start(words, self.folder, "tunnel")

        async def is_connected():
            return b"connected by" in log.read_bytes()

        await _until(self.folder, "tunnel", self.process, is_connected)
        forward = next(line for line in log.read_text().splitlines() if line.startswith("forward"))
        self.port = int(forward.split(" -> ")[0].rpartition(":")[2])

    async def close(self, forget):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            await asyncio.to_thread(self.process.wait)
        self.process = None
