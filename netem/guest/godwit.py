"""A Godwit server and Godwit clients as child processes; clients are driven by `godwit client --jsonl`."""

import json
import pathlib
import queue
import re
import shutil
import subprocess
import threading
import time
import urllib.request

import network


class GodwitError(Exception):
    pass


class Server:
    PORT, ADMIN = 7400, 9464

    def __init__(self, binary, config, folder):
        self.folder = pathlib.Path(folder)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.log = open(self.folder / "server.log", "w")
        words = [binary, "serve", "--config", config, "--data", str(self.folder / "data")]
        words += ["--listen", f"{network.SERVER_ADDRESS}:{self.PORT}", "--admin", f"127.0.0.1:{self.ADMIN}"]
        self.process = network.Network.popen(network.SERVER, words, stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.pin = self._read_pin()
        # What the server prints later must not fill the pipe and stop it.
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def _read_pin(self):
        for line in self.process.stdout:
            self.log.write(line)
            found = re.search(r"--pin\s+(\S+)", line)
            if found:
                return found.group(1)
        self.log.flush()
        raise GodwitError(f"the server ended before it was ready; see {self.folder / 'server.log'}")

    def admin(self, path):
        words = ["python3", "-c", "import sys, urllib.request; sys.stdout.write(urllib.request.urlopen(sys.argv[1], timeout=5).read().decode())"]
        url = f"http://127.0.0.1:{self.ADMIN}{path}"
        return network.run("ip", "netns", "exec", network.SERVER, *words, url)

    def success(self):
        return json.loads(self.admin("/success"))

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


class Client:
    """One `godwit client --jsonl`. `events` holds (seconds, event); nothing is dropped."""

    def __init__(self, binary, user, pin, carrier, folder):
        self.user = user
        self.events = queue.Queue()
        self.log = open(pathlib.Path(folder) / f"{user}.log", "w")
        words = [binary, "client", "--jsonl", "--server", f"{network.SERVER_ADDRESS}:{Server.PORT}", "--pin", pin]
        words += ["--carrier", carrier, "--state", str(pathlib.Path(folder) / f"state-{user}")]
        self.process = network.Network.popen(
            network.CLIENT, words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True, bufsize=1)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            now = time.monotonic()
            self.log.write(line)
            self.events.put((now, json.loads(line)))
        self.events.put((time.monotonic(), {"event": "ended"}))

    def command(self, **fields):
        self.process.stdin.write(json.dumps(fields, ensure_ascii=False) + "\n")
        self.process.stdin.flush()

    def wait_for(self, name, seconds):
        deadline = time.monotonic() + seconds
        while True:
            try:
                _, event = self.events.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise GodwitError(f"{self.user}: no '{name}' within {seconds} s; see {self.log.name}") from None
            if event["event"] == name:
                return event
            if event["event"] in ("ended", "error"):
                raise GodwitError(f"{self.user}: {event} while waiting for '{name}'; see {self.log.name}")

    def close(self):
        try:
            self.command(op="quit")
            self.process.stdin.close()
            self.process.wait(10)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
