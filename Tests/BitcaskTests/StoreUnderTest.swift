@testable import Bitcask

typealias SimulatedStore = Engine<SimulatedDisk>
typealias Model = [[UInt8]: [UInt8]]

extension Engine<SimulatedDisk> {
    /// Small files, so that a short test rotates and merges.
    static func open(
        _ disk: SimulatedDisk, maximumFileBytes: Int = 600, smallFileBytes: Int = 200
    ) throws(BitcaskError) -> SimulatedStore {
        try Engine(
            directory: "/store",
            options: BitcaskOptions(
                maximumFileBytes: maximumFileBytes, maximumOpenFiles: 2, mergeSmallFileBytes: smallFileBytes),
            disk: disk)
    }

    func put(_ key: String, _ value: String) throws(BitcaskError) {
        try append([BitcaskBatch.Write(key: Array(key.utf8), value: Array(value.utf8))])
    }

    func remove(_ key: String) throws(BitcaskError) {
        try delete(Array(key.utf8))
    }

    func text(_ key: String) throws(BitcaskError) -> String? {
        try get(Array(key.utf8)).map { String(decoding: $0, as: UTF8.self) }
    }

    func mergeAll() throws(BitcaskError) {
        while try mergeStep(budget: 1 << 20) {}
    }

    /// Everything the store holds.
    func contents() throws(BitcaskError) -> Model {
        var model = Model()
        for entry in try scan(prefix: [], after: nil, limit: .max, order: .ascending) { model[entry.key] = entry.value }
        return model
    }
}

extension SimulatedDisk {
    static func data(_ id: UInt32) -> String { "/store/\(FileName.ofData(id))" }

    var dataFiles: [String] { names.keys.filter { $0.hasSuffix(".data") }.sorted() }
}
