"""Two users talk through a bad network; every line must arrive exactly once, each sender's in order.

Runs as root on a kernel with sch_netem. For each profile: a fresh server and two clients, real chat lines in both directions at
a steady pace, one change of the phones' address after a third of the lines and one blackout after two thirds. Prints one table
and exits non-zero unless every line of every profile arrived exactly once and in order.
"""

import argparse
import json
import pathlib
import queue
import sys
import time

import corpus
import network
from godwit import Client, GodwitError, Server


class Direction:
    """What one user sent to the other, and what became of it."""

    def __init__(self, sender, receiver, lines):
        self.sender, self.receiver, self.lines = sender, receiver, lines
        self.sent_at = {}
        self.accepted_at = {}
        self.arrived = []  # (seconds, index) in order of arrival
        self.foreign = []  # what arrived and was never sent

    def send(self, index):
        identity = f"{self.sender.user}-{index}"
        self.sent_at[index] = time.monotonic()
        # The index in the body tells equal lines apart; the words are the corpus's own.
        self.sender.command(op="send", id=identity, to=self.receiver.user, body=f"{index}\t{self.lines[index]}")

    def take(self, when, event):
        number, tab, text = event["body"].partition("\t")
        index = int(number) if tab and number.isdigit() else -1
        if 0 <= index < len(self.lines) and text == self.lines[index] and event["from"] == self.sender.user:
            self.arrived.append((when, index))
        else:
            self.foreign.append(event)

    @property
    def complete(self):
        return len({index for _, index in self.arrived}) == len(self.lines)

    @property
    def duplicates(self):
        return len(self.arrived) - len({index for _, index in self.arrived})

    @property
    def order_breaks(self):
        order = [index for _, index in self.arrived]
        return sum(1 for before, after in zip(order, order[1:]) if after < before)

    def latencies(self):
        seen = {}
        for when, index in self.arrived:
            seen.setdefault(index, when - self.sent_at[index])
        return list(seen.values())


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def drain(direction, problems):
    """Takes what the receiver of `direction` has printed, and what its sender was told."""
    while True:
        try:
            when, event = direction.receiver.events.get_nowait()
        except queue.Empty:
            return
        kind = event["event"]
        if kind == "message" and event["from"] != direction.receiver.user:
            direction.take(when, event)
        elif kind == "sent":
            direction.reverse.accepted_at[event["id"]] = when
        elif kind in ("error", "ended"):
            problems.append(f"{direction.receiver.user}: {event}")


def converse(profile, options, lines, folder):
    up, down = network.load_profile(profile)
    cable = network.Network()
    server = clients = None
    try:
        server = Server(options.godwit, options.config, folder / profile)
        # Accounts are made on a clean cable: the figures are those of the conversation.
        clients = [Client(options.godwit, user, server.pin, options.carrier, folder / profile) for user in ("ann", "wei")]
        for client in clients:
            client.command(op="login", user=client.user, password=f"{client.user} walks in the rain")
            client.wait_for("login", 20)
        half = len(lines) // 2
        there = Direction(clients[0], clients[1], lines[:half])
        back = Direction(clients[1], clients[0], lines[half:])
        there.reverse, back.reverse = back, there
        cable.impair(up, down)
        bytes_before = cable.wire_bytes()

        problems = []
        turns = [(direction, index) for index in range(max(half, len(lines) - half)) for direction in (there, back)
                 if index < len(direction.lines)]
        address_change, dark_at = len(turns) // 3, 2 * len(turns) // 3
        light_at = None
        next_turn = time.monotonic()
        for number, (direction, index) in enumerate(turns):
            if number == address_change:
                cable.change_client_address()
            if number == dark_at:
                cable.blackout()
                light_at = time.monotonic() + options.blackout
            next_turn += options.pace
            while True:  # the users go on typing in the dark, until the pace says so
                if light_at is not None and time.monotonic() >= light_at:
                    cable.impair(up, down)
                    light_at = None
                for each in (there, back):
                    drain(each, problems)
                rest = next_turn - time.monotonic()
                if rest <= 0:
                    break
                time.sleep(min(rest, 0.01))
            direction.send(index)
            if sys.stderr.isatty() and number % 10 == 0:
                print(f"\r{profile}: {number}/{len(turns)} lines ", end="", file=sys.stderr, flush=True)
        deadline = time.monotonic() + options.patience
        while time.monotonic() < deadline and (light_at or not (there.complete and back.complete)):
            if light_at is not None and time.monotonic() >= light_at:
                cable.impair(up, down)
                light_at = None
            for each in (there, back):
                drain(each, problems)
            time.sleep(0.01)
        # Late duplicates count as well: listen for a while after the last line.
        settle = time.monotonic() + 2
        while time.monotonic() < settle:
            for each in (there, back):
                drain(each, problems)
            time.sleep(0.01)
        bytes_after = cable.wire_bytes()
        if sys.stderr.isatty():
            print("\r" + " " * 60 + "\r", end="", file=sys.stderr, flush=True)
        return report(profile, there, back, bytes_before, bytes_after, server, problems)
    finally:
        for client in clients or []:
            client.close()
        if server:
            server.close()
        cable.close()


