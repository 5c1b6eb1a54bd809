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
    /// Where the bytes begin that were never sent.
    var freshStart: Int { nextFresh }
    /// The first bytes to be sent again.
    var againRange: Range<Int>? { again.first.map { Int($0.lowerBound)..<Int($0.upperBound) } }
    var hasBegun: Bool { nextFresh > 0 }
    var hasAgain: Bool { !again.isEmpty }
    var hasPending: Bool { hasAgain || freshCount > 0 }
    var isAcknowledged: Bool { acknowledged.covers(0..<UInt64(count)) }

    /// The first range to send, bytes to send again before fresh ones.
    func next() -> Range<Int>? {
        if let againRange { return againRange }
        return freshCount > 0 ? nextFresh..<count : nil
    }

    /// What has not been acknowledged, in order.
    var unacknowledged: ContiguousArray<Range<Int>> {
        var gaps: ContiguousArray<Range<Int>> = []
        var next = 0
        for known in acknowledged.ranges {
            if Int(known.lowerBound) > next { gaps.append(next..<Int(known.lowerBound)) }
            next = Int(known.upperBound)
        }
        if next < count { gaps.append(next..<count) }
        return gaps
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
