/// A log-structured key-value store in one directory: every write is an append, every read one `pread`.
///
/// A store has one owner: it may move between threads, but only one may call it at a time (the type is not `Sendable`).
/// Writes are visible at once and durable after ``sync()``.
public final class Bitcask {
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

    /// Opens the store in `directory`, creating it when absent, and recovers what was written before.
    public convenience init(
        directory: String, options: BitcaskOptions = BitcaskOptions()
    ) throws(BitcaskError) {
        try self.init(directory: directory, options: options, fileSystem: PosixFileSystem())
    }

    /// Opens the store on a given disk.
    package init(directory: String, options: BitcaskOptions, fileSystem: PosixFileSystem) throws(BitcaskError) {
        engine = try Engine(directory: directory, options: options, disk: fileSystem)
    }

    /// The value of `key`, or nil.
    public func get(_ key: [UInt8]) throws(BitcaskError) -> [UInt8]? {
        try engine.get(key)
    }

    /// Whether `key` has a value, without reading it.
    public func contains(_ key: [UInt8]) -> Bool {
        engine.index.keydir[key] != nil
    }

    /// Sets the value of `key`: at most 65,535 bytes of key and 16 MiB of value.
    public func put(_ key: [UInt8], _ value: [UInt8]) throws(BitcaskError) {
        try engine.append([BitcaskBatch.Write(key: key, value: value)])
    }

    /// Removes `key`; removing an absent key writes nothing.
    public func delete(_ key: [UInt8]) throws(BitcaskError) {
        try engine.delete(key)
    }

    /// Writes the whole batch or nothing; at most 64 MiB.
    public func write(_ batch: BitcaskBatch) throws(BitcaskError) {
        try engine.append(batch.writes)
    }

    /// Makes every write so far durable.
    ///
    /// A failed sync is final: the store drops what was not durable and refuses all further writes.
    public func sync() throws(BitcaskError) {
        try engine.sync()
    }

    /// The entries whose keys begin with `prefix`, in byte order.
    ///
    /// - Parameters:
    ///   - prefix: What the keys begin with; empty for all.
    ///   - after: Where to go on: only keys strictly beyond this one in the scan's direction.
    ///   - limit: The largest number of entries.
    ///   - order: The direction.
    public func scan(
        prefix: [UInt8], after: [UInt8]? = nil, limit: Int = .max, order: Order = .ascending
    ) throws(BitcaskError) -> [Entry] {
        try engine.scan(prefix: prefix, after: after, limit: limit, order: order)
    }

    /// Like ``scan(prefix:after:limit:order:)``, without reading values.
    public func keys(
        prefix: [UInt8], after: [UInt8]? = nil, limit: Int = .max, order: Order = .ascending
    ) -> [[UInt8]] {
        engine.index.keydir.scan(prefix: prefix, after: after, limit: limit, descending: order == .descending)
            .map(\.key)
    }

    /// Figures for people and metrics.
    public var statistics: BitcaskStatistics { engine.statistics }

    /// The damaged stretches that opening the store skipped; log them loudly.
    public var corruptions: [BitcaskCorruption] { engine.corruptions }

    /// 16 random bytes made with the directory, the same for ever.
    public var storeID: [UInt8] { engine.storeID }

    /// Goes on with merging for about `budget` bytes of reading, and returns whether more work remains.
    ///
    /// Merging gives back the space of overwritten and deleted values. It happens only here, between the owner's other
    /// calls, so that no write waits longer than one slice. An error leaves the store as it was.
    public func mergeStep(budget: Int = 1 << 20) throws(BitcaskError) -> Bool {
        try engine.mergeStep(budget: budget)
    }

    /// Merges until nothing is left that is worth it.
    public func merge() throws(BitcaskError) {
        while try engine.mergeStep(budget: 8 << 20) {}
    }

    /// Syncs and closes; later calls throw ``BitcaskError/closed``.
    public func close() throws(BitcaskError) {
        try engine.close()
    }
}
