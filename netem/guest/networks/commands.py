"""Runs ip, tc and their like without holding up the event loop."""

import asyncio
import shlex


class NetworkError(Exception):
    """Says what could not be set up, and what the tool said about it."""


async def run(*words, lines=None):
    """Runs a command to its end and returns its output; `lines` are its standard input (batches of ip and tc)."""
    try:
        process = await asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.PIPE if lines is not None else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except FileNotFoundError:
        raise NetworkError(f"{words[0]} is missing: netem/guest.sh installs it") from None
    text = None if lines is None else ("\n".join(lines) + "\n").encode()
    output, complaint = await process.communicate(text)
    if process.returncode != 0:
        said = complaint.decode(errors="replace").strip() or f"exit status {process.returncode}"
        what = "making networks" if words[0] == "sh" else shlex.join(words)  # a script's text would bury what went wrong
        raise NetworkError(f"{what}: {said}" + (f" (input: {'; '.join(lines)})" if lines else ""))
    return output.decode(errors="replace")


async def attempt(*words, lines=None):
    """As `run`, for clean-up and questions: True when it went well."""
    try:
        await run(*words, lines=lines)
    except NetworkError:
        return False
    return True


async def script(commands):
    """Shell commands one after the other, up to the first that fails. One process of ours for all: starting one from here costs this
    process a tenth of a second in user-mode Linux, during which no other cell is served."""
    await run("sh", "-ec", "\n".join(commands))


def batch(tool, lines):
    """A shell command that gives `lines` to `ip` or `tc`."""
    return f"{tool} -batch - <<'END'\n" + "\n".join(lines) + "\nEND"
