import Synchronization
import Testing

@testable import Bitcask

@Suite struct ExpiryTests {
    private final class Clock: Sendable {
        let time = Atomic<UInt64>(1_000)
        var now: UInt64 { time.load(ordering: .relaxed) }
    }

    @Test("a value is there until its moment, for gets, scans and contains, and absent from then on")
    func expires() throws {
        let clock = Clock()
        let store = try SimulatedStore.open(SimulatedDisk(), clock: { clock.now })
        let key = Array("k".utf8)
        try store.put(key, [1], expiresAt: 1_500)
        clock.time.store(1_499, ordering: .relaxed)
        #expect(try store.get(key) == [1])
        clock.time.store(1_500, ordering: .relaxed)
        #expect(try store.get(key) == nil)
        #expect(try store.contents().isEmpty)
        #expect(try store.keys(prefix: [], after: nil, limit: .max, descending: false).isEmpty)
        #expect(try key.withBytes { key throws(BitcaskError) in try store.contains(key) } == false)
        try store.put(key, [2])
        #expect(try store.get(key) == [2])
    }

    @Test("a merge that drops an expired value does not bring back the one before it")
    func noOlderValue() throws {
        let clock = Clock()
        let disk = SimulatedDisk()
        var store = try SimulatedStore.open(disk, smallFileBytes: 0, clock: { clock.now })
        // The first file stays out of the merge: it is mostly alive.
        try store.put("ghost", "old")
        for index in 0..<9 { try store.put("keep\(index)", String(repeating: "x", count: 38)) }
        try store.put(Array("ghost".utf8), [UInt8](repeating: 1, count: 400), expiresAt: 2_000)
        for index in 0..<9 { try store.put("tail\(index)", String(repeating: "w", count: 60)) }
        clock.time.store(3_000, ordering: .relaxed)
        try store.mergeAll()
        #expect(store.counters.merges > 0)
        #expect(store.counters.expired == 1)
        #expect(disk.dataFiles.contains(SimulatedDisk.data(1)))
        #expect(try store.text("ghost") == nil)
        try store.close()
        store = try SimulatedStore.open(disk, clock: { clock.now })
        #expect(try store.text("ghost") == nil)
        #expect(try store.text("keep3") != nil)
    }
}
