import Testing

@testable import Bitcask

@Suite struct SnapshotTests {
    @Test(
        "a snapshot shows its moment, whatever is written, deleted, merged and taken after it",
        arguments: 1...UInt64(40))
    func frozen(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let disk = SimulatedDisk()
        let store = try SimulatedStore.open(disk, keepsOrder: seed % 2 == 0)
        var model = Model()
        var open: [(number: UInt64, takenAt: UInt64, frozen: Model)] = []
        for step in 0..<120 {
            switch UInt8.random(in: 0..<24, using: &random) {
            case 0..<9:
                let key = Array("k\(Int.random(in: 0..<12, using: &random))".utf8)
                let value = [UInt8](repeating: 7, count: Int.random(in: 0..<60, using: &random))
                try store.put(key, value)
                model[key] = value
            case 9..<12:
                let key = Array("k\(Int.random(in: 0..<12, using: &random))".utf8)
                try store.delete(key)
                model[key] = nil
            case 12:
                var batch = BitcaskBatch()
                batch.deleteAll(prefix: Array("k1".utf8))
                if Bool.random(using: &random) {
                    try store.write(batch, .none)
                } else {
                    try store.deleteAll(prefix: Array("k1".utf8), .none)
                }
                for key in model.keys where key.starts(with: "k1".utf8) { model[key] = nil }
            case 13..<15 where open.count < 4:
                let (number, takenAt) = try store.takeSnapshot()
                open.append((number, takenAt, model))
            case 15..<17 where !open.isEmpty:
                let gone = open.remove(at: Int.random(in: 0..<open.count, using: &random))
                if Bool.random(using: &random) {
                    store.release(snapshot: gone.number)
                } else {
                    // As between two holds of the lock.
                    _ = store.index.snapshots.end(gone.number)
                }
            case 20..<24: _ = store.index.tidy(limit: Int.random(in: 1...3, using: &random))
            case 17: try store.mergeAll()
            default: _ = try store.maintain(budget: 50)
            }
            for snapshot in open {
                let found = try store.scan(
                    prefix: [], after: nil, limit: .max, descending: false,
                    in: .snapshot(snapshot.number, takenAt: snapshot.takenAt))
                #expect(found.map(\.key).elementsEqual(found.map(\.key).sorted { ByteOrder.precedes($0, $1) }))
                let seen = found.reduce(into: Model()) { $0[$1.key] = $1.value }
                #expect(seen == snapshot.frozen, "seed \(seed), step \(step)")
            }
            #expect(try store.contents() == model, "seed \(seed), step \(step)")
        }
        for snapshot in open { store.release(snapshot: snapshot.number) }
        while store.index.tidy(limit: 64) {}
        #expect(store.index.snapshots.isEmpty && store.index.snapshots.ghosts.isEmpty, "seed \(seed)")
        try store.mergeAll()
        store.reclaim()
        #expect(store.doomed.isEmpty, "seed \(seed): files of merges stay for nobody")
        #expect(store.index.liveKeys == model.count && store.keydir.count == model.count, "seed \(seed)")
        try store.close()
        #expect(disk.openFiles == 0)
    }

    @Test(
        "one hold of the lock lets a bounded number of entries go when a snapshot ends, in the end all",
        arguments: [1, 2])
    func boundedEnd(snapshots: Int) throws {
        let store = try SimulatedStore.open(SimulatedDisk(), maximumFileBytes: 1 << 20)
        let keys = (0..<1_000).map { Array("key \($0)".utf8) }
        for key in keys { try store.put(key, [1], .none) }
        let numbers = try (0..<snapshots).map { _ in try store.takeSnapshot().number }
        for key in keys { try store.delete(key, .none) }
        // The newest first: the one before it inherits what it knows.
        for number in numbers.reversed() {
            let handedDown = store.index.snapshots.end(number).isEmpty
            #expect(handedDown == (number != numbers[0]))
            var holds = 1
            var entries = store.keydir.count
            while store.index.tidy(limit: 64) {
                #expect(entries - store.keydir.count <= 64)
                entries = store.keydir.count
                holds += 1
            }
            #expect(holds > 1_000 / 64)
        }
        #expect(store.keydir.count == 0)
    }

    @Test("an entry that a snapshot left behind stays for the next one if its key had a value in between")
    func ghostOfTwo() throws {
        let store = try SimulatedStore.open(SimulatedDisk())
        let first = try store.takeSnapshot()
        for key in ["a", "b", "c"] {
            try store.put(key, "1")
            try store.remove(key)
        }
        _ = store.index.snapshots.end(first.number)
        #expect(store.keydir.count == 3)
        try store.put("a", "2")
        try store.put("b", "2")
        let second = try store.takeSnapshot()
        try store.remove("a")
        try store.put("c", "3")
        let goesOn = store.index.tidy(limit: 64)
        #expect(!goesOn && store.keydir.count == 3, "nothing goes while a snapshot is open")
        let view = SimulatedStore.View.snapshot(second.number, takenAt: second.takenAt)
        let seen = try store.keys(prefix: [], after: nil, limit: .max, descending: false, in: view)
        #expect(seen == [Array("a".utf8), Array("b".utf8)])
        store.release(snapshot: second.number)
        #expect(store.keydir.count == 2)
        #expect(try store.contents() == [Array("b".utf8): Array("2".utf8), Array("c".utf8): Array("3".utf8)])
    }

    @Test("files that a snapshot needs stay until it ends, and no longer")
    func pinning() throws {
        let disk = SimulatedDisk()
        let store = try SimulatedStore.open(disk)
        for index in 0..<40 { try store.put("k\(index % 4)", String(repeating: "x", count: 50)) }
        let before = disk.dataFiles
        let (number, _) = try store.takeSnapshot()
        for index in 0..<40 { try store.put("k\(index % 4)", String(repeating: "y", count: 50)) }
        try store.mergeAll()
        #expect(Set(before).isSubset(of: disk.dataFiles))
        let seen = try Array("k0".utf8).withBytes { key throws(BitcaskError) in
            try store.read(key, snapshot: number, takenAt: 0) { $0[0] }
        }
        #expect(seen == UInt8(ascii: "x"))
        store.release(snapshot: number)
        try store.mergeAll()
        store.reclaim()
        #expect(Set(before).isDisjoint(with: disk.dataFiles))
    }

    @Test("a scan goes over any number of deleted keys that a snapshot still sees", arguments: [false, true])
    func ghosts(descending: Bool) throws {
        let store = try SimulatedStore.open(SimulatedDisk(), maximumFileBytes: 1 << 20)
        let keys = (0..<5_000).map { Array("key \(10_000 + $0)".utf8) }
        for key in keys { try store.put(key, [1], .none) }
        let (number, takenAt) = try store.takeSnapshot()
        let live = keys.enumerated().filter { $0.offset % 1_700 == 900 }.map(\.element)
        for key in keys where !live.contains(key) { try store.delete(key, .none) }
        func found(_ limit: Int, in view: SimulatedStore.View = .present) throws -> [[UInt8]] {
            try store.keys(prefix: [], after: nil, limit: limit, descending: descending, in: view)
        }
        #expect(try found(.max) == (descending ? live.reversed() : live))
        #expect(try found(2) == Array((descending ? live.reversed() : live).prefix(2)))
        let view = SimulatedStore.View.snapshot(number, takenAt: takenAt)
        #expect(try found(.max, in: view) == (descending ? keys.reversed() : keys))
        store.release(snapshot: number)
        #expect(try found(.max) == (descending ? live.reversed() : live))
        try store.close()
    }
}
