/// A store under measurement. Any thread may call it, as the store itself allows or as its adapter makes it.
package protocol StoreEngine: AnyObject, Sendable {
    /// What one reading thread keeps between its reads.
    associatedtype Reader

    /// Opens the store in `directory`, which is there and may be empty.
    init(directory: String, purpose: StorePurpose) throws

    /// Writes one value, which is at least as durable as asked for when the call returns.
    func put(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, _ durability: StoreDurability) throws
    /// Writes many values in whatever way is fastest.
    func load(_ entries: some Sequence<(key: [UInt8], value: [UInt8])>) throws
    /// A reader for one thread, which gives it back with ``finish(_:)``.
    func reader() throws -> Reader
    /// Calls `body` with the value where it lies; nil when there is none.
    func get<R>(
        _ key: UnsafeRawBufferPointer, with reader: Reader, _ body: (UnsafeRawBufferPointer) -> R
    ) throws -> R?
    /// Ends a reader.
    func finish(_ reader: Reader)
    /// Brings the files into the shape that is best for reads, as the store's own compaction would in time.
    func settle() throws
    /// A number that grows while old values are being cleaned away; nil when the store does not tell.
    var cleaningProgress: UInt64? { get }
    /// Makes everything durable and lets the directory go.
    func close() throws
}

/// Where a value is when the put returns.
package enum StoreDurability: String, Codable, Sendable {
    /// In the process's memory perhaps: it is lost with the process.
    case buffered
    /// In the operating system's hands: it is lost with the machine.
    case flushed
    /// On disk.
    case synced
}

/// What a store is opened for; some are tuned by it.
package enum StorePurpose: Sendable, Equatable {
    /// Loading and reads.
    case reads
    /// Puts.
    case puts(StoreDurability)
    /// A data set much larger than a file, which is overwritten all the time.
    case overwriting
}
