import Testing

@testable import Bitcask

@Suite struct CompressionTests {
    private func open(_ disk: SimulatedDisk, compresses: Bool = true) throws(BitcaskError) -> SimulatedStore {
        var options = BitcaskOptions(maximumFileBytes: 4_096, mergeDeadShare: 0.4, mergeSmallFileBytes: 2_000)
        options.compressesValues = compresses
        options.clock = { 1_000 }
        return try Engine(directory: "/store", options: options, disk: disk)
    }

    private static let text = [UInt8](String(repeating: "a message like the one before. ", count: 20).utf8)

    private static func noise(_ count: Int) -> [UInt8] {
        var random = SeededGenerator(seed: UInt64(count))
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    @Test("values that get smaller take less room, by themselves and in batches, and are read as they were")
    func roundTrip() throws {
        let disk = SimulatedDisk()
        var store = try open(disk)
        let values = [Self.text, [], [1], Self.noise(700), [UInt8](repeating: 0, count: 64)]
        for (index, value) in values.enumerated() { try store.put([UInt8(index)], value, .synced) }
        var batch = BitcaskBatch()
        for (index, value) in values.enumerated() { batch.put([100, UInt8(index)], value, expiresAt: 2_000) }
        try store.write(batch, .flushed)
        #expect(store.location("\u{0}").lengthBound < 120)
        #expect(store.location("\u{3}").lengthBound > 700)
        for compresses in [true, false] {
            for (index, value) in values.enumerated() {
                #expect(try store.get([UInt8(index)]) == value)
                #expect(try store.get([100, UInt8(index)]) == value)
            }
            try store.close()
            store = try open(disk, compresses: compresses)
        }
    }

    @Test("a merge copies compressed values as they are")
    func merge() throws {
        let disk = SimulatedDisk()
        let store = try open(disk)
        for round in 0..<6 {
            for index in 0..<12 { try store.put([UInt8(index)], Self.text + [UInt8(round)]) }
        }
        try store.mergeAll()
        #expect(store.counters.merges > 0)
        for index in 0..<12 { #expect(try store.get([UInt8(index)]) == Self.text + [5]) }
    }

    @Test("bytes that are no stream, or not of the length they tell, expand to nothing")
    func damage() throws {
        let sound = try #require(Self.text.withUnsafeBytes(Compression.compress))
        #expect(sound.withUnsafeBytes(Compression.expand) == Self.text)
        for cut in 0..<sound.count { #expect(Array(sound[..<cut]).withUnsafeBytes(Compression.expand) == nil) }
        var longer = sound
        longer[0] += 1
        #expect(longer.withUnsafeBytes(Compression.expand) == nil)
        // A bomb: 16 MiB and one byte told.
        #expect([0x81, 0x80, 0x80, 0x08, 0x78].withUnsafeBytes(Compression.expand) == nil)
        for length in 0..<100 { _ = Self.noise(length).withUnsafeBytes(Compression.expand) }
    }
}
