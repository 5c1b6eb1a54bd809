import NIOCore

/// Bytes that must reach the peer: which were never sent, which are to be sent again, and which have arrived.
struct TransmissionBuffer {
    private(set) var data: ByteBuffer
    private var nextFresh = 0
    private var again = RangeSet()
    private var acknowledged = RangeSet()

    init(_ data: ByteBuffer = ByteBuffer()) {
        // Offsets count from the reader index; a slice begins at 0.
        self.data = data.slice()
    }

    mutating func append(_ more: ByteBuffer) {
        data.writeImmutableBuffer(more)
    }

    var count: Int { data.readableBytes }
    var freshCount: Int { count - nextFresh }
    var hasBegun: Bool { nextFresh > 0 }
    var hasAgain: Bool { !again.isEmpty }
    var hasPending: Bool { hasAgain || freshCount > 0 }
    var isAcknowledged: Bool { acknowledged.covers(0..<UInt64(count)) }

    /// The first range to send, bytes to send again before fresh ones.
    func next() -> Range<Int>? {
        if let range = again.first { return Int(range.lowerBound)..<Int(range.upperBound) }
        return freshCount > 0 ? nextFresh..<count : nil
    }

    mutating func sent(_ range: Range<Int>) {
        again.remove(UInt64(range.lowerBound)..<UInt64(range.upperBound))
        nextFresh = max(nextFresh, range.upperBound)
    }

    mutating func acknowledge(_ range: Range<Int>) {
        let range = UInt64(range.lowerBound)..<UInt64(range.upperBound)
        acknowledged.insert(range)
        again.remove(range)
    }

    /// Marks what has not been acknowledged of `range` to be sent again.
    mutating func sendAgain(_ range: Range<Int>) {
        let range = UInt64(range.lowerBound)..<UInt64(range.upperBound)
        again.insert(range)
        for done in acknowledged.ranges where done.overlaps(range) { again.remove(done) }
    }

    func view(_ range: Range<Int>) -> ByteBufferView? {
        data.viewBytes(at: data.readerIndex + range.lowerBound, length: range.count)
    }
}
