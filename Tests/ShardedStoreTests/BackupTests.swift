import Glibc
import Testing

@testable import Bitcask
@testable import ShardedStore

@Suite struct BackupTests {
    private static func key(_ number: Int) -> [UInt8] { Array("key \(number)".utf8) }

    private static func write(_ range: Range<Int>, to store: ShardedStore) throws {
        for number in range {
            let key = key(number)
            try store.run(on: store.shard(for: key)) { $0.put(key, Array("value \(number)".utf8)) }
        }
    }

    @Test("a store that is open backs itself up when asked through its socket, and the copy opens by itself")
    func throughTheSocket() throws {
        let room = try TemporaryDirectory()
        // Longer than a socket's address.
        let long = String(repeating: "d", count: 120)
        let store = try ShardedStore(directory: "\(room.path)/\(long)", shardCount: 2)
        try Self.write(0..<50, to: store)
        var told: [BackupProgress] = []
        try RunningStore.backup("\(room.path)/\(long)", to: "\(room.path)/copy") { told.append($0) }
        try Self.write(50..<60, to: store)
        #expect(told.last?.shard == 1)
        #expect(told.allSatisfy { $0.shardCount == 2 && $0.files <= $0.fileCount && $0.files > 0 })
        let copy = try ShardedStore(directory: "\(room.path)/copy", shardCount: 2)
        for number in 0..<60 {
            let key = Self.key(number)
            let value = try copy.get(key, on: copy.shard(for: key))
            #expect(value == (number < 50 ? Array("value \(number)".utf8) : nil))
        }
        #expect(copy.storeID == store.storeID)
        copy.close()
        store.close()
        #expect(throws: RunningStore.Failure.self) {
            try RunningStore.backup("\(room.path)/\(long)", to: "\(room.path)/late") { _ in }
        }
    }

    @Test("a target that is there, or cannot be made, is a refusal in words, and what an attempt left is no obstacle")
    func refusals() throws {
        let room = try TemporaryDirectory()
        let store = try ShardedStore(directory: "\(room.path)/store", shardCount: 2)
        defer { store.close() }
        try Self.write(0..<5, to: store)
        func refusal(_ target: String) -> String? {
            do throws(RunningStore.Failure) {
                try RunningStore.backup("\(room.path)/store", to: target) { _ in }
                return nil
            } catch {
                return error.description
            }
        }
        #expect(refusal(room.path)?.contains("is there already") == true)
        #expect(refusal("relative")?.contains("absolute") == true)
        #expect(refusal("/proc/nowhere/copy") != nil)
        #expect(mkdir("\(room.path)/copy.partial", 0o700) == 0)
        #expect(mkdir("\(room.path)/copy.partial/shard-00", 0o700) == 0)
        #expect(refusal("\(room.path)/copy") == nil)
        #expect(access("\(room.path)/copy.partial", F_OK) != 0)
        #expect(access("\(room.path)/copy/LOCK", F_OK) != 0)
    }
}
