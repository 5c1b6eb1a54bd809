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

    @Test("no crash between the steps of a partial merge brings a deleted key back", arguments: [0, 200])
    func resurrectionAfterCrash(smallFileBytes: Int) throws {
        // Basho bitcask #82, PR #148, #156: the tombstone's file went before the value's.
        func life() throws -> (SimulatedDisk, SimulatedStore) {
            let disk = SimulatedDisk()
            let store = try SimulatedStore.open(disk, smallFileBytes: smallFileBytes)
            try store.put("ghost", "old")
            for index in 0..<8 { try store.put("keep\(index)", String(repeating: "x", count: 36)) }
            try store.remove("ghost")
            for round in 0..<3 {
                for index in 0..<8 { try store.put("churn\(index)", String(repeating: "\(round)", count: 60)) }
            }
            try store.sync()
            return (disk, store)
        }
        let (rehearsal, rehearsed) = try life()
        let before = rehearsal.operations
        try rehearsed.mergeAll()
        for crash in 1...(rehearsal.operations - before) {
            for seed in 0..<4 as Range<UInt64> {
                let (disk, store) = try life()
                disk.crashAt = before + crash
                try? store.mergeAll()
                var random = SeededGenerator(seed: seed)
                let survivor = try SimulatedStore.open(disk.afterPowerLoss(&random), smallFileBytes: smallFileBytes)
                #expect(try survivor.text("ghost") == nil, "operation \(crash), seed \(seed)")
                try survivor.mergeAll()
                #expect(try survivor.text("ghost") == nil, "operation \(crash), seed \(seed), merged again")
                #expect(try survivor.contents().count == 16, "operation \(crash), seed \(seed)")
            }
        }
    }

    @Test("a key that is deleted and put again while a merge runs has its last value, before and after opening again")
    func putDuringMerge() throws {
        // The other half of Basho bitcask #156: a merge's copy must not replace what came in between, nor its tombstone it.
        let disk = SimulatedDisk()
        var store = try SimulatedStore.open(disk, smallFileBytes: 0)
        for round in 0..<3 {
            for index in 0..<12 { try store.put("k\(index)", "round \(round) \(String(repeating: "x", count: 30))") }
        }
        var step = 0
        var model = try store.contents()
        while try store.mergeStep(budget: 50) {
            let key = "k\(step % 12)"
            try store.remove(key)
            model[Array(key.utf8)] = nil
            if step % 2 == 0 {
                try store.put(key, "new \(step)")
                model[Array(key.utf8)] = Array("new \(step)".utf8)
            }
            step += 1
            #expect(try store.contents() == model, "step \(step)")
            guard step < 200 else { break }
        }
        #expect(store.counters.merges > 0)
        try store.close()
        store = try SimulatedStore.open(disk)
        #expect(try store.contents() == model)
    }

    @Test("a fold over a snapshot has every value although merges remove the files that it began in")
    func foldWhileFilesGo() throws {
        // Basho bitcask #174: the fold met files that a merge had deleted, and skipped their values.
        let disk = SimulatedDisk()
        let store = try SimulatedStore.open(disk, keepsOrder: false)
        for round in 0..<3 {
            for index in 0..<30 { try store.put("k\(index)", "round \(round)") }
        }
        let expected = try store.contents()
        let files = Set(disk.dataFiles)
        let (number, takenAt) = try store.takeSnapshot()
        for index in 0..<30 { try store.put("k\(index)", "later") }
        try store.mergeAll()
        var found = Model()
        try store.walk(
            prefix: [], after: nil, limit: .max, descending: false, in: .snapshot(number, takenAt: takenAt)
        ) { key, value in
            found[key] = Array(value)
        }
        #expect(found == expected)
        store.release(snapshot: number)
        try store.mergeAll()
        #expect(!files.isSubset(of: disk.dataFiles), "the merges removed nothing, and so proved nothing")
    }

    @Test("a fold does not show a key that was deleted before it began, whatever a merge has copied")
    func foldWithoutDeleted() throws {
        // Basho bitcask #180.
        let disk = SimulatedDisk()
        var store = try SimulatedStore.open(disk)
        for index in 0..<30 { try store.put("k\(index)", String(repeating: "v", count: 30)) }
        _ = try store.mergeStep(budget: 100)
        for index in 0..<30 where index % 3 == 0 { try store.remove("k\(index)") }
        while try store.mergeStep(budget: 100) {
            let keys = try store.keys(prefix: [], after: nil, limit: .max, descending: false)
            #expect(keys.count == 20)
        }
        try store.close()
        store = try SimulatedStore.open(disk)
        #expect(try store.contents().count == 20)
    }

    @Test("a store that is opened while a merge has given its output a name and removed nothing yet is whole")
    func openDuringMerge() throws {
        // Basho bitcask #150: opening and a merge raced for the files.
        let disk = SimulatedDisk()
        let store = try SimulatedStore.open(disk)
        for index in 0..<60 { try store.put("k\(index % 9)", "value \(index)") }
        try store.remove("k4")
        try store.sync()
        let expected = try store.contents()
        var images: [SimulatedDisk] = []
        disk.onOperation = { images.append(disk.afterProcessDeath()) }
        try store.mergeAll()
        disk.onOperation = nil
        #expect(images.count > 5)
        for (index, image) in images.enumerated() {
            let other = try SimulatedStore.open(image)
            #expect(try other.contents() == expected, "image \(index)")
            #expect(other.corruptions.isEmpty, "image \(index)")
        }
    }

    @Test("a merge calls the disk without the writers' lock, from its first file to the removal of its inputs")
    func mergeWithoutLock() throws {
        let disk = SimulatedDisk()
        let store = try SimulatedStore.open(disk)
        for index in 0..<60 { try store.put("k\(index % 9)", "value \(index)") }
        try store.sync()
        let before = disk.dataFiles
        var calls = 0
        var held = 0
        disk.onOperation = {
            calls += 1
            // The mutex does not nest, so even the thread that has it is refused.
            if store.lock.tryLock() { store.lock.unlock() } else { held += 1 }
        }
        try store.mergeAll()
        disk.onOperation = nil
        #expect(store.counters.merges > 0 && calls > 5)
        #expect(!Set(before).isSubset(of: disk.dataFiles), "the merges removed nothing, and so proved nothing")
        #expect(held == 0)
    }

    @Test("a hint that is not of its data file, or of an older length of it, is not believed")
    func strangersHint() throws {
        let disk = SimulatedDisk()
        var store = try SimulatedStore.open(disk, smallFileBytes: 0)
        for index in 0..<30 { try store.put("k\(index)", String(repeating: "v", count: 30)) }
        while store.hintStep() {}
        try store.close()
        let hints = disk.names.keys.filter { $0.hasSuffix(".hint") }.sorted()
        try #require(hints.count >= 2)
        var first: [UInt8] = []
        disk.damage(hints[0]) { first = $0 }
        disk.damage(hints[1]) { $0 = first }
        store = try SimulatedStore.open(disk)
        #expect(store.counters.hintsRebuilt == 1)
        #expect(try store.contents().count == 30)
    }
}
