@testable import Bitcask

typealias SimulatedStore = Engine<SimulatedDisk>
typealias Model = [[UInt8]: [UInt8]]

extension Engine<SimulatedDisk> {
    /// Small files, so that a short test rotates and merges.
    static func open(
        _ disk: SimulatedDisk, maximumFileBytes: Int = 600, smallFileBytes: Int = 200, keepsOrder: Bool = true,
        clock: @escaping @Sendable () -> UInt64 = { 1_000 }
    ) throws(BitcaskError) -> SimulatedStore {
        var options = BitcaskOptions(
            maximumFileBytes: maximumFileBytes, maximumOpenFiles: 2, mergeDeadShare: 0.4,
            mergeSmallFileBytes: smallFileBytes)
        options.keepsOrder = keepsOrder
        options.clock = clock
        return try Engine(directory: "/store", options: options, disk: disk)
    }

    func put(
        _ key: [UInt8], _ value: [UInt8], expiresAt: UInt64? = nil, _ durability: BitcaskDurability = .flushed
    ) throws(BitcaskError) {
        try key.withBytes { key throws(BitcaskError) in
            try value.withBytes { value throws(BitcaskError) in
                try put(key, value, expiry: BitcaskBatch.expiry(expiresAt), durability)
            }
        }
    }

    func get(_ key: [UInt8]) throws(BitcaskError) -> [UInt8]? {
        try key.withBytes { key throws(BitcaskError) in try read(key) { Array($0) } }
    }

    func delete(_ key: [UInt8], _ durability: BitcaskDurability = .flushed) throws(BitcaskError) {
        try key.withBytes { key throws(BitcaskError) in try delete(key, durability) }
    }

    /// One batch; a nil value is a deletion.
    func write(_ writes: [(key: [UInt8], value: [UInt8]?)]) throws(BitcaskError) {
        var batch = BitcaskBatch()
        for (key, value) in writes { if let value { batch.put(key, value) } else { batch.delete(key) } }
        try write(batch, .flushed)
    }

    func put(_ key: String, _ value: String) throws(BitcaskError) {
        try put(Array(key.utf8), Array(value.utf8))
    }

    func remove(_ key: String) throws(BitcaskError) {
        try delete(Array(key.utf8))
    }

    /// What a record without a batch, undurable bytes or an expiry takes at most at the beginning of a small file.
    static func recordLength(key: Int, value: Int, undurable: UInt32 = 0) -> Int {
        RecordHeader(sequence: 1, flags: [], keyLength: key, valueLength: value, undurable: undurable).recordLength
    }

    func location(_ key: String) -> Location {
        Array(key.utf8).withUnsafeBytes { keydir.location(of: $0) }
    }

    func text(_ key: String) throws(BitcaskError) -> String? {
        try get(Array(key.utf8)).map { String(decoding: $0, as: UTF8.self) }
    }

    func mergeAll() throws(BitcaskError) {
        while try maintain(budget: 1 << 20) {}
    }

    /// Everything the store holds.
    func contents() throws(BitcaskError) -> Model {
        var model = Model()
        for entry in try scan(prefix: [], after: nil, limit: .max, descending: false) { model[entry.key] = entry.value }
        return model
    }
}

extension SimulatedDisk {
    static func data(_ id: UInt32) -> String { "/store/\(FileName.ofData(id))" }

    var dataFiles: [String] { names.keys.filter { $0.hasSuffix(".data") }.sorted() }
}
