/// A log-structured key-value store in one directory: every write is an append, every read one place of one file.
///
/// Any thread may call it. Reads take no lock; writes take turns. Writes are visible at once, and durable as each of them
/// asks for, or after ``sync()``.
public final class Bitcask: Sendable {
    /// A key and its value.
    public struct Entry: Sendable, Equatable {
        /// The key.
        public let key: [UInt8]
        /// The value.
        public let value: [UInt8]

        /// A key with its value.
        public init(key: [UInt8], value: [UInt8]) {
            self.key = key
            self.value = value
        }
    }

    /// The direction of a scan through the keys in byte order.
    public enum Order: Sendable {
        /// From the smallest key.
        case ascending
        /// From the largest key.
        case descending
    }

    private let engine: Engine<PosixFileSystem>
    private let maintenance: Maintenance<PosixFileSystem>?

    /// Opens the store in `directory`, creating it when absent, and recovers what was written before.
    public convenience init(
        directory: String, options: BitcaskOptions = BitcaskOptions()
    ) throws(BitcaskError) {
        try self.init(directory: directory, options: options, fileSystem: PosixFileSystem())
    }

    /// Opens the store on a given disk.
    package init(directory: String, options: BitcaskOptions, fileSystem: PosixFileSystem) throws(BitcaskError) {
        engine = try Engine(directory: directory, options: options, disk: fileSystem)
        maintenance = options.maintainsInBackground ? Maintenance(engine: engine) : nil
    }

    deinit {
        maintenance?.stop()
    }

    // MARK: Reading

    /// The value of `key`, or nil.
    public func get(_ key: [UInt8]) throws(BitcaskError) -> [UInt8]? {
        try key.withBytes { key throws(BitcaskError) in
            try engine.read(key) { value in
                [UInt8](unsafeUninitializedCapacity: value.count) { buffer, count in
                    count = value.count
                    UnsafeMutableRawBufferPointer(buffer).copyMemory(from: value)
                }
            }
        }
    }

    /// Calls `body` with the value of `key` where it was read to, without a copy; nil when there is none.
    public func withValue<R>(of key: RawSpan, _ body: (RawSpan) -> R) throws(BitcaskError) -> R? {
        try key.withUnsafeBytes { key throws(BitcaskError) in try engine.read(key) { body($0.bytes) } }
    }

    /// Whether `key` has a value; only one that may have expired is read for it.
    public func contains(_ key: [UInt8]) throws(BitcaskError) -> Bool {
        try key.withBytes { key throws(BitcaskError) in try engine.contains(key) }
    }

    /// The entries whose keys begin with `prefix`, in byte order. While others write, each few hundred entries are of
    /// one moment, the whole is not: take a ``snapshot()`` for that.
    ///
    /// - Parameters:
    ///   - prefix: What the keys begin with; empty for all.
    ///   - after: Where to go on: only keys strictly beyond this one in the scan's direction.
    ///   - limit: The largest number of entries.
    ///   - order: The direction.
    public func scan(
        prefix: [UInt8], after: [UInt8]? = nil, limit: Int = .max, order: Order = .ascending
    ) throws(BitcaskError) -> [Entry] {
        try engine.scan(prefix: prefix, after: after, limit: limit, descending: order == .descending)
    }

    /// Like ``scan(prefix:after:limit:order:)``, without reading values.
    public func keys(
        prefix: [UInt8], after: [UInt8]? = nil, limit: Int = .max, order: Order = .ascending
    ) throws(BitcaskError) -> [[UInt8]] {
        try engine.keys(prefix: prefix, after: after, limit: limit, descending: order == .descending)
    }

    /// This moment, to read from while writes go on. While ``deleteAll(prefix:durability:)`` is at work, the moment when it is
    /// done, which this waits for.
    public func snapshot() throws(BitcaskError) -> BitcaskSnapshot {
        try BitcaskSnapshot(engine: engine)
    }

    // MARK: Writing

