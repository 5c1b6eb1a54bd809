import Glibc

/// How a store behaves; every field has a default that suits a server.
public struct BitcaskOptions: Sendable {
    /// A data file is closed and a new one begun when the next write would pass this many bytes; 256 bytes to 2 GiB, forced
    /// into that range.
    public var maximumFileBytes: Int
    /// Descriptors kept open for reading closed files; at least 1.
    public var maximumOpenFiles: Int
    /// Read closed files through memory maps (Linux 5.14; elsewhere by `pread`): several times faster for what the page
    /// cache has. A page that could be read once and that the disk then loses ends the process instead of one read.
    public var mapsClosedFiles = true
    /// A closed file is merged when at least this share of its bytes is dead; 0 to 1. A merge at share *s* copies at most
    /// (1 - s) / s bytes for each byte written, so one half bounds the write amplification at 2.
    public var mergeDeadShare: Double
    /// Closed files below this size are merged with their neighbours, whatever they hold.
    public var mergeSmallFileBytes: Int
    /// Keep the keys in order, four to eight bytes a key, so that scans touch only what they return. Without it a scan sorts.
    public var keepsOrder = true
    /// Merge, scrub and write hints on a thread of the store's own. Without it the owner calls ``Bitcask/maintain(budget:)``.
    public var maintainsInBackground = true
    /// What the background merge reads a second at most; 0 for no limit.
    public var mergeBytesPerSecond = 0
    /// Hours of the day (UTC, 0 to 23) in which a background merge may begin; nil for all. A range may pass midnight by
    /// naming both parts.
    public var mergeHours: Set<Int>?
    /// What the background scrubber reads a second; 0 turns it off.
    public var scrubBytesPerSecond = 4 << 20
    /// Time from the end of one pass of the scrubber to the next.
    public var scrubInterval = Duration.seconds(7 * 24 * 3_600)
    /// Unsynced bytes after which the background thread syncs the newest log, so that closing a full one never takes long.
    public var writebackBytes = 32 << 20
    /// Compress values of 64 bytes and more with zlib where that saves an eighth. What is stored stays as it is: reading needs
    /// no option, and merges copy it.
    public var compressesValues = false
    /// Milliseconds since 1970, for expiry.
    public var clock: @Sendable () -> UInt64 = BitcaskOptions.systemClock

    /// Defaults: files of 256 MiB, 64 descriptors, merge from one half dead or below 1 MiB.
    public init(
        maximumFileBytes: Int = 256 << 20, maximumOpenFiles: Int = 64, mergeDeadShare: Double = 0.5,
        mergeSmallFileBytes: Int = 1 << 20
    ) {
        self.maximumFileBytes = maximumFileBytes
        self.maximumOpenFiles = maximumOpenFiles
        self.mergeDeadShare = mergeDeadShare
        self.mergeSmallFileBytes = mergeSmallFileBytes
    }

    /// The same with every field forced into its range: offsets within a file must fit 32 bits.
    var bounded: BitcaskOptions {
        var options = self
        options.maximumFileBytes = min(max(maximumFileBytes, Self.smallestFileBytes), Self.largestFileBytes)
        options.maximumOpenFiles = max(maximumOpenFiles, 1)
        options.mergeDeadShare = min(max(mergeDeadShare, 0), 1)
        options.mergeSmallFileBytes = max(mergeSmallFileBytes, 0)
        options.mergeBytesPerSecond = max(mergeBytesPerSecond, 0)
        options.scrubBytesPerSecond = max(scrubBytesPerSecond, 0)
        options.writebackBytes = max(writebackBytes, 64 << 10)
        return options
    }

    private static let smallestFileBytes = 256
    private static let largestFileBytes = 2 << 30

    private static let systemClock: @Sendable () -> UInt64 = {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(clamping: time.tv_sec) &* 1_000 &+ UInt64(clamping: time.tv_nsec / 1_000_000)
    }
}

/// When a write call returns.
public enum BitcaskDurability: Sendable {
    /// When the write is in this process's memory. It goes to the file with the next 256 KiB, `sync` or closing.
    case none
    /// When the operating system has it: it survives this process, not the machine.
    case flushed
    /// When it is on disk. Writers that wait at the same time share one `fdatasync`.
    case synced
}
