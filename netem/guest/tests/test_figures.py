"""What is computed from counters and stamps. Pure."""

import unittest

from cell import CellFailed
from networks.counters import interface_totals
from networks.impairment import Impairment
from networks.meter import sent_by_preference
from workloads.conversation import deal
from workloads.fairness import meeting, with_queue
from workloads.storm import _dropped, _when

NET_DEV = """Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:     999      9    0    0    0     0          0         0      999      9    0    0    0     0       0          0
  wwan:    1500     10    0    0    0     0          0         0     2500     20    0    0    0     0       0          0
  wlan:     100      1    0    0    0     0          0         0      200      2    0    0    0     0       0          0
"""

TC_FILTERS = """filter protocol ip pref 1 u32 chain 0
filter protocol ip pref 1 u32 chain 0 fh 800::800 order 2048 key ht 800 bkt 0 terminal flowid not_in_hw  (rule hit 3 success 1)
  match 1ce80000/ffff0000 at 20 (success 1 )
	action order 1: gact action pass
	 Action statistics:
	Sent 1500 bytes 1 pkt (dropped 0, overlimits 0 requeues 0)
filter protocol ip pref 2 u32 chain 0 fh 801::800 order 2048 key ht 801 bkt 0 terminal flowid not_in_hw  (rule hit 2 success 1)
	action order 1: gact action pass
	Sent 44 bytes 1 pkt (dropped 0, overlimits 0 requeues 0)
"""


class Figures(unittest.TestCase):
    def test_interfaces_are_summed_without_loopback(self):
        self.assertEqual({"rx_bytes": 1600, "rx_packets": 11, "tx_bytes": 2700, "tx_packets": 22}, interface_totals(NET_DEV))

    def test_a_storm_is_over_when_the_share_is_back(self):
        back = [100.0, 200.0, 300.0, None]
        self.assertEqual([200.0, None, None], [_when(back, share) for share in (50, 90, 100)])
        self.assertEqual(["delay", "1ms", "loss", "2%"], _dropped("delay 1ms rate 1mbit loss 2% limit 5".split(), ("rate", "limit")))

    def test_flows_are_told_apart_by_the_preference_of_their_filter(self):
        self.assertEqual({1: 1500, 2: 44}, sent_by_preference(TC_FILTERS))

    def test_a_fair_share_is_a_half_and_an_index_of_one(self):
        self.assertEqual((0.5, 1.0), tuple(meeting("bbr", 1.0, 100, 100, 10, 0)[key] for key in ("share", "jain")))
        self.assertEqual((1.0, 0.5, 80, 0), tuple(meeting("bbr", 1.0, 100, 0, 10, 0)[key] for key in ("share", "jain", "own_bps", "rival_bps")))
        with self.assertRaises(CellFailed):
            meeting("bbr", 1.0, 0, 0, 10, 0)

    def test_a_queue_is_multiplied_and_never_empty(self):
        self.assertEqual("rate 10mbit limit 132".split(), with_queue(Impairment("rate 10mbit limit 33".split()), 4).words)
        self.assertEqual("1", with_queue(Impairment("rate 10mbit limit 1".split()), 0.1).words[-1])


class Conversation(unittest.TestCase):
    def setUp(self):
        self.there, self.back = deal(["a", "b", "c", "d"], ["ann", "wei"])
        for index in (0, 1):
            self.there.sent_at[index] = 10.0 + index

    def test_lines_go_round(self):
        self.assertEqual((["a", "c"], "ann", "wei"), (self.there.lines, self.there.sender, self.there.receiver))
        self.assertEqual((["b", "d"], "wei", "ann"), (self.back.lines, self.back.sender, self.back.receiver))

    def test_doubles_disorder_and_strangers_are_counted(self):
        for body, when in (("1\tc", 12.0), ("0\ta", 12.5), ("0\ta", 13.0), ("0\tx", 13.0), ("7\ta", 13.0), ("hello", 13.0)):
            self.there.take(body, when)
        self.assertTrue(self.there.complete)
        self.assertEqual((1, 1, 3), (self.there.duplicates, self.there.order_breaks, self.there.foreign))
        self.assertEqual([2500.0, 1000.0], self.there.latencies_ms())

    def test_what_never_came_has_no_latency(self):
        self.there.take("1\tc", 12.0)
        self.assertFalse(self.there.complete)
        self.assertEqual([None, 1000.0], self.there.latencies_ms())


if __name__ == "__main__":
    unittest.main()
