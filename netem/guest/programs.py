"""Unmodified programs as peers: each exchange is a run of curl or redis-cli, straight over TCP or through `godwit tunnel`."""

import asyncio
import pathlib
import secrets
import sys

import daemons
import godwit_process

_GUEST = pathlib.Path(__file__).resolve().parent
_PATIENCE_S = 20


class ProgramFailed(Exception):
    """The program's last words."""


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


async def serve(program, address, port, folder):
    process = daemons.start(program.server(address, port), folder, "program")
    await daemons.until_bound(process, port, folder, "program")


async def serve_tunnel(program, address, port, folder):
    """The program's server where only the edge reaches it, and an edge that allows exactly that."""
    await serve(program, "127.0.0.1", port + 1, folder)
    token = secrets.token_hex(16)
    (folder / "token").write_text(token)
    allowed = {"GODWIT_UPSTREAMS_TUNNEL_ALLOW": f"program=127.0.0.1:{port + 1}", "GODWIT_UPSTREAMS_TUNNEL_TOKEN": token}
    await godwit_process.serve(address, port, folder, allowed)


class Direct:
    """The program connects to its server."""

    def __init__(self, program, address, port, folder, options):
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

    def __init__(self, program, address, port, folder, options):
        super().__init__(program, "127.0.0.1", None, folder, options)
        self.edge = f"{address}:{port}"
        self.process = None

    async def connect(self, resume):
        """Up to the open session."""
        await self.close(forget=False)
        (self.folder / "tunnel.log").write_bytes(b"")
        words = [godwit_process.binary(), "tunnel", "--server", self.edge, f"--pin={godwit_process.pin(self.folder)}"]
        words += ["--token-file", str(self.folder / "token"), "-L", "0:program"]
        self.process = daemons.start(words, self.folder, "tunnel")
        forward = await self._line("forward", before="connected by")
        self.port = int(forward.split(" -> ")[0].rpartition(":")[2])

    async def _line(self, beginning, before):
        """The line of the tunnel's log that begins so, once the other text is there too."""
        for _ in range(50 * _PATIENCE_S):
            text = (self.folder / "tunnel.log").read_text(errors="replace")
            if before in text:
                return next(line for line in text.splitlines() if line.startswith(beginning))
            if self.process.poll() is not None:
                break
            await asyncio.sleep(0.02)
        raise ProgramFailed(f"godwit tunnel was not connected: {daemons.last_words(self.folder, 'tunnel')}")

    async def close(self, forget):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            await asyncio.to_thread(self.process.wait)
        self.process = None
