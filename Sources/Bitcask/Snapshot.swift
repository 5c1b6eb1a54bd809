/// One point in time of a store: reads and scans see what was there when it was taken, while writes and merges go on.
///
/// Taking one costs nothing; while it is open, the first change of each key costs some bytes of memory, and files that merges
/// replace stay on disk. It ends with the last reference to it.
public final class BitcaskSnapshot: Sendable {
    private let engine: Engine<PosixFileSystem>
    private let number: UInt64
    /// When it was taken, in milliseconds since 1970; values that expire later are still there.
    public let takenAt: UInt64

    init(engine: Engine<PosixFileSystem>) throws(BitcaskError) {
        self.engine = engine
        (number, takenAt) = try engine.takeSnapshot()
    }

    deinit {
        engine.release(snapshot: number)
    }

    /// The value that `key` had, or nil.
    public func get(_ key: [UInt8]) throws(BitcaskError) -> [UInt8]? {
        try key.withBytes { key throws(BitcaskError) in
            try engine.read(key, snapshot: number, takenAt: takenAt) { Array($0) }
        }
    }

    /// The entries whose keys begin with `prefix`, in byte order; see ``Bitcask/scan(prefix:after:limit:order:)``.
    public func scan(
        prefix: [UInt8] = [], after: [UInt8]? = nil, limit: Int = .max, order: Bitcask.Order = .ascending
    ) throws(BitcaskError) -> [Bitcask.Entry] {
        try engine.scan(
            prefix: prefix, after: after, limit: limit, descending: order == .descending,
            in: .snapshot(number, takenAt: takenAt))
    }

    /// Calls `body` with every entry whose key begins with `prefix`, in byte order, holding a few hundred keys in memory
    /// at a time. The value is good during the call.
    public func forEach(prefix: [UInt8] = [], _ body: ([UInt8], RawSpan) -> Void) throws(BitcaskError) {
        try engine.walk(
            prefix: prefix, after: nil, limit: .max, descending: false, in: .snapshot(number, takenAt: takenAt)
        ) { key, value in
            body(key, value.bytes)
        }
    }
}

extension BitcaskSnapshot: Sequence {
    /// The entries in byte order, read a few hundred at a time. One whose record is damaged ends the iteration: use
    /// ``forEach(prefix:_:)`` where that must not pass for the end.
    public func makeIterator() -> AnyIterator<Bitcask.Entry> {
        var page: [Bitcask.Entry] = []
        var next = 0
        var last: [UInt8]?
        var isOver = false
        return AnyIterator {
            if next == page.count, !isOver {
                page = (try? self.scan(after: last, limit: 256)) ?? []
                next = 0
                isOver = page.count < 256
                last = page.last?.key
            }
            guard next < page.count else { return nil }
            defer { next += 1 }
            return page[next]
        }
    }
}
