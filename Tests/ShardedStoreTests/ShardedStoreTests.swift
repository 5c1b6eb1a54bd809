import Bitcask
import Glibc
import Synchronization
import Testing

@testable import ShardedStore

private struct Refused: Error {}

@Suite struct ShardedStoreTests {
    private let directory: TemporaryDirectory
    private let shard = ShardIndex(1)

    init() throws {
        directory = try TemporaryDirectory()
    }

    @Test("writes that wait together share one sync, and complete in order")
    func groupCommit() throws {
        let store = try ShardedStore(directory: directory.path)
        let release = try store.block(shard)
        let before = store.statistics(of: shard).syncs
        let order = Mutex<[UInt8]>([])
        let last = Promise<Void>()
        for index in 0..<UInt8(100) {
            store.perform(on: shard) {
                $0.put([index], [index])
            } completion: { result in
                if case .success = result { order.withLock { $0.append(index) } }
                if index == 99 { last.fulfil(()) }
            }
        }
        release.fulfil(())
        try last.wait()
        #expect(order.withLock { $0 } == Array(0..<100))
        let figures = store.statistics(of: shard)
        #expect(figures.writes == 100)
        #expect(figures.syncs - before == 1)
        store.close()
    }

    @Test("a reader behind a writer hears only what is durable")
    func readersWait() throws {
        let fault = PosixFileSystem.SyncFault()
        let store = try ShardedStore(
            directory: directory.path, shardCount: 2, options: ShardedStore.Options(),
            fileSystem: PosixFileSystem(syncFault: fault))
        let release = try store.block(shard)
        let write = Promise<Result<Void, StoreError>>()
        let read = Promise<Result<[UInt8]?, StoreError>>()
        store.perform(on: shard) {
            $0.put([1], [2])
        } completion: {
            write.fulfil($0)
        }
        store.perform(on: shard) {
            try $0.get([1])
        } completion: {
            read.fulfil($0)
        }
        fault.errno.store(EIO, ordering: .relaxed)
        release.fulfil(())
        #expect(throws: StoreError.self) { try write.wait().get() }
        #expect(throws: StoreError.self) { _ = try read.wait().get() }
        store.close()
    }

    @Test("a failed sync closes its shard for ever, and only that one")
    func failedSync() throws {
        let fault = PosixFileSystem.SyncFault()
        let store = try ShardedStore(
            directory: directory.path, shardCount: 2, options: ShardedStore.Options(),
            fileSystem: PosixFileSystem(syncFault: fault))
        try store.run(on: shard) { $0.put([1], [1]) }
        fault.errno.store(EIO, ordering: .relaxed)
        #expect(throws: StoreError.self) { try store.run(on: shard) { $0.put([2], [2]) } }
        fault.errno.store(0, ordering: .relaxed)
        let error = #expect(throws: StoreError.self) { try store.run(on: shard) { try $0.get([1]) } }
        guard case .shardClosed(let reason) = error else {
            Issue.record("expected a closed shard, got \(String(describing: error))")
            return
        }
        #expect(reason.contains("sync failed"))
        try store.run(on: ShardIndex(0)) { $0.put([3], [3]) }
        store.close()
        let again = try ShardedStore(directory: directory.path, shardCount: 2)
        #expect(try again.run(on: shard) { try $0.get([1]) } == [1])
        #expect(try again.run(on: shard) { try $0.get([2]) } == nil)
        #expect(try again.run(on: ShardIndex(0)) { try $0.get([3]) } == [3])
        again.close()
    }

