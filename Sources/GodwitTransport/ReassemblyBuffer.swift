import NIOCore

/// Puts a byte stream together from pieces that arrive in any order, more than once, and overlapping.
struct ReassemblyBuffer {
    /// A stream in more separate pieces than this is refused: 256 KiB in whole datagrams with every second one missing are 120.
    static let maximumPieces = 1024

    private var bytes = ByteBuffer()
    private var received = RangeSet()
    /// One past the highest byte received.
    private(set) var highest = 0
    private var taken = 0

    /// Puts a piece in its place. The caller has checked `offset` and the end against its limit.
    ///
    mutating func insert(_ data: ByteBuffer, at offset: Int) -> Insertion {
        let end = offset + data.readableBytes
        let range = UInt64(offset)..<UInt64(end)
        guard !received.covers(range) else { return .known }
        received.insert(range)
        guard received.count <= Self.maximumPieces else { return .tooManyPieces }
        bytes.setBuffer(data, at: offset)
        highest = max(highest, end)
        return .new
    }

    enum Insertion {
        case new
        /// All of it was there.
        case known
        case tooManyPieces
    }

    /// What has not been received of `range`.
    func missing(in range: Range<Int>) -> ContiguousArray<Range<Int>> {
        var gaps: ContiguousArray<Range<Int>> = []
        var next = range.lowerBound
        for known in received.ranges where known.upperBound > UInt64(range.lowerBound) {
            guard known.lowerBound < UInt64(range.upperBound) else { break }
            if Int(known.lowerBound) > next { gaps.append(next..<Int(known.lowerBound)) }
            next = Int(known.upperBound)
        }
        if next < range.upperBound { gaps.append(next..<range.upperBound) }
        return gaps
    }

    /// nil unless all of `range` has been received.
    func view(_ range: Range<Int>) -> ByteBufferView? {
        guard received.covers(UInt64(range.lowerBound)..<UInt64(range.upperBound)) else { return nil }
        // The buffer is filled by position; its writer index has not followed.
        var filled = bytes
        filled.moveWriterIndex(to: highest)
        return filled.viewBytes(at: range.lowerBound, length: range.count)
    }

    func isComplete(upTo end: Int) -> Bool { received.covers(0..<UInt64(end)) }

    /// All bytes, when complete.
    mutating func takeAll(upTo end: Int) -> ByteBuffer {
        bytes.moveWriterIndex(to: end)
        return bytes
    }

    /// The bytes that now follow without a gap on those taken before, nil when there are none.
    mutating func takeNext() -> ByteBuffer? {
        guard let first = received.first, first.lowerBound == 0 else { return nil }
        let end = Int(first.upperBound)
        guard end > taken else { return nil }
        bytes.moveWriterIndex(to: max(bytes.writerIndex, end))
        defer { taken = end }
        return bytes.getSlice(at: taken, length: end - taken)
    }
}
