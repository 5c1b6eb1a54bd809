import Foundation
import Synchronization
import Testing

@testable import Bitcask

/// A random life of a store, checked as if the power had gone at every single operation of the disk.
///
/// The life runs once. In the middle of each changing operation the disk is copied as a loss of power (or the death of the
/// process) would leave it, and a second store opens the copy: it must hold a state between the last synced write and now.
private final class Life {
    /// A value and when it expires.
    private struct Held: Equatable {
        let value: [UInt8]
        let expiry: UInt64
    }

    private typealias State = [[UInt8]: Held]

    private let seed: UInt64
    private let steps: Int
    private var random: SeededGenerator
    private var chance: SeededGenerator
    private let disk = SimulatedDisk()
    private let clock = Clock()
    /// `states[n]` is what the store holds after `n` writes, the newest of which may be under way.
    private var states: [State] = [[:]]
    /// Writes known to be durable, and writes that the operating system has.
    private var durable = 0
    private var flushed = 0
    /// Refused syncs of data files that a restart has settled.
    private var failedSyncs = 0
    private var backups: [(path: String, state: State, isDone: Bool)] = []
    private(set) var crashes = 0
    private(set) var failures: [String] = []

    final class Clock: Sendable {
        private let time = Atomic<UInt64>(1_000)
        var now: UInt64 { time.load(ordering: .relaxed) }
        func advance(_ milliseconds: UInt64) { time.wrappingAdd(milliseconds, ordering: .relaxed) }
    }

    init(seed: UInt64, steps: Int) {
        self.seed = seed
        self.steps = steps
        random = SeededGenerator(seed: seed)
        chance = SeededGenerator(seed: ~seed)
    }

    func run() {
        disk.onOperation = { [unowned self] in crash() }
        do throws(BitcaskError) {
            try live()
        } catch {
            failures.append("the life itself ended: \(error)")
        }
        disk.onOperation = nil
    }

    private func open(_ disk: SimulatedDisk, _ directory: String = "/store") throws(BitcaskError) -> SimulatedStore {
        let clock = clock
        var options = BitcaskOptions(
            maximumFileBytes: 260, maximumOpenFiles: 2, mergeDeadShare: 0.4, mergeSmallFileBytes: 150)
        options.keepsOrder = seed % 2 == 0
        options.compressesValues = seed % 3 == 0
        options.clock = { clock.now }
        return try Engine(directory: directory, options: options, disk: disk)
    }

    private func live() throws(BitcaskError) {
        var store = try open(disk)
        for _ in 0..<steps {
            do throws(BitcaskError) {
                try step(&store)
            } catch {
                // Only a refusal of the disk may end a store; the process starts again.
                guard disk.isFaulty else { throw error }
                disk.isFaulty = false
                store = try restart(after: store)
            }
        }
        disk.isFaulty = false
        do throws(BitcaskError) {
            try store.close()
        } catch {
            guard case .failed = error else { throw error }
        }
    }

    private func step(_ store: inout SimulatedStore) throws(BitcaskError) {
        switch UInt8.random(in: 0..<34, using: &random) {
        case 0..<10: try write(1, to: store)
        case 10..<14: try write(Int.random(in: 2...4, using: &random), to: store)
        case 14..<17:
            try store.sync()
            durable = states.count - 1
            flushed = durable
        case 17..<22: _ = try store.maintain(budget: Int.random(in: 1...300, using: &random))
        case 22..<24: try store.mergeAll()
        case 24: clock.advance(UInt64.random(in: 1...60, using: &random))
        case 25: try rotate(store)
        case 26: try backUp(store)
        case 27: disk.isFaulty = seed % 4 == 0
        case 28: disk.isFaulty = false
        case 29, 30: try deleteAll(from: store)
        default:
            try store.close()
            durable = states.count - 1
            flushed = durable
            store = try open(disk)
        }
    }

    private func rotate(_ store: SimulatedStore) throws(BitcaskError) {
        try store.lock.locked { () throws(BitcaskError) in if !store.log.isEmpty { try store.rotate() } }
        durable = states.count - 1
        flushed = durable
    }

    private func backUp(_ store: SimulatedStore) throws(BitcaskError) {
        let path = "/backups/\(backups.count)"
        backups.append((path, states[states.count - 1], false))
        try store.backup(to: path) { _, _ in }
        backups[backups.count - 1].isDone = true
        durable = states.count - 1
        flushed = durable
    }

    private func restart(after store: SimulatedStore) throws(BitcaskError) -> SimulatedStore {
        let wasFailed = store.failure != nil
        try? store.close()
        let next = try open(disk)
        let found = try contents(of: next)
        guard let index = (durable..<states.count).last(where: { visible(states[$0]) == found }) else {
            failures.append("after a refusal of the disk (failed: \(wasFailed)): not a state of the store's life")
            return next
        }
        states.removeSubrange((index + 1)...)
        durable = index
        flushed = index
        failedSyncs = disk.failedSyncs
        return next
    }

    private func write(_ count: Int, to store: SimulatedStore) throws(BitcaskError) {
        var state = states[states.count - 1]
        var batch = BitcaskBatch()
        for _ in 0..<count { change(&state, &batch) }
        try write(state, to: store) { durability throws(BitcaskError) in try store.write(batch, durability) }
    }

    private func deleteAll(from store: SimulatedStore) throws(BitcaskError) {
        let prefix = Array("\(["", "a", "ab", "b"].randomElement(using: &random) ?? "")".utf8)
        let state = states[states.count - 1].filter { !$0.key.starts(with: prefix) }
        try write(state, to: store) { durability throws(BitcaskError) in
            try store.deleteAll(prefix: prefix, durability)
        }
    }

