"""What `tc netem` does to one direction of a link."""

# Without a rate of its own a direction still gets one: `tc qdisc replace` keeps the old rate when none is named.
_UNLIMITED = ("rate", "100gbit")


class Impairment:
    """The words after `netem` for one direction, and their black version."""

    def __init__(self, words, seed=None):
        self.words = list(words)
        self.seed = seed

    def __eq__(self, other):
        return isinstance(other, Impairment) and self.words == other.words

    def __repr__(self):
        return f"Impairment({' '.join(self.words)!r})"

    def command(self, device, dark=False):
        """The line for `tc -batch`. In the dark whatever is sent is lost; what is in flight still lands."""
        words = ["loss", "100%"] if dark else list(self.words)
        if "rate" not in words:
            words += _UNLIMITED
        if "limit" not in words:
            words += ["limit", "1000"]
        if self.seed is not None:
            words += ["seed", str(self.seed)]
        return f"qdisc replace dev {device} root handle 1: netem {' '.join(words)}"


CLEAN = Impairment([])
