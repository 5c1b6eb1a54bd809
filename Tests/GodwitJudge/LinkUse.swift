/// What a link was asked to carry, and what it did.
struct LinkUse {
    var packets = 0
    /// Offered to the link, headers included.
    var bytes = 0
    /// What the link let through: an interface's counter behind netem sees only these.
    var passedBytes = 0
    /// Packets that found the queue full.
    var overflowed = 0
    /// In packets, those in the delay line included.
    var longestQueue = 0

    func since(_ before: LinkUse) -> LinkUse {
        LinkUse(
            packets: packets - before.packets, bytes: bytes - before.bytes,
            passedBytes: passedBytes - before.passedBytes,
            overflowed: overflowed - before.overflowed, longestQueue: longestQueue)
    }

    mutating func add(_ other: LinkUse) {
        packets += other.packets
        bytes += other.bytes
        passedBytes += other.passedBytes
        overflowed += other.overflowed
        longestQueue = max(longestQueue, other.longestQueue)
    }
}
