/// How a store behaves; every field has a default that suits a server.
public struct BitcaskOptions: Sendable {
    /// A data file is closed and a new one begun when the next write would pass this many bytes; 256 bytes to 2 GiB, forced into that range.
    public var maximumFileBytes: Int
    /// Descriptors kept open for reading closed files; at least 1.
    public var maximumOpenFiles: Int
    /// A closed file is merged when at least this share of its bytes is dead; 0 to 1.
    public var mergeDeadShare: Double
    /// Closed files below this size are merged with their neighbours, whatever they hold.
    public var mergeSmallFileBytes: Int

    /// Defaults: files of 256 MiB, 64 descriptors, merge from 40 % dead or below 1 MiB.
    public init(
        maximumFileBytes: Int = 256 << 20, maximumOpenFiles: Int = 64, mergeDeadShare: Double = 0.4,
        mergeSmallFileBytes: Int = 1 << 20
    ) {
        self.maximumFileBytes = maximumFileBytes
        self.maximumOpenFiles = maximumOpenFiles
        self.mergeDeadShare = mergeDeadShare
        self.mergeSmallFileBytes = mergeSmallFileBytes
    }

    /// The same with every field forced into its range: offsets within a file must fit 32 bits.
    var bounded: BitcaskOptions {
        BitcaskOptions(
            maximumFileBytes: min(max(maximumFileBytes, Self.smallestFileBytes), Self.largestFileBytes),
            maximumOpenFiles: max(maximumOpenFiles, 1), mergeDeadShare: min(max(mergeDeadShare, 0), 1),
            mergeSmallFileBytes: max(mergeSmallFileBytes, 0))
    }

    private static let smallestFileBytes = 256
    private static let largestFileBytes = 2 << 30
}
