import Bitcask
import StoreBench

/// Godwit's own store with its defaults, but for the order of keys: the classic Bitcask has none, and `bitcask-ordered` is
/// measured beside it.
class BitcaskEngine: StoreEngine, @unchecked Sendable {
    static let all: [String: any StoreEngine.Type] = [
        "bitcask": BitcaskEngine.self, "bitcask-ordered": OrderedBitcaskEngine.self,
    ]

    private let store: Bitcask

    class var keepsOrder: Bool { false }

    required init(directory: String, purpose: StorePurpose) throws {
        var options = BitcaskOptions()
        options.keepsOrder = Self.keepsOrder
        // Files an eighth of the data set, as a large store has them.
        if purpose == .overwriting { options.maximumFileBytes = 32 << 20 }
        store = try Bitcask(directory: directory, options: options)
    }

    func put(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, _ durability: StoreDurability) throws {
        let durability: BitcaskDurability =
            switch durability {
            case .buffered: .none
            case .flushed: .flushed
            case .synced: .synced
            }
        try store.put(key.bytes, value.bytes, durability: durability)
    }

    func load(_ entries: some Sequence<(key: [UInt8], value: [UInt8])>) throws {
        for entry in entries { try store.put(entry.key, entry.value, durability: .none) }
    }

    func reader() throws {}
    func finish(_: Void) {}

    func get<R>(
        _ key: UnsafeRawBufferPointer, with _: Void, _ body: (UnsafeRawBufferPointer) -> R
    ) throws -> R? {
        try store.withValue(of: key.bytes) { value in value.withUnsafeBytes(body) }
    }

    func settle() throws {
        // Closes the newest log and gives every file its hint.
        try store.merge(everything: true)
        while try store.maintain() {}
    }

    /// Grows while records are copied and while the keys are pointed at the copies.
    var cleaningProgress: UInt64? {
        let figures = store.statistics
        return figures.mergeReadBytes &+ figures.mergeMovedKeys &+ figures.merges
    }

    func close() throws { try store.close() }
}

/// The same with the order of keys that scans need, which is the library's default.
final class OrderedBitcaskEngine: BitcaskEngine, @unchecked Sendable {
    override class var keepsOrder: Bool { true }
}