    @Test("a transaction whose body throws writes nothing")
    func throwingBody() throws {
        let store = try ShardedStore(directory: directory.path)
        let error = #expect(throws: StoreError.self) {
            try store.run(on: shard) { transaction in
                transaction.put([1], [1])
                throw Refused()
            }
        }
        guard case .body(let inner) = error else {
            Issue.record("expected the body's error, got \(String(describing: error))")
            return
        }
        #expect(inner is Refused)
        #expect(try store.run(on: shard) { try $0.get([1]) } == nil)
        store.close()
    }

    @Test("a transaction reads its own writes, in gets and in scans both ways")
    func ownWrites() throws {
        let store = try ShardedStore(directory: directory.path)
        try store.run(on: shard) { transaction in
            for index in 1...5 { transaction.put([7, UInt8(index)], [0]) }
            transaction.put([8], [0])
        }
        let (values, scans) = try store.run(on: shard) { transaction in
            transaction.put([7, 0], [1])
            transaction.put([7, 3], [1])
            transaction.put([7, 9], [1])
            transaction.delete([7, 1])
            transaction.delete([7, 5])
            let values = [try transaction.get([7, 3]), try transaction.get([7, 1])]
            let scans = [
                try transaction.scan(prefix: [7]),
                try transaction.scan(prefix: [7], order: .descending),
                try transaction.scan(prefix: [7], after: [7, 2], limit: 2),
                try transaction.scan(prefix: [7], after: [7, 4], limit: 2, order: .descending),
            ]
            return (values, scans)
        }
        #expect(values == [[1], nil])
        #expect(scans.map { $0.map { $0.key[1] } } == [[0, 2, 3, 4, 9], [9, 4, 3, 2, 0], [3, 4], [3, 2]])
        #expect(scans[0].map(\.value) == [[1], [0], [1], [0], [1]])
        store.close()
    }

    @Test("a full mailbox refuses at once and keeps what it took")
    func overload() throws {
        let store = try ShardedStore(
            directory: directory.path, options: ShardedStore.Options(mailboxLimit: 3))
        let release = try store.block(shard)
        let results = Mutex<[Bool]>([])
        let done = Promise<Void>()
        for index in 0..<4 {
            store.perform(on: shard) {
                $0.put([UInt8(index)], [])
            } completion: { result in
                switch result {
                case .success: results.withLock { $0.append(true) }
                case .failure(.overloaded(limit: 3)): results.withLock { $0.append(false) }
                case .failure: break
                }
                if index == 2 { done.fulfil(()) }
            }
        }
        #expect(results.withLock { $0 } == [false])
        release.fulfil(())
        try done.wait()
        #expect(results.withLock { $0 } == [false, true, true, true])
        store.close()
    }

    @Test("closing finishes what was accepted, and later calls are told")
    func closing() throws {
        let store = try ShardedStore(directory: directory.path)
        let results = Mutex<Int>(0)
        for index in 0..<UInt8(50) {
            store.perform(on: shard) {
                $0.put([index], [index])
            } completion: { result in
                if case .success = result { results.withLock { $0 += 1 } }
            }
        }
        store.close()
        #expect(results.withLock { $0 } == 50)
        let error = #expect(throws: StoreError.self) { try store.run(on: shard) { try $0.get([1]) } }
        guard case .closed = error else {
            Issue.record("expected closed, got \(String(describing: error))")
            return
        }
    }

    @Test("a second start finds the same data, id and placement")
    func reopen() throws {
        let store = try ShardedStore(directory: directory.path)
        let storeID = store.storeID
        #expect(storeID.count == 16 && Set(storeID).count > 1)
        for index in 0..<40 {
            let key = "user \(index)"
            try store.run(on: store.shard(for: key)) { $0.put(Array(key.utf8), [UInt8(index)]) }
        }
        store.close()
        let again = try ShardedStore(directory: directory.path)
        #expect(again.storeID == storeID)
        for index in 0..<40 {
            let key = "user \(index)"
            #expect(try again.run(on: again.shard(for: key)) { try $0.get(Array(key.utf8)) } == [UInt8(index)])
        }
        again.close()
    }

    @Test("merging goes on by itself and changes nothing that is read")
    func merging() throws {
        var options = ShardedStore.Options()
        options.bitcask.maximumFileBytes = 4_096
        let store = try ShardedStore(directory: directory.path, options: options)
        for round in 0..<200 {
            try store.run(on: shard) { $0.put([UInt8(round % 10)], [UInt8](repeating: UInt8(round), count: 200)) }
        }
        var waits = 0
        while store.statistics(of: shard).merges == 0, waits < 1_000 {
            usleep(10_000)
            waits += 1
        }
        #expect(store.statistics(of: shard).merges > 0)
        #expect(store.statistics(of: shard).mergeFailures == 0)
        for index in 0..<10 {
            let value = try store.run(on: shard) { try $0.get([UInt8(index)]) }
            #expect(value == [UInt8](repeating: UInt8(190 + index), count: 200))
        }
        store.close()
    }
}
