import Testing

@testable import Bitcask

@Suite struct KeydirTests {
    @Test("tags are spread over the whole of a table, in order", arguments: [8, 1_000, 1 << 20])
    func homes(capacity: Int) {
        #expect(KeyTable.home(0, capacity) == 0)
        #expect(KeyTable.home(.max, capacity) == capacity - 1)
        let homes = (0..<1_000).map { KeyTable.home(UInt32($0) * 4_294_967, capacity) }
        #expect(homes == homes.sorted())
        #expect(Set(homes).count >= min(capacity, 1_000) / 2)
    }

    @Test("a lookup looks at a few slots, however many keys there are")
    func probes() throws {
        let keydir = try Keydir(epochs: Epochs())
        let count = 50_000
        for number in 0..<count {
            let key = Array("key \(number)".utf8)
            try key.withBytes { key throws(BitcaskError) in
                try keydir.makeRoom(for: key)
                _ = keydir.insert(key, Location(slot: 0, offset: 64, recordLength: 30, expires: false))
            }
        }
        var probed = 0
        for number in 0..<count {
            Array("key \(number)".utf8).withUnsafeBytes { probed += keydir.probes(of: $0) ?? 1_000 }
        }
        // Linear probing at 80 % needs 3 on average (Knuth, volume 3, 6.4).
        #expect(probed < 4 * count)
    }

    @Test("what a long reader held back is freed a few hundred entries a call, all of it, and used again")
    func boundedReclamation() throws {
        let epochs = Epochs()
        let keydir = try Keydir(epochs: epochs)
        let keys = (0..<1_000).map { Array("key \(1_000 + $0)".utf8) }
        let location = Location(slot: 1, offset: 0, recordLength: 32, expires: false)
        func insertAll() throws {
            for key in keys {
                try key.withUnsafeBytes { key in
                    try keydir.makeRoom(for: key)
                    _ = keydir.insert(key, location)
                }
            }
        }
        try insertAll()
        let entries = keydir.arena.bytes
        let visit = epochs.enter()
        for key in keys { key.withUnsafeBytes { keydir.remove($0) } }
        #expect(!keydir.reclaim(), "a reader is still inside")
        epochs.leave(visit)
        var calls = 1
        while keydir.reclaim() { calls += 1 }
        #expect(calls >= 4)
        try insertAll()
        #expect(keydir.arena.bytes == entries, "freed entries were not used again")
        #expect(keys.allSatisfy { key in key.withUnsafeBytes { !keydir.location(of: $0).isAbsent } })
    }
}
