"""Do the networks do what they are told? Raw probes through real netem; as root on a kernel that has it: `make lab-check`.

Bounds are four standard deviations of what the dice allow, and a tenth for times and rates.
"""

import asyncio
import math
import os
import pathlib
import signal
import socket
import statistics
import struct
import subprocess
import sys
import threading
import time
import unittest

import profile
from networks import namespaces
from networks.impairment import Impairment
from networks.topology import SERVER_ADDRESS, Topology
from tests.inside import open_socket

_SO_TIMESTAMPNS = 35
_UDP_SEGMENT = 103


class NetworkCase(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        asyncio.get_running_loop().set_debug(False)  # it reports how slow user-mode Linux is
        self.net = Topology("check", 0)
        await self.net.open(second=self.id().endswith("handover"))
        # Whoever reads the namespaces' counters needs a process in each.
        self.residents = [subprocess.Popen(["ip", "netns", "exec", name, "sleep", "600"]) for name in (self.net.client, self.net.server)]
        while not all(namespaces.processes(name) for name in (self.net.client, self.net.server)):
            await asyncio.sleep(0.05)
        self.server = open_socket(self.net.server, socket.SOCK_DGRAM)
        self.server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.server.bind((SERVER_ADDRESS, 9000))
        self.client = open_socket(self.net.client, socket.SOCK_DGRAM)
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)

    async def asyncTearDown(self):
        self.server.close()
        self.client.close()
        await self.net.close()
        for resident in self.residents:
            resident.kill()
            resident.wait()
        self.assertEqual([], [name for name in os.listdir("/run/netns") if name.startswith("godwit-check")])

    async def impair(self, name):
        which = profile.load(name)
        if which.udp:
            await self.net.first.police_udp(which.udp)
        await self.net.first.impair(which.up, which.down)

    def address_of_client(self):
        """As the server sees it, behind the NAT. Asks until an answer comes through."""
        for _ in range(50):
            self.client.sendto(b"who", (SERVER_ADDRESS, 9000))
            self.server.settimeout(0.5)
            try:
                return self.server.recvfrom(100)[1]
            except TimeoutError:
                continue
        self.fail("nothing came through")

    def share_arriving(self, sender, receiver, address, count, size=100, every_s=0.002):
        """Sends numbered packets at a pace and says which arrived."""
        arrived = set()
        sent = threading.Event()

        def take():
            receiver.settimeout(1)
            while True:
                all_are_sent = sent.is_set()
                try:
                    arrived.add(struct.unpack("!I", receiver.recv(2000)[:4])[0])
                except TimeoutError:
                    if all_are_sent:  # and a second of silence since
                        return

        taker = threading.Thread(target=take, daemon=True)
        taker.start()
        due = time.monotonic()
        for number in range(count):
            sender.sendto(struct.pack("!I", number).ljust(size, b"."), address)
            due += every_s
            time.sleep(max(0.0, due - time.monotonic()))
        sent.set()
        taker.join()
        return arrived

    def assert_share(self, expected, arrived, count, runs=1.0):
        deviation = math.sqrt(expected * (1 - expected) / count * runs)
        self.assertAlmostEqual(expected, len(arrived) / count, delta=4 * deviation)


