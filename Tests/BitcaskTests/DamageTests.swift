import Testing

@testable import Bitcask

@Suite struct DamageTests {
    /// A store of several closed files, overwritten values and deletions, and what it holds.
    private func smallStore(closing: Bool = true) throws -> (
        disk: SimulatedDisk, model: Model, history: [[UInt8]: Set<[UInt8]>]
    ) {
        let disk = SimulatedDisk()
        let store = try SimulatedStore.open(disk, maximumFileBytes: 260)
        var history: [[UInt8]: Set<[UInt8]>] = [:]
        for index in 0..<10 {
            let key = Array("k\(index % 6)".utf8)
            let value = Array("value \(index)".utf8)
            try store.put(key, value)
            history[key, default: []].insert(value)
        }
        try store.remove("k1")
        try store.write([([1], [1, 2, 3]), ([2], [4, 5, 6])])
        history[[1]] = [[1, 2, 3]]
        history[[2]] = [[4, 5, 6]]
        let model = try store.contents()
        while store.hintStep() {}
        if closing { try store.close() } else { try store.sync() }
        return (closing ? disk : disk.afterProcessDeath(), model, history)
    }

    @Test(
        "any flipped bit is detected or harmless: no trap, no value that was never written", arguments: [true, false])
    func everyBit(hints: Bool) throws {
        let (disk, model, history) = try smallStore()
        for path in disk.names.keys.sorted() where hints || path.hasSuffix(".data") {
            for bit in 0..<(disk.names[path]?.current.count ?? 0) * 8 {
                let copy = disk.afterProcessDeath()
                if !hints { copy.removeHints() }
                copy.damage(path) { $0[bit / 8] ^= 1 << UInt8(bit % 8) }
                try check(copy, model, history, "bit \(bit) of \(path)")
            }
        }
    }

    private func check(
        _ disk: SimulatedDisk, _ model: Model, _ history: [[UInt8]: Set<[UInt8]>], _ place: String
    ) throws {
        let store: SimulatedStore
        do throws(BitcaskError) {
            store = try SimulatedStore.open(disk)
        } catch {
            switch error {
            case .corruptHeader, .unsupportedVersion, .foreignFile: return
            default: throw error
            }
        }
        var differences = 0
        for (key, written) in history {
            let value: [UInt8]?
            do throws(BitcaskError) {
                value = try store.get(key)
            } catch {
                guard case .corruptRecord = error else { throw error }
                differences += 1
                continue
            }
            if value != model[key] { differences += 1 }
            guard let value else { continue }
            #expect(written.contains(value), "\(place): a value that was never written")
        }
        let isReported = store.statistics.corruptRecords > 0 || !store.corruptions.isEmpty
        #expect(differences == 0 || isReported, "\(place): a silent loss")
    }

    @Test("a file cut at any byte loses its torn record and nothing before it")
    func everyLength() throws {
        let disk = SimulatedDisk()
        let store = try SimulatedStore.open(disk, maximumFileBytes: 1 << 16)
        var ends: [Int] = [FileHeader.length]
        for index in 0..<6 {
            try store.put("k\(index)", "value \(index)")
            ends.append(disk.names[SimulatedDisk.data(1)]?.current.count ?? 0)
        }
        try store.write((6..<9).map { (Array("k\($0)".utf8), [0, 1, 2]) })
        let length = disk.names[SimulatedDisk.data(1)]?.current.count ?? 0
        for cut in FileHeader.length..<length {
            let copy = disk.afterProcessDeath()
            copy.damage(SimulatedDisk.data(1)) { $0.removeLast($0.count - cut) }
            let opened = try SimulatedStore.open(copy)
            // The batch of three at the end is there as a whole or not at all.
            let whole = ends.count { $0 <= cut } - 1
            #expect(opened.index.liveKeys == whole, "cut at \(cut)")
            #expect(opened.corruptions.isEmpty)
            #expect(opened.statistics.tornTailBytes == UInt64(cut - ends[whole]))
        }
    }