def report(profile, there, back, before, after, server, problems):
    lines = len(there.lines) + len(back.lines)
    latencies = [1000 * value for value in there.latencies() + back.latencies()]
    windows = server.success()["windows"]["5m"]

    def rate(kind):
        value = windows[kind]["rate"]
        return None if value is None else round(100 * value, 3)

    return {
        "profile": profile, "lines": lines, "delivered": len(latencies),
        "duplicates": there.duplicates + back.duplicates, "order_breaks": there.order_breaks + back.order_breaks,
        "foreign": len(there.foreign) + len(back.foreign), "accepted": len(there.accepted_at) + len(back.accepted_at),
        "p50_ms": round(percentile(latencies, 0.50)), "p90_ms": round(percentile(latencies, 0.90)),
        "p99_ms": round(percentile(latencies, 0.99)), "max_ms": round(max(latencies, default=float("nan"))) if latencies else None,
        "bytes_up": round((after[0] - before[0]) / lines), "bytes_down": round((after[1] - before[1]) / lines),
        "tasks_percent": rate("tasks"), "attempts_percent": rate("attempts"), "problems": problems,
    }


def table(rows):
    heads = ["profile", "lines", "delivered", "duplicates", "order breaks", "p50 ms", "p90 ms", "p99 ms", "max ms",
             "bytes/line up + down", "tasks %", "attempts %"]
    cells = [[row["profile"], row["lines"], row["delivered"], row["duplicates"], row["order_breaks"], row["p50_ms"], row["p90_ms"],
              row["p99_ms"], row["max_ms"], f"{row['bytes_up']} + {row['bytes_down']}", row["tasks_percent"], row["attempts_percent"]]
             for row in rows]
    widths = [max(len(str(line[column])) for line in [heads] + cells) for column in range(len(heads))]
    text = ["| " + " | ".join(str(cell).ljust(width) for cell, width in zip(line, widths)) + " |" for line in [heads] + cells]
    text.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(text)


def passed(row):
    return (row["delivered"] == row["accepted"] == row["lines"] and row["duplicates"] == 0 and row["order_breaks"] == 0
            and row["foreign"] == 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--godwit", required=True, help="the godwit binary")
    parser.add_argument("--config", required=True, help="the server's configuration file")
    parser.add_argument("--corpus", required=True, help="folder with the unpacked chatterbot-corpus wheel")
    parser.add_argument("--results", required=True, help="folder for logs and results.jsonl")
    parser.add_argument("--profiles", default="4g,loss20,burst")
    parser.add_argument("--lines", type=int, default=400, help="chat lines a profile, both directions together")
    parser.add_argument("--pace", type=float, default=0.2, help="seconds between two lines")
    parser.add_argument("--blackout", type=float, default=8, help="seconds of nothing")
    parser.add_argument("--patience", type=float, default=90, help="seconds to wait for the last line")
    parser.add_argument("--carrier", default="auto", choices=["auto", "datagram", "stream"])
    options = parser.parse_args()

    folder = pathlib.Path(options.results)
    folder.mkdir(parents=True, exist_ok=True)
    lines = corpus.lines(options.corpus, options.lines)
    rows = []
    try:
        for profile in options.profiles.split(","):
            rows.append(converse(profile, options, lines, folder))
            with open(folder / "results.jsonl", "a", encoding="utf-8") as file:
                file.write(json.dumps(rows[-1], ensure_ascii=False) + "\n")
    except (network.NetworkError, GodwitError) as error:
        print(f"lab: {error}", file=sys.stderr)
        sys.exit(2)
    print(f"{options.lines} real chat lines a profile, English and Chinese in turn, both directions, carrier {options.carrier}; "
          f"one address change and one blackout of {options.blackout:g} s in the middle of each.")
    print(table(rows))
    for row in rows:
        for problem in row["problems"]:
            print(f"{row['profile']}: {problem}", file=sys.stderr)
        if not passed(row):
            print(f"FAILED {row['profile']}: {row['delivered']} of {row['lines']} delivered, {row['accepted']} accepted, "
                  f"{row['duplicates']} doubled, {row['order_breaks']} out of order, {row['foreign']} never sent; logs in {folder}")
    sys.exit(0 if all(passed(row) for row in rows) else 1)


if __name__ == "__main__":
    main()