class Netem(NetworkCase):
    async def test_loss_is_thrown_for_each_packet_and_each_direction(self):
        self.assertEqual("10.9.1.2", self.address_of_client()[0])
        phone = self.address_of_client()
        await self.net.first.impair(Impairment(["loss", "20%"]), Impairment(["loss", "40%"]))
        self.assert_share(0.8, self.share_arriving(self.client, self.server, (SERVER_ADDRESS, 9000), 1500), 1500)
        self.assert_share(0.6, self.share_arriving(self.server, self.client, phone, 1500), 1500)

    async def test_gilbert_elliott_loses_in_runs(self):
        self.address_of_client()
        await self.net.first.impair(Impairment("loss gemodel 4% 20% 90% 1%".split()), Impairment([]))
        count = 3000
        arrived = self.share_arriving(self.client, self.server, (SERVER_ADDRESS, 9000), count)
        bad = 0.04 / 0.24  # the share of packets inside a burst
        # Neighbours share their fate: the mean of a correlated series spreads by (1 + r) / (1 - r) more, r = 1 - 0.04 - 0.20.
        self.assert_share(1 - 0.9 * bad - 0.01 * (1 - bad), arrived, count, runs=1.76 / 0.24)
        lost = sorted(set(range(count)) - arrived)
        after_a_loss = sum(1 for number in lost if number + 1 < count and number + 1 not in arrived) / len(lost)
        self.assertGreater(after_a_loss, 0.5)

    async def test_delay_of_both_directions(self):
        await self.impair("4g")
        times = []
        for number in range(60):
            began = time.monotonic()
            self.client.sendto(struct.pack("!I", number), (SERVER_ADDRESS, 9000))
            self.server.settimeout(0.5)
            self.client.settimeout(0.5)
            try:
                body, address = self.server.recvfrom(100)
                self.server.sendto(body, address)
                if self.client.recv(100) == struct.pack("!I", number):
                    times.append(1000 * (time.monotonic() - began))
            except TimeoutError:
                pass
        self.assertGreater(len(times), 50)
        self.assertAlmostEqual(70, statistics.median(times), delta=8)

    async def test_rate_and_queue_limit(self):
        self.address_of_client()
        await self.net.first.impair(Impairment("delay 20ms rate 400kbit limit 60".split()), Impairment([]))
        self.server.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        packet = (1000 + 28 + 14) * 8  # bits
        began = time.monotonic()
        for number in range(200):
            self.client.sendto(struct.pack("!I", number).ljust(1000, b"."), (SERVER_ADDRESS, 9000))
        left_meanwhile = (time.monotonic() - began) * 400_000 / packet
        moments = []
        self.server.settimeout(1)
        try:
            while True:
                # The kernel's stamp of the arrival: this process may come late.
                _, ((_, _, stamp),), _, _ = self.server.recvmsg(2000, 100)
                seconds, nanoseconds = struct.unpack("qq", stamp)
                moments.append(seconds + nanoseconds / 1e9)
        except TimeoutError:
            pass
        # 60 wait in the queue; some have left it while the others came.
        self.assertTrue(60 <= len(moments) <= 63 + left_meanwhile, (len(moments), left_meanwhile))
        rate = (len(moments) - 1) * packet / (moments[-1] - moments[0])
        self.assertAlmostEqual(400_000, rate, delta=40_000)

    async def test_tcp_crosses_in_packets_of_one_segment(self):
        listener = open_socket(self.net.server, socket.SOCK_STREAM)
        listener.bind((SERVER_ADDRESS, 9001))
        listener.listen()
        sender = open_socket(self.net.client, socket.SOCK_STREAM)
        sender.connect((SERVER_ADDRESS, 9001))
        taker, _ = listener.accept()
        for each in (sender, taker):
            each.settimeout(20)
        before = self.net.wire()
        total = 1_000_000
        threading.Thread(target=sender.sendall, args=(bytes(total),), daemon=True).start()
        left = total
        while left:
            left -= len(taker.recv(1 << 16))
        self.assertGreaterEqual(self.net.wire()["up_packets"] - before["up_packets"], total // 1448)
        for each in (listener, sender, taker):
            each.close()

    async def test_a_batch_of_datagrams_crosses_in_packets_of_one(self):
        before = self.net.wire()
        for _ in range(10):
            # UDP_SEGMENT of udp(7): the kernel parts it.
            self.client.sendmsg([bytes(12_000)], [(socket.IPPROTO_UDP, _UDP_SEGMENT, struct.pack("H", 1200))], 0, (SERVER_ADDRESS, 9000))
        self.server.settimeout(5)
        for _ in range(100):
            self.assertEqual(1200, len(self.server.recv(1 << 16)))
        self.assertGreaterEqual(self.net.wire()["up_packets"] - before["up_packets"], 100)

    async def test_dark_and_light(self):
        await self.impair("4g")
        self.address_of_client()
        await self.net.first.blackout(True)
        time.sleep(0.2)
        self.assertEqual(set(), self.share_arriving(self.client, self.server, (SERVER_ADDRESS, 9000), 50))
        await self.net.first.blackout(False)
        self.assertEqual("10.9.1.2", self.address_of_client()[0])


class Translation(NetworkCase):
    async def test_a_rebinding_changes_the_port_outside(self):
        first = self.address_of_client()
        self.assertEqual(first, self.address_of_client())
        await self.net.first.nat.rebind()
        second = self.address_of_client()
        self.assertEqual(first[0], second[0])
        self.assertNotEqual(first[1], second[1])
        # What the server sends to the old port goes nowhere.
        self.server.sendto(b"old", first)
        self.server.sendto(b"new", second)
        self.client.settimeout(1)
        self.assertEqual(b"new", self.client.recv(100))
        with self.assertRaises(TimeoutError):
            self.client.recv(100)

    async def test_handover(self):
        wwan, wlan = self.net.first, self.net.second
        self.assertEqual("10.9.1.2", self.address_of_client()[0])
        await wlan.attach()
        await wlan.route()
        await wwan.detach()
        self.assertEqual("10.9.2.2", self.address_of_client()[0])
        await wlan.detach()
        await wwan.attach()
        await wwan.route()
        self.assertEqual("10.9.1.2", self.address_of_client()[0])


class UDP(NetworkCase):
    async def test_blocked_for_udp_only(self):
        await self.impair("udp-blocked")
        self.assertEqual(set(), self.share_arriving(self.client, self.server, (SERVER_ADDRESS, 9000), 50))
        listener = open_socket(self.net.server, socket.SOCK_STREAM)
        listener.bind((SERVER_ADDRESS, 9001))
        listener.listen()
        sender = open_socket(self.net.client, socket.SOCK_STREAM)
        sender.connect((SERVER_ADDRESS, 9001))
        listener.close()
        sender.close()

    async def test_throttled_to_its_rate(self):
        await self.impair("udp-throttled")
        seconds, size = 6, 500
        # Twice the rate: half passes, and the burst.
        arrived = self.share_arriving(self.client, self.server, (SERVER_ADDRESS, 9000), int(seconds * 64_000 / 8 / (size + 42)), size, (size + 42) * 8 / 64_000)
        passed = len(arrived) * (size + 42)
        self.assertAlmostEqual(seconds * 32_000 / 8 + 6000, passed, delta=0.15 * passed)


class Leftovers(unittest.IsolatedAsyncioTestCase):
    async def test_of_a_killed_run_are_swept(self):
        script = ("import asyncio, os, signal, time\nfrom networks import namespaces\nfrom networks.topology import Topology\n"
                  "claim = namespaces.claim_lane('gone')\n"
                  "asyncio.run(Topology('gone', 0).open())\n"
                  "os.spawnlp(os.P_NOWAIT, 'ip', 'ip', 'netns', 'exec', 'godwit-gone-0-client', 'sleep', '600')\n"
                  "while not namespaces.processes('godwit-gone-0-client'): time.sleep(0.05)\n"
                  "os.kill(os.getpid(), signal.SIGKILL)\n")
        killed = subprocess.run([sys.executable, "-B", "-c", script], timeout=60, cwd=pathlib.Path(__file__).resolve().parents[1])
        self.assertEqual(-signal.SIGKILL, killed.returncode)
        resident = namespaces.processes("godwit-gone-0-client")
        self.assertEqual(1, len(resident))
        self.assertEqual(["client", "server", "wwan"], [name.rpartition("-")[2] for name in await namespaces.sweep()])
        self.assertFalse(any(os.path.exists(f"/run/netns/godwit-gone-0-{name}") for name in ("client", "server", "wwan")))
        deadline = time.monotonic() + 10
        while os.path.exists(f"/proc/{resident[0]}/exe") and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertFalse(os.path.exists(f"/proc/{resident[0]}/exe"))


if __name__ == "__main__":
    unittest.main()
