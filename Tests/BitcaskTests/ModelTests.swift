import Testing

@testable import Bitcask

@Suite struct ModelTests {
    @Test("random lives agree with a dictionary", arguments: 1...UInt64(60))
    func randomLife(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let disk = SimulatedDisk()
        var store = try SimulatedStore.open(disk, keepsOrder: seed % 4 > 0)
        var model = Model()
        for step in 0..<150 {
            switch UInt8.random(in: 0..<24, using: &random) {
            case 0..<12:
                let key = Self.key(&random)
                let value = Self.value(&random)
                try store.put(key, value)
                model[key] = value
            case 12..<16:
                let key = Self.key(&random)
                try store.delete(key)
                model[key] = nil
            case 16..<19:
                var batch = BitcaskBatch()
                for _ in 0..<Int.random(in: 1...6, using: &random) {
                    let key = Self.key(&random)
                    if Bool.random(using: &random) {
                        batch.delete(key)
                        model[key] = nil
                    } else {
                        let value = Self.value(&random)
                        batch.put(key, value)
                        model[key] = value
                    }
                }
                try store.write(batch, .flushed)
            case 19..<21: _ = try store.mergeStep(budget: Int.random(in: 1...500, using: &random))
            case 21: try store.mergeAll()
            case 22 where Bool.random(using: &random):
                let prefix = Self.key(&random)
                try store.deleteAll(prefix: prefix, .flushed)
                model = model.filter { !$0.key.starts(with: prefix) }
            case 22:
                try store.close()
                if Bool.random(using: &random) { disk.removeHints() }
                store = try SimulatedStore.open(disk, keepsOrder: seed % 4 > 0)
            default:
                try Self.checkScans(store, model, &random, "seed \(seed), step \(step)")
            }
            let key = Self.key(&random)
            #expect(try store.get(key) == model[key], "seed \(seed), step \(step)")
        }
        #expect(try store.contents() == model, "seed \(seed)")
        let statistics = store.statistics
        #expect(statistics.keys == model.count, "seed \(seed)")
        let live = model.keys.reduce(0) { $0 + $1.withUnsafeBytes { store.keydir.location(of: $0).lengthBound } }
        #expect(statistics.liveBytes == UInt64(live), "seed \(seed): the books of live bytes are off")
        #expect(statistics.corruptRecords == 0, "seed \(seed)")
    }

    private static func key(_ random: inout SeededGenerator) -> [UInt8] {
        let length = Int.random(in: 0...3, using: &random)
        return (0..<length).map { _ in [0x00, 0x61, 0xff].randomElement(using: &random) ?? 0 }
    }

    private static func value(_ random: inout SeededGenerator) -> [UInt8] {
        (0..<Int.random(in: 0..<60, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    private static func checkScans(
        _ store: SimulatedStore, _ model: Model, _ random: inout SeededGenerator, _ place: String
    ) throws {
        let prefix = key(&random)
        let after = Bool.random(using: &random) ? key(&random) : nil
        let limit = Int.random(in: 0...6, using: &random)
        for order in [Bitcask.Order.ascending, .descending] {
            var keys = model.keys.filter { $0.starts(with: prefix) }.sorted { $0.lexicographicallyPrecedes($1) }
            if order == .descending { keys.reverse() }
            if let after {
                keys.removeAll { key in
                    order == .ascending
                        ? !after.lexicographicallyPrecedes(key) : !key.lexicographicallyPrecedes(after)
                }
            }
            let found = try store.scan(prefix: prefix, after: after, limit: limit, descending: order == .descending)
            #expect(
                found.map(\.key) == Array(keys.prefix(limit)),
                "\(place): \(order) \(prefix) after \(String(describing: after))")
            #expect(found.allSatisfy { model[$0.key] == $0.value }, "\(place)")
        }
    }
}
