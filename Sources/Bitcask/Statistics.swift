/// A damaged stretch of a data file: opening the store had to skip it, or the scrubber met it.
public struct BitcaskCorruption: Sendable, Equatable {
    /// The data file.
    public let path: String
    /// The first damaged byte.
    public let offset: UInt64
    /// How many bytes were skipped until the next sound record.
    public let bytes: UInt64
}

extension BitcaskCorruption: CustomStringConvertible {
    /// For people: the place, and what to do.
    public var description: String {
        "\(bytes) bytes at byte \(offset) of \(path); restore the file from a backup if you need what was there"
    }
}

/// Figures of one store since it was opened.
public struct BitcaskStatistics: Sendable, Equatable {
    /// Live keys, expired ones that no merge has met among them.
    public var keys = 0
    /// Data files, the active one included.
    public var files = 0
    /// Bytes of records that a `get` can return, lengths rounded up to eleven bits.
    public var liveBytes: UInt64 = 0
    /// Bytes that a merge may give back: overwritten, deleted and expired values, tombstones, damaged stretches.
    public var deadBytes: UInt64 = 0
    /// Bytes of memory for the keys and where they lie, the order of keys not counted.
    public var keydirBytes = 0
    /// Damaged stretches skipped at opening, and damaged records met by reads or merges since.
    public var corruptRecords = 0
    /// Bytes of an unfinished last write dropped at opening; never part of an acknowledged one.
    public var tornTailBytes: UInt64 = 0
    /// Writes taken (a batch counts each of its writes).
    public var writes: UInt64 = 0
    /// Bytes of records handed to the operating system by writes.
    public var flushedBytes: UInt64 = 0
    /// Syncs of the active file.
    public var syncs: UInt64 = 0
    /// Merges finished.
    public var merges: UInt64 = 0
    /// Bytes that merges have read.
    public var mergeReadBytes: UInt64 = 0
    /// Bytes of finished merges' outputs: with `flushedBytes` they give the write amplification.
    public var mergeWrittenBytes: UInt64 = 0
    /// Keys that merges have pointed at their copies, or found changed meanwhile.
    public var mergeMovedKeys: UInt64 = 0
    /// Merges that the disk refused; each is tried again later.
    public var mergeFailures: UInt64 = 0
    /// Expired values that merges have dropped.
    public var expired: UInt64 = 0
    /// Bytes that the scrubber has read.
    public var scrubbedBytes: UInt64 = 0
    /// Damaged stretches that the scrubber was the first to find.
    public var scrubFindings: UInt64 = 0
    /// How often a thread, the background's included, found the writers' lock taken.
    public var lockWaits: UInt64 = 0
    /// Nanoseconds that threads have waited for the writers' lock, all together.
    public var lockWaitNanoseconds: UInt64 = 0
    /// Snapshots open now.
    public var snapshots = 0
    /// Hint files that were damaged or missing and have been rebuilt.
    public var hintsRebuilt = 0
}
