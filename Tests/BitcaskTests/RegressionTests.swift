import Testing

@testable import Bitcask

/// Faults that other Bitcasks have had.
@Suite struct RegressionTests {
    @Test("a tombstone survives a partial merge while an older file holds the value")
    func partialMerge() throws {
        // Basho bitcask #82, #148, #156.
        let disk = SimulatedDisk()
        var store = try SimulatedStore.open(disk, smallFileBytes: 0)
        // File 1: mostly live, so it stays out of the merge.
        try store.put("ghost", "old")
        for index in 0..<8 { try store.put("keep\(index)", String(repeating: "x", count: 36)) }
        // File 2: the tombstone among much that is overwritten later.
        for index in 0..<8 { try store.put("churn\(index)", String(repeating: "y", count: 60)) }
        try store.remove("ghost")
        for index in 0..<8 { try store.put("churn\(index)", String(repeating: "z", count: 60)) }
        for index in 0..<8 { try store.put("tail\(index)", String(repeating: "w", count: 60)) }
        let first = SimulatedDisk.data(1)
        try store.mergeAll()
        #expect(store.counters.merges > 0)
        #expect(disk.dataFiles.contains(first), "the file with the value was not to be merged")
        try store.close()
        store = try SimulatedStore.open(disk)
        #expect(try store.text("ghost") == nil)
        #expect(try store.text("keep3") != nil)
    }

    @Test("a tombstone goes when nothing is left that it buries")
    func tombstonesEnd() throws {
        let disk = SimulatedDisk()
        var store = try SimulatedStore.open(disk)
        for index in 0..<40 { try store.put("k\(index)", String(repeating: "x", count: 40)) }
        for index in 0..<40 { try store.remove("k\(index)") }
        for index in 0..<20 { try store.put("end\(index)", String(repeating: "x", count: 40)) }
        try store.mergeAll()
        let closed = store.index.allFiles.filter { $0.tombstoneBytes > 0 }
        #expect(closed.isEmpty)
        try store.close()
        store = try SimulatedStore.open(disk)
        #expect(store.index.liveKeys == 20)
    }

    @Test("a corrupt length is never trusted", arguments: [0, 1, 0x7f, 0x80, 0xff] as [UInt8])
    func corruptLength(length: UInt8) throws {
        let disk = SimulatedDisk()
        var store = try SimulatedStore.open(disk)
        for index in 0..<5 { try store.put("k\(index)", "value \(index)") }
        try store.close()
        // The value length of the second record: behind fixed part and key length.
        let record = FileHeader.length + SimulatedStore.recordLength(key: 2, value: 7)
        let own = SimulatedStore.recordLength(key: 2, value: 7, undurable: 29)
        disk.damage(SimulatedDisk.data(1)) { $0[record + 18] = length }
        store = try SimulatedStore.open(disk)
        #expect(try store.contents().count == 4)
        #expect(
            store.corruptions == [
                BitcaskCorruption(path: SimulatedDisk.data(1), offset: UInt64(record), bytes: UInt64(own))
            ])
    }

    @Test("a value that looks like a tombstone or a record is a value like any other")
    func inBandValues() throws {
        let disk = SimulatedDisk()
        var store = try SimulatedStore.open(disk, maximumFileBytes: 1 << 16)
        // Basho bitcask once marked deletions by a value of its own.
        try store.put("t", "bitcask_tombstone")
        try store.put("empty", "")
        try store.put("inner", "deep")
        try store.sync()
        var image: [UInt8] = []
        disk.damage(SimulatedDisk.data(1)) { image = $0 }
        try store.put([1], image)
        try store.remove("inner")
        try store.close()
        // Damage before the image makes the reader search right through it.
        disk.damage(SimulatedDisk.data(1)) { $0[image.count + 3] ^= 1 }
        store = try SimulatedStore.open(disk)
        #expect(store.corruptions.count == 1)
        #expect(try store.text("t") == "bitcask_tombstone")
        #expect(try store.text("empty")?.isEmpty == true)
        #expect(try store.text("inner") == nil)
    }

    @Test("a scan does not show deleted keys nor miss values while a merge moves them")
    func scanDuringMerge() throws {
        // Basho bitcask #174, #180.
        let disk = SimulatedDisk()
        let store = try SimulatedStore.open(disk)
        var model = Model()
        for round in 0..<4 {
            for index in 0..<20 {
                try store.put("k\(index)", "round \(round)")
                model[Array("k\(index)".utf8)] = Array("round \(round)".utf8)
            }
        }
        for index in 0..<5 {
            try store.remove("k\(index)")
            model[Array("k\(index)".utf8)] = nil
        }
        while try store.mergeStep(budget: 40) { #expect(try store.contents() == model) }
        #expect(store.counters.merges > 0)
        #expect(try store.contents() == model)
    }
}