    /// A write after which the store holds `state`.
    private func write(
        _ state: State, to store: SimulatedStore, _ body: (BitcaskDurability) throws(BitcaskError) -> Void
    ) throws(BitcaskError) {
        let durability: BitcaskDurability =
            [.none, .flushed, .synced].randomElement(using: &random) ?? .synced
        // Entered first: a write that the crash interrupts may be there or not.
        states.append(state)
        do throws(BitcaskError) {
            try body(durability)
        } catch {
            // Refused: nothing of it remains, unless the store has failed, and nobody knows.
            if store.failure == nil { states.removeLast() }
            throw error
        }
        if durability != .none { flushed = states.count - 1 }
        if durability == .synced { durable = states.count - 1 }
    }

    private func change(_ state: inout State, _ batch: inout BitcaskBatch) {
        let key = Array("\(["a", "b", "ab", "b1"].randomElement(using: &random) ?? "")".utf8)
        switch UInt8.random(in: 0..<8, using: &random) {
        case 0, 1:
            batch.delete(key)
            state[key] = nil
        case 2:
            batch.deleteAll(prefix: [key[0]])
            for other in state.keys where other[0] == key[0] { state[other] = nil }
        default:
            let length = Int.random(in: 0..<70, using: &random)
            let value = [UInt8](repeating: UInt8.random(in: 0...255, using: &random), count: length)
            let expires = UInt8.random(in: 0..<4, using: &random) == 0
            let expiry = expires ? clock.now + UInt64.random(in: 1...80, using: &random) : 0
            batch.put(key, value, expiresAt: expires ? expiry : nil)
            state[key] = Held(value: value, expiry: expiry)
        }
    }

    private func visible(_ state: State) -> Model {
        let now = clock.now
        return state.filter { $0.value.expiry == 0 || now < $0.value.expiry }.mapValues(\.value)
    }

    private func contents(of store: SimulatedStore) throws(BitcaskError) -> Model { try store.contents() }

    // MARK: A crash here

    private func crash() {
        crashes += 1
        let isOnlyTheProcess = crashes % 5 == 0
        let survivor = isOnlyTheProcess ? disk.afterProcessDeath() : disk.afterPowerLoss(&chance)
        do throws(BitcaskError) {
            // A refused sync, and nothing else, takes back what was flushed and not durable: the store fails, and says so.
            try check(survivor, from: isOnlyTheProcess && disk.failedSyncs == failedSyncs ? flushed : durable)
        } catch {
            fail("the survivor cannot be used: \(error)")
        }
    }

    private func fail(_ what: String) { failures.append("operation \(crashes): \(what)") }

    private func check(_ survivor: SimulatedDisk, from oldest: Int) throws(BitcaskError) {
        let store = try open(survivor)
        let found = try contents(of: store)
        if !states[oldest...].contains(where: { visible($0) == found }) { fail("not a state of the store's life") }
        if !store.corruptions.isEmpty { fail("a torn tail taken for damage") }
        guard crashes % 7 == 0 else { return }
        try checkBackups(survivor)
        // The survivor goes on, and what it writes holds.
        try store.put("after", "crash")
        try store.mergeAll()
        try store.close()
        let again = try open(survivor)
        var expected = found
        expected[Array("after".utf8)] = Array("crash".utf8)
        if try contents(of: again) != expected { fail("changed by the second opening") }
        try again.close()
        if survivor.openFiles != 0 { fail("descriptors leaked") }
    }

    private func checkBackups(_ survivor: SimulatedDisk) throws(BitcaskError) {
        for backup in backups {
            guard survivor.names.keys.contains(where: { $0.hasPrefix(backup.path + "/") }) else {
                if backup.isDone { fail("a finished backup is gone") }
                continue
            }
            let store = try open(survivor, backup.path)
            if try contents(of: store) != visible(backup.state) { fail("a backup of another state") }
            try store.close()
        }
    }
}

@Suite struct CrashTests {
    /// How many lives one run of the tests leads; `GODWIT_CRASH_LIVES` overrides it, `GODWIT_CRASH_SEED` replays one.
    private static let lives = ProcessInfo.processInfo.environment["GODWIT_CRASH_LIVES"].flatMap(Int.init) ?? 10_000
    private static let seed = ProcessInfo.processInfo.environment["GODWIT_CRASH_SEED"].flatMap(UInt64.init)
    private static let steps = 6

    @Test("a crash at any operation of many lives leaves a state between the last sync and now")
    func everyOperation() async {
        if let seed = Self.seed { return Self.report([Self.live(seed)]) }
        let workers = 2
        var crashes = 0
        var failed: [(seed: UInt64, crashes: Int, failures: [String])] = []
        await withTaskGroup(of: [(seed: UInt64, crashes: Int, failures: [String])].self) { group in
            for worker in 0..<workers {
                group.addTask { stride(from: worker, to: Self.lives, by: workers).map { Self.live(UInt64($0)) } }
            }
            for await results in group {
                crashes += results.reduce(0) { $0 + $1.crashes }
                failed += results.filter { !$0.failures.isEmpty }
            }
        }
        print("\(Self.lives) lives, \(crashes) crashes")
        #expect(crashes > 10 * Self.lives)
        Self.report(failed)
    }

    private static func live(_ seed: UInt64) -> (seed: UInt64, crashes: Int, failures: [String]) {
        let life = Life(seed: seed, steps: steps)
        life.run()
        return (seed, life.crashes, life.failures)
    }

    private static func report(_ lives: [(seed: UInt64, crashes: Int, failures: [String])]) {
        for life in lives.prefix(10) where !life.failures.isEmpty {
            Issue.record(
                "seed \(life.seed): \(life.failures[0]); replay: GODWIT_CRASH_SEED=\(life.seed) swift test --filter CrashTests"
            )
        }
    }
}
