import Bitcask
import Glibc
import Testing

@testable import ShardedStore

@Suite struct OpeningTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func openingError(shardCount: Int = 4) throws -> StoreError {
        let path = directory.path
        let error = #expect(throws: StoreError.self) {
            try ShardedStore(directory: path, shardCount: shardCount).close()
        }
        return try #require(error)
    }

    @Test("another shard count than the data's is refused with both numbers")
    func shardCount() throws {
        try ShardedStore(directory: directory.path, shardCount: 4).close()
        guard case .shardCountMismatch(_, stored: 4, configured: 8) = try openingError(shardCount: 8) else {
            Issue.record("expected a mismatch")
            return
        }
        #expect(try openingError(shardCount: 8).description.contains("set the shard count to 4"))
        guard case .invalidShardCount(0, limit: 64) = try openingError(shardCount: 0) else {
            Issue.record("expected a refusal of zero shards")
            return
        }
    }

    @Test("a directory in use names its holder")
    func locked() throws {
        let store = try ShardedStore(directory: directory.path)
        let error = try openingError()
        guard case .locked(_, pid: getpid()) = error else {
            Issue.record("expected locked, got \(error)")
            return
        }
        #expect(error.description.contains("process \(getpid())"))
        store.close()
        try ShardedStore(directory: directory.path).close()
    }

    @Test("any flipped bit of store.meta is refused, and so is its absence")
    func damagedMetadata() throws {
        let metadata = StoreMetadata(storeID: Array(0..<16), shardCount: 4)
        let bytes = metadata.encoded()
        #expect(try StoreMetadata(decoding: bytes) == metadata)
        for bit in 0..<bytes.count * 8 {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: StoreMetadata.Refusal.self) { try StoreMetadata(decoding: flipped) }
        }
        try ShardedStore(directory: directory.path).close()
        unlink("\(directory.path)/store.meta")
        guard case .damagedMetadata = try openingError() else {
            Issue.record("expected damaged metadata")
            return
        }
    }

    @Test("keys are placed by a hash that never changes, and evenly")
    func placement() {
        // FNV-1a and fmix64 computed apart from this code.
        #expect(ShardHash.hash("".utf8) == 0xefd0_1f60_ba99_2926)
        var counts = [0, 0, 0, 0]
        for index in 0..<4_000 { counts[Int(ShardHash.hash("user\(index)".utf8) % 4)] += 1 }
        #expect(counts.allSatisfy { (850...1_150).contains($0) })
    }
}
