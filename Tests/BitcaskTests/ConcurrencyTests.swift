import Foundation
import Synchronization
import Testing

@testable import Bitcask

/// Readers, writers, merges and snapshots at once, on the real disk.
@Suite struct ConcurrencyTests {
    private func withStore(_ options: BitcaskOptions, _ body: (Bitcask, String) async throws -> Void) async throws {
        let path = NSTemporaryDirectory() + "bitcask-concurrency-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let store = try Bitcask(directory: path, options: options)
        try await body(store, path)
        try store.close()
    }

    @Test(
        "readers without locks see whole values of their keys only, and never an older one, while merges remove files")
    func readers() async throws {
        var options = BitcaskOptions(maximumFileBytes: 32 << 10, maximumOpenFiles: 3)
        options.mergeSmallFileBytes = 0
        try await withStore(options) { store, _ in
            let keys = 50
            let rounds = 60
            let written = (0..<keys).map { _ in Cell() }
            let isDone = Cell()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for reader in 0..<2 {
                    group.addTask {
                        var random = SeededGenerator(seed: UInt64(reader))
                        while isDone.value == 0 {
                            // On two cores the writer needs one of the readers' threads.
                            await Task.yield()
                            let key = Int.random(in: 0..<keys, using: &random)
                            let floor = written[key].value
                            guard let value = try store.get(Array("key \(key)".utf8)) else {
                                #expect(floor == 0)
                                continue
                            }
                            let round = Int(value[0])
                            let isWhole =
                                value[1] == UInt8(key) && round >= floor
                                && value.count == 2 + (round * 7 + key) % 400
                            if !isWhole { Issue.record("key \(key) has round \(round) after \(floor)") }
                        }
                    }
                }
                group.addTask {
                    while isDone.value == 0 {
                        let snapshot = try store.snapshot()
                        let first = try snapshot.scan()
                        #expect(try snapshot.scan() == first)
                        await Task.yield()
                    }
                }
                group.addTask {
                    for round in 1...rounds {
                        for key in 0..<keys {
                            var value = [UInt8](repeating: 9, count: 2 + (round * 7 + key) % 400)
                            value[0] = UInt8(round)
                            value[1] = UInt8(key)
                            let durability: BitcaskDurability = key % 2 == 0 ? .none : .flushed
                            try store.put(Array("key \(key)".utf8), value, durability: durability)
                            written[key].value = round
                        }
                    }
                    isDone.value = 1
                }
                try await group.waitForAll()
            }
            while try store.maintain() {}
            #expect(store.statistics.merges > 0)
            #expect(store.statistics.corruptRecords == 0)
        }
    }

    @Test("writers that wait for the disk at the same time share syncs")
    func groupCommit() async throws {
        try await withStore(BitcaskOptions()) { store, path in
            let writers = 16
            let each = 20
            let threads = DispatchGroup()
            for writer in 0..<writers {
                threads.enter()
                let thread = Thread {
                    for index in 0..<each {
                        do {
                            try store.put(Array("\(writer) \(index)".utf8), [1], durability: .synced)
                        } catch {
                            Issue.record(error)
                        }
                    }
                    threads.leave()
                }
                thread.start()
            }
            await withCheckedContinuation { done in threads.notify(queue: .global()) { done.resume() } }
            #expect(store.statistics.writes == UInt64(writers * each))
            #expect(store.statistics.syncs < UInt64(writers * each) / 2)
        }
    }

    @Test(
        "a snapshot sees all of a deletion of a prefix or nothing of it, and others write while the keys go",
        arguments: [false, true])
    func prefixDeletion(keepsOrder: Bool) async throws {
        var options = BitcaskOptions(maximumFileBytes: 64 << 10)
        options.keepsOrder = keepsOrder
        try await withStore(options) { store, _ in
            let keys = 2_000
            var batch = BitcaskBatch()
            for index in 0..<keys { batch.put(Array("p/\(index)".utf8), [1]) }
            let all = batch
            let isDone = Cell()
            let betweens = Cell()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    while isDone.value == 0 {
                        let seen = try store.snapshot().keysFound(prefix: "p/")
                        if seen != 0, seen != keys { Issue.record("a snapshot with \(seen) keys of \(keys)") }
                        await Task.yield()
                    }
                }
                group.addTask {
                    while isDone.value == 0 {
                        // The lock is let go while some keys are gone and others not.
                        let left = store.statistics.keys
                        if left > 1, left < keys { betweens.value += 1 }
                        try store.put(Array("q".utf8), [2])
                        await Task.yield()
                    }
                }
                group.addTask {
                    var round = 0
                    while round < 30 || betweens.value == 0, round < 100 {
                        try store.write(all)
                        try store.deleteAll(prefix: Array("p/".utf8))
                        #expect(try store.keys(prefix: Array("p/".utf8)).isEmpty)
                        round += 1
                        await Task.yield()
                    }
                    isDone.value = 1
                }
                try await group.waitForAll()
            }
            #expect(betweens.value > 0)
            #expect(try store.get(Array("q".utf8)) == [2])
        }
    }

    @Test(
        "what many threads put, delete and delete by prefix is the same after opening again", arguments: [false, true])
    func prefixDeletionsAmongWriters(keepsOrder: Bool) async throws {
        var options = BitcaskOptions(maximumFileBytes: 32 << 10, maximumOpenFiles: 3)
        options.keepsOrder = keepsOrder
        try await withStore(options) { store, path in
            let writers = 3
            let done = (0..<writers).map { _ in Cell() }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<writers {
                    group.addTask {
                        var random = SeededGenerator(seed: UInt64(writer))
                        for round in 0..<8_000 {
                            let key = Array(
                                "\(Int.random(in: 0..<3, using: &random))/\(Int.random(in: 0..<500, using: &random))"
                                    .utf8)
                            let durability: BitcaskDurability = round % 1_000 == 0 ? .synced : .none
                            if round % 4 == 0 {
                                try store.delete(key, durability: durability)
                            } else {
                                try store.put(key, Array("\(writer) \(round)".utf8), durability: durability)
                            }
                            if round % 16 == 0 { await Task.yield() }
                        }
                        try store.put(Array("last \(writer)".utf8), [UInt8(writer)])
                        done[writer].value = 1
                    }
                }
                for deleter in 0..<2 {
                    group.addTask {
                        var random = SeededGenerator(seed: UInt64(100 + deleter))
                        var round = 0
                        while done.contains(where: { $0.value == 0 }) {
                            let prefix = Array("\(Int.random(in: 0..<3, using: &random))/".utf8)
                            try store.deleteAll(prefix: prefix, durability: round % 40 == 0 ? .synced : .none)
                            round += 1
                            await Task.yield()
                        }
                    }
                }
                try await group.waitForAll()
            }
            while try store.maintain() {}
            let inMemory = try store.scan(prefix: [])
            #expect(inMemory.count { $0.key.starts(with: "last ".utf8) } == writers)
            #expect(store.statistics.merges > 0)
            try store.close()
            let again = try Bitcask(directory: path, options: options)
            #expect(try again.scan(prefix: []) == inMemory)
            #expect(again.corruptions.isEmpty)
            try again.close()
        }
    }

    @Test("a backup is complete and of one moment while writes go on, and verifies")
    func backup() async throws {
        try await withStore(BitcaskOptions(maximumFileBytes: 8 << 10)) { store, path in
            for index in 0..<500 { try store.put(Array("k\(index % 50)".utf8), Array("value \(index)".utf8)) }
            let target = path + "-backup"
            defer { try? FileManager.default.removeItem(atPath: target) }
            try store.backup(to: target)
            #expect(throws: BitcaskError.backupExists(path: target)) { try store.backup(to: target) }
            for index in 0..<50 { try store.put(Array("k\(index)".utf8), []) }
            try store.merge(everything: true)
            #expect(try Bitcask.verify(directory: target).isSound)
            let copy = try Bitcask(directory: target)
            #expect(copy.storeID == store.storeID)
            for index in 450..<500 {
                #expect(try copy.get(Array("k\(index % 50)".utf8)) == Array("value \(index)".utf8))
            }
            try copy.close()
        }
    }

    @Test("a backup that is opened and written to leaves the store that it was made of as it was")
    func openedBackup() async throws {
        try await withStore(BitcaskOptions()) { store, path in
            try store.put(Array("k".utf8), Array("original".utf8))
            let target = path + "-backup"
            defer { try? FileManager.default.removeItem(atPath: target) }
            try store.backup(to: target)
            let copy = try Bitcask(directory: target)
            try copy.put(Array("k".utf8), Array("of the backup".utf8))
            try copy.put(Array("new".utf8), Array("of the backup".utf8))
            try copy.close()
            try store.close()
            #expect(try Bitcask.verify(directory: path).isSound)
            let again = try Bitcask(directory: path)
            #expect(try again.get(Array("k".utf8)) == Array("original".utf8))
            #expect(try again.get(Array("new".utf8)) == nil)
            try again.close()
        }
    }

    @Test("the scrubber finds a bit that rotted, and the file is kept")
    func scrub() async throws {
        var options = BitcaskOptions(maximumFileBytes: 4 << 10)
        options.maintainsInBackground = false
        try await withStore(options) { store, path in
            for index in 0..<200 { try store.put(Array("k\(index)".utf8), [UInt8](repeating: 5, count: 100)) }
            #expect(try store.scrub() == 0)
            let file = "\(path)/\(FileName.ofData(2))"
            let disk = PosixFileSystem()
            let handle = try disk.open(file)
            try disk.write(handle, [0xff], at: 1_000)
            disk.close(handle)
            #expect(try store.scrub() == 1)
            #expect(try store.scrub() == 0)
            #expect(store.corruptions.map(\.path) == [file])
            #expect(store.statistics.scrubFindings == 1)
            #expect(try Bitcask.verify(directory: path).damage.count == 1)
            try store.merge(everything: true)
            #expect(FileManager.default.fileExists(atPath: file))
        }
    }
}

extension BitcaskSnapshot {
    fileprivate func keysFound(prefix: String) throws -> Int { try scan(prefix: Array(prefix.utf8)).count }
}

/// A number that threads share.
private final class Cell: Sendable {
    private let stored = Atomic<Int>(0)
    var value: Int {
        get { stored.load(ordering: .sequentiallyConsistent) }
        set { stored.store(newValue, ordering: .sequentiallyConsistent) }
    }
}
