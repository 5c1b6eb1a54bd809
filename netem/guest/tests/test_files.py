"""Every committed profile, trace, scenario and peer can be read, and bad ones say what is wrong. Pure; a second."""

import importlib
import itertools
import pathlib
import tempfile
import unittest

import assignments
import loading
import peercard
import profile
import scenario
import trace
from assignments import FileError
from networks.impairment import Impairment


class Folder(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = pathlib.Path(self.folder.name)

    def write(self, name, text):
        (self.path / name).write_text(text)
        return self.path / name

    def assert_refused(self, expected, call, *words, **named):
        with self.assertRaises(FileError) as caught:
            call(*words, **named)
        self.assertIn(expected, str(caught.exception))


class Assignments(Folder):
    def test_values_keep_what_is_inside_the_quotes(self):
        self.assertEqual({"up": "delay 1ms # no comment", "down": ""}, assignments.read(self.write("a", '# c\nup="delay 1ms # no comment" # c\n\ndown=""\n')))

    def test_a_line_that_is_none_is_refused_with_its_number(self):
        self.assert_refused(":2: expected key=", assignments.read, self.write("a", 'up="1"\nup delay\n'))
        self.assert_refused("up is there twice", assignments.read, self.write("a", 'up="1"\nup="2"\n'))


class Profiles(Folder):
    def test_all_committed_ones_can_be_read(self):
        for name in profile.names():
            self.assertIsNotNone(profile.load(name), name)
        self.assertLessEqual({"2g", "3g", "4g", "burst", "loss20", "loss40", "wifi-crowded", "lte-moving", "subway", "elevator", "satellite",
                              "roaming", "udp-blocked", "udp-throttled"}, set(profile.names()))

    def test_bad_ones_are_refused(self):
        self.assert_refused("unknown profile 'x'; there are: ", profile.load, "x")
        for text, expected in (('up="loss 1%"', "needs both up and down"), ('up="a"\ndown="b"\nrate="c"', "unknown key rate"),
                               ('up="a"\ndown="b"\ntrace="c"', "has trace and up or down"), ('up="a"\ndown="b"\nudp="slow"', 'udp is "blocked" or')):
            self.write("p.profile", text)
            self.assert_refused(expected, profile.load, "p", folder=self.path)

    def test_udp_policies(self):
        self.write("p.profile", 'up="a"\ndown="b"\nudp="throttled 32kbit"')
        self.assertEqual(("throttled", "32kbit", "6000"), profile.load("p", folder=self.path).udp)


class Traces(Folder):
    def test_steps_follow_each_other_for_ever_from_any_point(self):
        steps = trace.read(self.write("t", "2 up: loss 1% | down: loss 2%\n3 blackout # dark\n"))
        self.assertEqual([False, True], [step.dark for step in steps])
        self.assertEqual(["loss", "2%"], steps[0].down.words)
        played = list(itertools.islice(trace.from_point(steps, 11), 4))
        self.assertEqual([(1, False), (3, True), (2, False), (3, True)], [(step.seconds, step.dark) for step in played])
        self.assertEqual((3, True), [(step.seconds, step.dark) for step in itertools.islice(trace.from_point(steps, 2), 1)][0])

    def test_bad_steps_are_refused_with_their_line(self):
        for text, expected in (("x blackout", ":1: a step begins with its length"), ("0 blackout", "lasts 0.1 to 3600 s"),
                               ("1 up: a", "expected 'blackout' or"), ("1 blackout", "needs a step in which something passes")):
            self.assert_refused(expected, trace.read, self.write("t", text))


class Netem(unittest.TestCase):
    def test_every_command_names_rate_and_limit_because_tc_would_keep_the_old_ones(self):
        self.assertEqual("qdisc replace dev out root handle 1: netem loss 1% rate 100gbit limit 1000", Impairment(["loss", "1%"]).command("out"))
        self.assertEqual("qdisc replace dev out root handle 1: netem loss 100% rate 100gbit limit 1000",
                         Impairment("delay 1ms rate 1mbit limit 5".split()).command("out", dark=True))


class Scenarios(Folder):
    def test_all_committed_ones_can_be_read_and_have_a_workload(self):
        for name in scenario.names():
            self.assertTrue(callable(importlib.import_module(f"workloads.{scenario.load(name).workload}").work), name)

    def test_overrides_are_for_parameters_that_exist(self):
        self.assertEqual(40, scenario.load("chat", {"chat.messages": "40", "burst.rounds": "1"}).number("messages"))
        self.assert_refused("has no parameter 'mesages'", scenario.load, "chat", {"chat.mesages": "40"})
        self.assert_refused('messages is a number, not "many"', scenario.load("chat", {"chat.messages": "many"}).number, "messages")


class Peers(unittest.TestCase):
    def test_their_cards_are_literals(self):
        for name in loading.names():
            card = peercard.read(name)
            self.assertTrue(card["TITLE"] and card["NOTES"], name)
            self.assertLessEqual(set(card["CANNOT"]), set(scenario.names()), name)


if __name__ == "__main__":
    unittest.main()