    @Test("a damaged value in the middle costs its own key only, and a read of it throws")
    func damagedValue() throws {
        let (disk, model, _) = try smallStore(closing: false)
        let path = try #require(disk.dataFiles.first { disk.holds("value 8", in: $0) })
        disk.removeHints()
        disk.damage(path) { bytes in
            if let at = SimulatedDisk.find("value 8", in: bytes) { bytes[at] ^= 0x20 }
        }
        let store = try SimulatedStore.open(disk)
        #expect(store.corruptions.map(\.path) == [path])
        #expect(store.statistics.corruptRecords == 1)
        let record = store.location("k2")
        #expect(throws: BitcaskError.corruptRecord(path: path, offset: UInt64(record.offset))) {
            _ = try store.get(Array("k2".utf8))
        }
        for (key, value) in model where key != Array("k2".utf8) { #expect(try store.get(key) == value) }
        // Written anew, the key is whole again, and a merge leaves the damaged file alone.
        try store.put("k2", "again")
        try store.mergeAll()
        #expect(try store.text("k2") == "again")
        #expect(disk.dataFiles.contains(path))
    }

    @Test("damage that closing hid behind a hint file is met by the read, never by a wrong value")
    func damageBehindHint() throws {
        let (disk, _, _) = try smallStore()
        let path = try #require(disk.dataFiles.first { disk.holds("value 8", in: $0) })
        disk.damage(path) { bytes in
            if let at = SimulatedDisk.find("value 8", in: bytes) { bytes[at] ^= 1 }
        }
        let store = try SimulatedStore.open(disk)
        #expect(throws: BitcaskError.self) { _ = try store.get(Array("k2".utf8)) }
        #expect(store.statistics.corruptRecords == 1)
    }

    @Test("durable records behind a damaged one are kept, undurable ones behind a torn one are not")
    func tornOrDamaged() throws {
        for synced in [true, false] {
            let disk = SimulatedDisk()
            let store = try SimulatedStore.open(disk, maximumFileBytes: 1 << 16)
            try store.put("a", "1")
            try store.put("b", "2")
            if synced { try store.sync() }
            try store.put("c", "3")
            let left = disk.afterProcessDeath()
            let second = FileHeader.length + SimulatedStore.recordLength(key: 1, value: 1)
            left.damage(SimulatedDisk.data(1)) { $0[second] ^= 1 }
            let opened = try SimulatedStore.open(left)
            #expect(try opened.text("a") == "1")
            #expect(try opened.text("b") == nil)
            #expect(try opened.text("c") == (synced ? "3" : nil))
            #expect(opened.corruptions.count == (synced ? 1 : 0))
        }
    }

    @Test("files of another store, renamed files and newer versions are refused by name")
    func foreignFiles() throws {
        let (disk, _, _) = try smallStore()
        let renamed = disk.afterProcessDeath()
        try renamed.rename(SimulatedDisk.data(1), to: SimulatedDisk.data(77))
        #expect(throws: BitcaskError.foreignFile(path: SimulatedDisk.data(77))) {
            _ = try SimulatedStore.open(renamed)
        }
        let damaged = disk.afterProcessDeath()
        damaged.damage(SimulatedDisk.data(2)) { $0[20] ^= 1 }
        #expect(throws: BitcaskError.corruptHeader(path: SimulatedDisk.data(2))) {
            _ = try SimulatedStore.open(damaged)
        }
        let newer = disk.afterProcessDeath()
        newer.damage(SimulatedDisk.data(2)) { bytes in
            bytes[8] = 3
            let checksum = CRC32C.checksum(Array(bytes[..<60]))
            bytes.setLittleEndian(checksum, at: 60)
        }
        #expect(throws: BitcaskError.unsupportedVersion(path: SimulatedDisk.data(2), version: 3)) {
            _ = try SimulatedStore.open(newer)
        }
    }
}

extension SimulatedDisk {
    static func find(_ text: String, in bytes: [UInt8]) -> Int? {
        let needle = Array(text.utf8)
        return bytes.indices.first { bytes[$0...].starts(with: needle) }
    }

    func holds(_ text: String, in path: String) -> Bool {
        names[path].map { Self.find(text, in: $0.current) != nil } ?? false
    }

    func removeHints() {
        for path in names.keys where path.hasSuffix(".hint") { try? remove(path) }
    }
}
