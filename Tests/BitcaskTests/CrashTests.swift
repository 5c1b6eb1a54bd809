import Testing

@testable import Bitcask

/// A random life of a store, with every state it went through.
private struct Life {
    /// `states[n]` is what the store holds after `n` writes.
    var states: [Model] = [[:]]
    /// Writes known to be durable.
    var durable = 0

    mutating func run(_ disk: SimulatedDisk, steps: Int, _ random: inout SeededGenerator) throws(BitcaskError) {
        var store = try SimulatedStore.open(disk)
        for _ in 0..<steps {
            switch UInt8.random(in: 0..<20, using: &random) {
            case 0..<9: try write(1, to: store, &random)
            case 9..<12: try write(Int.random(in: 2...5, using: &random), to: store, &random)
            case 12..<15:
                try store.sync()
                durable = states.count - 1
            case 15..<18: _ = try store.mergeStep(budget: Int.random(in: 1...300, using: &random))
            case 18: try store.mergeAll()
            default:
                try store.close()
                durable = states.count - 1
                store = try SimulatedStore.open(disk)
            }
        }
        try store.sync()
        durable = states.count - 1
    }

    private mutating func write(
        _ count: Int, to store: SimulatedStore, _ random: inout SeededGenerator
    ) throws(BitcaskError) {
        var state = states[states.count - 1]
        var batch = BitcaskBatch()
        for _ in 0..<count {
            let key = Array("k\(Int.random(in: 0..<8, using: &random))".utf8)
            if UInt8.random(in: 0..<3, using: &random) == 0 {
                batch.delete(key)
                state[key] = nil
            } else {
                let length = Int.random(in: 0..<90, using: &random)
                let value = [UInt8](repeating: UInt8.random(in: 0...255, using: &random), count: length)
                batch.put(key, value)
                state[key] = value
            }
        }
        // Entered first: a write that the crash interrupts may be there or not.
        states.append(state)
        try store.append(batch.writes)
    }
}

@Suite struct CrashTests {
    private func check(seed: UInt64, crashAt: Int, steps: Int) throws {
        let disk = SimulatedDisk()
        disk.crashAt = crashAt
        var random = SeededGenerator(seed: seed)
        var life = Life()
        do {
            try life.run(disk, steps: steps, &random)
        } catch {
            #expect(disk.isCrashed, "seed \(seed), operation \(crashAt): \(error)")
        }
        var chance = SeededGenerator(seed: seed &* 1_000_003 &+ UInt64(crashAt))
        let survivor = crashAt % 5 == 0 ? disk.afterProcessDeath() : disk.afterPowerLoss(&chance)
        let store = try SimulatedStore.open(survivor)
        let found = try store.contents()
        let allowed = life.states[life.durable...]
        let isAllowed = allowed.contains(found)
        #expect(isAllowed, "seed \(seed), operation \(crashAt): not a state of the store's life")
        #expect(store.corruptions.isEmpty, "seed \(seed), operation \(crashAt): a torn tail taken for damage")
        // The survivor goes on, and what it writes holds.
        try store.put("after", "crash")
        try store.mergeAll()
        try store.close()
        let again = try SimulatedStore.open(survivor)
        var expected = found
        expected[Array("after".utf8)] = Array("crash".utf8)
        #expect(try again.contents() == expected, "seed \(seed), operation \(crashAt): changed by the second opening")
        try again.close()
        #expect(survivor.openFiles == 0, "seed \(seed), operation \(crashAt): descriptors leaked")
    }

    @Test("a crash at any file operation leaves a state between the last sync and now", arguments: 1...UInt64(8))
    func everyOperation(seed: UInt64) throws {
        let rehearsal = SimulatedDisk()
        var random = SeededGenerator(seed: seed)
        var life = Life()
        try life.run(rehearsal, steps: 40, &random)
        for operation in 1...rehearsal.operations + 1 { try check(seed: seed, crashAt: operation, steps: 40) }
    }

    @Test("a crash at a random operation of many lives leaves a state between the last sync and now")
    func manyLives() throws {
        for seed in 100..<UInt64(500) {
            var random = SeededGenerator(seed: ~seed)
            try check(seed: seed, crashAt: Int.random(in: 1...120, using: &random), steps: 40)
        }
    }
}
