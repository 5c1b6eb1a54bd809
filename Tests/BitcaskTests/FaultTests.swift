import Testing

@testable import Bitcask

@Suite struct FaultTests {
    private static let ioError: Int32 = 5
    private static let noSpace: Int32 = 28

    @Test(
        "a full disk refuses the write, undoes its torn half, and takes the next one when there is room",
        arguments: [BitcaskDurability.flushed, .synced])
    func noSpaceLeft(durability: BitcaskDurability) throws {
        let disk = SimulatedDisk()
        let store = try SimulatedStore.open(disk)
        try store.put("a", "1")
        disk.fault = { operation, _ in operation == .write ? Self.noSpace : nil }
        #expect(throws: BitcaskError.outOfSpace(path: SimulatedDisk.data(1))) {
            try store.put(Array("b".utf8), [2], durability)
        }
        disk.fault = { _, _ in nil }
        #expect(try store.text("b") == nil)
        try store.put("c", "3")
        try store.close()
        let again = try SimulatedStore.open(disk)
        #expect(try again.text("a") == "1")
        #expect(try again.text("b") == nil)
        #expect(try again.text("c") == "3")
        #expect(again.corruptions.isEmpty)
    }

    @Test("a failed append that cannot be undone stops all writes")
    func cannotUndo() throws {
        let disk = SimulatedDisk()
        let store = try SimulatedStore.open(disk)
        try store.put("a", "1")
        try store.sync()
        disk.fault = { operation, _ in operation == .write || operation == .truncate ? Self.ioError : nil }
        #expect(throws: BitcaskError.self) { try store.put("b", "2") }
        disk.fault = { _, _ in nil }
        let error = #expect(throws: BitcaskError.self) { try store.put("c", "3") }
        guard case .failed = error else {
            Issue.record("expected a failed store, got \(String(describing: error))")
            return
        }
        #expect(try store.text("a") == "1")
    }

    @Test(
        "a failed sync is final, and what it did not make durable is not read any more", arguments: [5, 28] as [Int32])
    func failedSync(errno: Int32) throws {
        let disk = SimulatedDisk()
        let store = try SimulatedStore.open(disk)
        try store.put("a", "1")
        try store.sync()
        try store.put("a", "2")
        disk.fault = { operation, _ in operation == .sync ? errno : nil }
        #expect(throws: BitcaskError.self) { try store.sync() }
        disk.fault = { _, _ in nil }
        #expect(throws: BitcaskError.self) { try store.sync() }
        #expect(throws: BitcaskError.self) { try store.put("b", "1") }
        #expect(throws: BitcaskError.self) { try store.mergeAll() }
        #expect(throws: BitcaskError.self) { _ = try store.text("a") }
        try store.close()
        #expect(try SimulatedStore.open(disk).text("a") == "1")
    }

    @Test("any one operation of a merge may be refused: nothing is lost and a later merge succeeds")
    func refusedMerge() throws {
        func life() throws -> (SimulatedDisk, SimulatedStore, Model) {
            let disk = SimulatedDisk()
            let store = try SimulatedStore.open(disk)
            for index in 0..<40 { try store.put("k\(index % 7)", "value \(index)") }
            try store.remove("k3")
            try store.sync()
            return (disk, store, try store.contents())
        }
        let (rehearsal, rehearsed, _) = try life()
        let before = rehearsal.operations
        try rehearsed.mergeAll()
        let count = rehearsal.operations - before
        for refused in 1...count {
            let (disk, store, model) = try life()
            var left = refused
            disk.fault = { _, _ in
                left -= 1
                return left == 0 ? Self.ioError : nil
            }
            do {
                try store.mergeAll()
            } catch {
                // Which errors come through is not the point here.
            }
            disk.fault = { _, _ in nil }
            #expect(try store.contents() == model, "refused operation \(refused)")
            let isFailed = (try? store.checkWritable()) == nil
            if !isFailed { try store.mergeAll() }
            try store.close()
            let again = try SimulatedStore.open(disk)
            #expect(try again.contents() == model, "refused operation \(refused), opened again")
            #expect(again.corruptions.isEmpty)
        }
    }

    @Test("an unreadable file is an error of the read, not the end of the store")
    func readError() throws {
        let disk = SimulatedDisk()
        let before = try SimulatedStore.open(disk)
        try before.put("a", "1")
        try before.close()
        // Not what was written just now: that is read from memory.
        let store = try SimulatedStore.open(disk)
        disk.fault = { operation, _ in operation == .read ? Self.ioError : nil }
        #expect(throws: BitcaskError.io(.read, path: SimulatedDisk.data(1), errno: 5)) { _ = try store.text("a") }
        disk.fault = { _, _ in nil }
        #expect(try store.text("a") == "1")
    }

    @Test("a page of a mapped file that the disk has lost is an error of the read, and never touched")
    func lostPage() throws {
        let disk = SimulatedDisk()
        let store = try SimulatedStore.open(disk, smallFileBytes: 0)
        try store.put("a", "1")
        try store.lock.locked { () throws(BitcaskError) in try store.rotate() }
        disk.fault = { operation, _ in operation == .read ? Self.ioError : nil }
        #expect(throws: BitcaskError.io(.read, path: SimulatedDisk.data(1), errno: 5)) { _ = try store.text("a") }
        #expect(disk.mappedFiles == 1)
        disk.fault = { _, _ in nil }
        #expect(try store.text("a") == "1")
    }

    @Test("maps go with their files and with the store")
    func maps() throws {
        let disk = SimulatedDisk()
        let store = try SimulatedStore.open(disk, maximumFileBytes: 256, smallFileBytes: 0)
        for index in 0..<60 { try store.put("k\(index % 7)", "value \(index)") }
        for index in 0..<7 { _ = try store.text("k\(index)") }
        #expect(disk.mappedFiles > 0)
        try store.mergeAll()
        for index in 0..<7 { _ = try store.text("k\(index)") }
        store.reclaim()
        #expect(disk.mappedFiles <= store.index.allFiles.filter(\.isSealed).count)
        try store.close()
        #expect(disk.mappedFiles == 0)
    }

    @Test("keys, values and batches over their limits are refused before anything is written")
    func limits() throws {
        let disk = SimulatedDisk()
        let store = try SimulatedStore.open(disk)
        let before = disk.operations
        #expect(throws: BitcaskError.keyTooLong(bytes: 65_536, limit: 65_535)) {
            try store.put([UInt8](repeating: 0, count: 65_536), [])
        }
        let large = [UInt8](repeating: 0, count: 16 << 20)
        #expect(throws: BitcaskError.valueTooLong(bytes: (16 << 20) + 1, limit: 16 << 20)) {
            try store.put([1], large + [0])
        }
        #expect(throws: BitcaskError.self) {
            try store.write((0..<4).map { ([$0], large) })
        }
        #expect(disk.operations == before)
    }

    @Test("open files stay within the bound, and none is left open after closing")
    func descriptors() throws {
        let disk = SimulatedDisk()
        let store = try SimulatedStore.open(disk, maximumFileBytes: 256, smallFileBytes: 0)
        for index in 0..<60 { try store.put("k\(index)", "value \(index)") }
        #expect(store.index.allFiles.count > 8)
        for index in 0..<60 { #expect(try store.text("k\(index)") == "value \(index)") }
        // Two cached, the active one, the lock, and one that waits for its last reader: the one that opened another.
        #expect(disk.openFiles <= 5)
        try store.close()
        #expect(disk.openFiles == 0)
        #expect(throws: BitcaskError.closed) { try store.put("a", "b") }
    }
}
