import Foundation
import Testing

@testable import Bitcask

/// Deletions of a prefix that other threads' writes come in between of.
@Suite struct PrefixDeletionTests {
    private typealias Open = (number: UInt64, takenAt: UInt64, frozen: Model)

    private static func begin(_ store: SimulatedStore, _ prefix: String) throws(BitcaskError) -> PrefixDeletion {
        try store.lock.locked { () throws(BitcaskError) in
            try store.beginDeletion(of: Array(prefix.utf8), .flushed)
        }
    }

    /// Removes the next keys as one hold of the lock does; true when the deletion is over.
    private static func go(_ store: SimulatedStore, _ deletion: inout PrefixDeletion, _ limit: Int) -> Bool {
        store.lock.locked {
            guard !store.index.bury(&deletion, limit: limit) else { return false }
            store.endDeletion()
            return true
        }
    }

    private static func key(_ random: inout SeededGenerator) -> [UInt8] {
        Array("\(["a", "a1", "b"].randomElement(using: &random) ?? "")\(Int.random(in: 0..<20, using: &random))".utf8)
    }

    @Test(
        "between any two of its steps only keys from before it may still be there, in the end none, and to whoever opens the store it has happened",
        arguments: 1...UInt64(60))
    func interleaved(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let disk = SimulatedDisk()
        let keepsOrder = seed % 2 == 0
        var store = try SimulatedStore.open(disk, keepsOrder: keepsOrder)
        var model = Model()
        var open: [Open] = []
        for round in 0..<4 {
            let place: Comment = "seed \(seed), round \(round)"
            for _ in 0..<40 { try Self.write(to: store, &model, &random) }
            if Bool.random(using: &random) {
                let (number, takenAt) = try store.takeSnapshot()
                open.append((number, takenAt, model))
            }
            let prefix = ["", "a", "a1", "b", "c"].randomElement(using: &random) ?? ""
            let before = model
            model = model.filter { !$0.key.starts(with: prefix.utf8) }
            var deletion = try Self.begin(store, prefix)
            while !Self.go(store, &deletion, Int.random(in: 1...3, using: &random)) {
                switch UInt8.random(in: 0..<8, using: &random) {
                case 0..<4: try Self.write(to: store, &model, &random)
                case 4: _ = try store.mergeStep(budget: Int.random(in: 1...500, using: &random))
                case 5: try store.mergeAll(everything: Bool.random(using: &random)) {}
                case 6 where !open.isEmpty: store.release(snapshot: open.removeFirst().number)
                default: break
                }
                for (key, value) in try store.contents() where model[key] != value {
                    #expect(model[key] == nil && before[key] == value && key.starts(with: prefix.utf8), place)
                }
                for key in model.keys { #expect(try store.get(key) == model[key], place) }
                let survivor = try SimulatedStore.open(disk.afterProcessDeath(), keepsOrder: keepsOrder)
                #expect(try survivor.contents() == model, place)
            }
            #expect(try store.contents() == model, place)
            #expect(store.index.liveKeys == model.count, place)
            for snapshot in open {
                let view = SimulatedStore.View.snapshot(snapshot.number, takenAt: snapshot.takenAt)
                let found = try store.scan(prefix: [], after: nil, limit: .max, descending: false, in: view)
                #expect(found.reduce(into: Model()) { $0[$1.key] = $1.value } == snapshot.frozen, place)
            }
        }
        for snapshot in open { store.release(snapshot: snapshot.number) }
        try store.mergeAll(everything: true) {}
        #expect(store.keydir.count == model.count, "seed \(seed)")
        try store.close()
        #expect(disk.openFiles == 0)
        store = try SimulatedStore.open(disk, keepsOrder: keepsOrder)
        #expect(try store.contents() == model, "seed \(seed)")
    }

    private static func write(
        to store: SimulatedStore, _ model: inout Model, _ random: inout SeededGenerator
    ) throws(BitcaskError) {
        let key = key(&random)
        switch UInt8.random(in: 0..<8, using: &random) {
        case 0, 1:
            try store.delete(key)
            model[key] = nil
        case 2:
            var batch = BitcaskBatch()
            batch.deleteAll(prefix: Array(key.prefix(2)))
            batch.put(key, [1])
            try store.write(batch, .flushed)
            model = model.filter { !$0.key.starts(with: key.prefix(2)) }
            model[key] = [1]
        default:
            let value = [UInt8](repeating: .random(in: 0...255, using: &random), count: 20)
            try store.put(key, value)
            model[key] = value
        }
    }

    @Test(
        "one hold of the lock removes a bounded number of keys and passes over a bounded number",
        arguments: [false, true])
    func bounded(keepsOrder: Bool) throws {
        let store = try SimulatedStore.open(SimulatedDisk(), maximumFileBytes: 1 << 20, keepsOrder: keepsOrder)
        for index in 0..<3_000 { try store.put(Array("b\(index)".utf8), [1], .none) }
        for index in 0..<300 { try store.put(Array("a\(index)".utf8), [1], .none) }
        var deletion = try Self.begin(store, "a")
        for index in 0..<3_000 { try store.put(Array("a later \(index)".utf8), [1], .none) }
        var holds = 1
        var left = store.index.liveKeys
        while !Self.go(store, &deletion, 64) {
            #expect(left - store.index.liveKeys <= 64)
            left = store.index.liveKeys
            holds += 1
        }
        #expect(holds >= 6, "3,000 that are passed over, and 300 that go")
        #expect(store.index.liveKeys == 6_000)
        #expect(try store.keys(prefix: Array("a".utf8), after: nil, limit: .max, descending: false).count == 3_000)
    }

    @Test("a merge while a prefix is being deleted does not drop the deletion's record", arguments: [false, true])
    func merge(keepsOrder: Bool) throws {
        let disk = SimulatedDisk()
        let store = try SimulatedStore.open(disk, maximumFileBytes: 1 << 16, keepsOrder: keepsOrder)
        for index in 0..<40 { try store.put("k\(index % 20)", "early") }
        try store.lock.locked { () throws(BitcaskError) in try store.rotate() }
        for index in 0..<10 { try store.put("k\(index)", "late") }
        var deletion = try Self.begin(store, "k")
        #expect(!Self.go(store, &deletion, 5))
        // Closes the log with the record, and merges all that there is.
        try store.mergeAll(everything: true) {}
        #expect(store.counters.merges > 0)
        #expect(try SimulatedStore.open(disk.afterProcessDeath()).contents().isEmpty)
        while !Self.go(store, &deletion, 5) {}
        try store.mergeAll(everything: true) {}
        #expect(store.index.allFiles.allSatisfy { $0.tombstoneBytes == 0 }, "the record buries nothing any more")
        #expect(try store.contents().isEmpty)
        #expect(try SimulatedStore.open(disk.afterProcessDeath()).contents().isEmpty)
    }

    @Test("a disk that refuses the record leaves every key, and the next deletion goes on as ever")
    func refused() throws {
        let disk = SimulatedDisk()
        let store = try SimulatedStore.open(disk)
        try store.put("a1", "1")
        disk.fault = { operation, _ in operation == .write ? 28 : nil }
        #expect(throws: BitcaskError.outOfSpace(path: SimulatedDisk.data(1))) {
            try store.deleteAll(prefix: Array("a".utf8), .flushed)
        }
        disk.fault = { _, _ in nil }
        #expect(try store.text("a1") == "1")
        _ = try store.takeSnapshot()
        try store.deleteAll(prefix: Array("a".utf8), .flushed)
        #expect(try store.text("a1") == nil)
    }

    @Test("a sync that fails is told to whoever deleted, and nothing waits for the deletion afterwards")
    func failedSync() throws {
        let disk = SimulatedDisk()
        let store = try SimulatedStore.open(disk)
        try store.put("a1", "1")
        try store.sync()
        disk.fault = { operation, _ in operation == .sync ? 5 : nil }
        #expect(throws: BitcaskError.self) { try store.deleteAll(prefix: Array("a".utf8), .synced) }
        disk.fault = { _, _ in nil }
        #expect(throws: BitcaskError.self) { try store.deleteAll(prefix: Array("a".utf8), .flushed) }
        _ = try store.takeSnapshot()
        try store.close()
        #expect(try SimulatedStore.open(disk).text("a1") == "1")
    }
}