    /// Sets the value of `key`: at most 65,535 bytes of key and 16 MiB of value.
    ///
    /// - Parameters:
    ///   - expiresAt: From this moment on (milliseconds since 1970, up to 2^48) the value is not read any more.
    ///   - durability: When the call returns.
    public func put(
        _ key: [UInt8], _ value: [UInt8], expiresAt: UInt64? = nil, durability: BitcaskDurability = .flushed
    ) throws(BitcaskError) {
        try key.withBytes { key throws(BitcaskError) in
            try value.withBytes { value throws(BitcaskError) in
                try engine.put(key, value, expiry: BitcaskBatch.expiry(expiresAt), durability)
            }
        }
    }

    /// The same from bytes wherever they lie.
    public func put(
        _ key: RawSpan, _ value: RawSpan, expiresAt: UInt64? = nil, durability: BitcaskDurability = .flushed
    ) throws(BitcaskError) {
        try key.withUnsafeBytes { key throws(BitcaskError) in
            try value.withUnsafeBytes { value throws(BitcaskError) in
                try engine.put(key, value, expiry: BitcaskBatch.expiry(expiresAt), durability)
            }
        }
    }

    /// Removes `key`; removing an absent key writes nothing.
    public func delete(_ key: [UInt8], durability: BitcaskDurability = .flushed) throws(BitcaskError) {
        try key.withBytes { key throws(BitcaskError) in try engine.delete(key, durability) }
    }

    /// Removes every key that begins with `prefix`, with one record; an empty prefix means all keys.
    ///
    /// Other writers wait for moments only, however many keys there are: these go some at a time, and reads meanwhile may find some
    /// of them gone and others not. When the call returns all are gone that were there when it began; what others wrote
    /// meanwhile stays. Snapshots see all of it or nothing, and so does whoever opens the store after a crash.
    /// ``BitcaskBatch/deleteAll(prefix:)`` is for readers who must never see half of it.
    public func deleteAll(prefix: [UInt8], durability: BitcaskDurability = .flushed) throws(BitcaskError) {
        try engine.deleteAll(prefix: prefix, durability)
    }

    /// Writes the whole batch or nothing; at most 64 MiB.
    public func write(_ batch: BitcaskBatch, durability: BitcaskDurability = .flushed) throws(BitcaskError) {
        try engine.write(batch, durability)
    }

    /// Makes every write so far durable.
    ///
    /// A failed sync is final: the store drops what was not durable and refuses all further writes.
    public func sync() throws(BitcaskError) {
        try engine.sync()
    }

    // MARK: Looking after it

    /// Figures for people and metrics.
    public var statistics: BitcaskStatistics { engine.statistics }

    /// Damaged stretches that opening the store skipped or the scrubber met, a thousand at most; log them loudly.
    public var corruptions: [BitcaskCorruption] { engine.lock.locked { engine.corruptions } }

    /// 16 random bytes made with the directory, the same for ever.
    public var storeID: [UInt8] { engine.storeID }

    /// Without a background thread: goes on with hints and merging for about `budget` bytes of reading, and returns whether
    /// more work remains. Any thread; writers wait for moments only.
    public func maintain(budget: Int = 1 << 20) throws(BitcaskError) -> Bool {
        try engine.maintain(budget: budget)
    }

    /// Merges until nothing is left that is worth it or, when `everything` is asked for, nothing dead is left in closed files.
    ///
    /// - Parameter progress: Called with the dead bytes that remain.
    public func merge(
        everything: Bool = false, progress: (_ deadBytes: UInt64) -> Void = { _ in }
    ) throws(BitcaskError) {
        try engine.mergeAll(everything: everything) { progress(engine.statistics.deadBytes) }
    }

    /// Reads every closed file again and returns how many damaged stretches were found that were not known.
    ///
    /// - Parameter progress: Called with the files done and the files in all.
    @discardableResult
    public func scrub(progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }) throws(BitcaskError) -> Int {
        try engine.scrubAll(progress)
    }

    /// Makes a complete, consistent copy in `directory`, which must not exist, while reads and writes go on. On the same file
    /// system it takes no room and little time: data files do not change, so the copy is a second name for each.
    ///
    /// - Parameter progress: Called with the files done and the files in all.
    public func backup(
        to directory: String, progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws(BitcaskError) {
        try engine.backup(to: directory, progress: progress)
    }

    /// Syncs and closes; later calls throw ``BitcaskError/closed``.
    public func close() throws(BitcaskError) {
        maintenance?.stop()
        try engine.close()
    }
}
