import NIOCore

/// What a link was asked to carry, and what it did.
struct LinkUse {
    var packets = 0
    /// Offered to the link, headers included.
    var bytes = 0
    /// What the link let through: an interface's counter behind netem sees only these.
    var passedBytes = 0
    /// Packets that found the queue full.
    var overflowed = 0
    /// From its sending to its arrival, the longest that one took.
    var longestWait = TimeAmount.zero

    func since(_ before: LinkUse) -> LinkUse {
        LinkUse(
            packets: packets - before.packets, bytes: bytes - before.bytes,
            passedBytes: passedBytes - before.passedBytes,
            overflowed: overflowed - before.overflowed, longestWait: longestWait)
    }

    mutating func add(_ other: LinkUse) {
        packets += other.packets
        bytes += other.bytes
        passedBytes += other.passedBytes
        overflowed += other.overflowed
        longestWait = max(longestWait, other.longestWait)
    }
}
