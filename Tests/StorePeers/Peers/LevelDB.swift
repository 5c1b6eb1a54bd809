import CLevelDB
import Glibc
import StoreBench

/// LevelDB with a write buffer of 64 MiB, tables of 32 MiB, a block cache that holds the data set, a Bloom filter of 10 bits
/// a key, and no compression, since the values cannot be compressed.
///
/// `@unchecked Sendable`: all fields are constant, and LevelDB's handle may be used from any thread.
final class LevelDB: StoreEngine, @unchecked Sendable {
    private let database: OpaquePointer
    private let options: OpaquePointer?
    private let cache: OpaquePointer?
    private let filter: OpaquePointer?
    private let reads = leveldb_readoptions_create()
    private let unsynced = leveldb_writeoptions_create()
    private let synced = leveldb_writeoptions_create()

    init(directory: String, purpose: StorePurpose) throws {
        options = leveldb_options_create()
        cache = leveldb_cache_create_lru(1 << 30)
        filter = leveldb_filterpolicy_create_bloom(10)
        leveldb_options_set_create_if_missing(options, 1)
        leveldb_options_set_write_buffer_size(options, 64 << 20)
        leveldb_options_set_max_file_size(options, 32 << 20)
        leveldb_options_set_max_open_files(options, 10_000)
        leveldb_options_set_cache(options, cache)
        leveldb_options_set_filter_policy(options, filter)
        leveldb_options_set_compression(options, Int32(leveldb_no_compression))
        leveldb_writeoptions_set_sync(synced, 1)
        database = try Self.checked { [options] in leveldb_open(options, directory, $0) }.required("leveldb_open")
    }

    func put(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, _ durability: StoreDurability) throws {
        try Self.checked {
            leveldb_put(
                database, durability == .synced ? synced : unsynced, key.characters, key.count, value.characters,
                value.count, $0)
        }
    }

    func load(_ entries: some Sequence<(key: [UInt8], value: [UInt8])>) throws {
        let batch = leveldb_writebatch_create()
        defer { leveldb_writebatch_destroy(batch) }
        for (index, entry) in entries.enumerated() {
            entry.key.withUnsafeBytes { key in
                entry.value.withUnsafeBytes { value in
                    leveldb_writebatch_put(batch, key.characters, key.count, value.characters, value.count)
                }
            }
            if index % 1_000 == 999 { try write(batch) }
        }
        try write(batch)
    }

    private func write(_ batch: OpaquePointer?) throws {
        try Self.checked { leveldb_write(database, unsynced, batch, $0) }
        leveldb_writebatch_clear(batch)
    }

    func reader() throws {}
    func finish(_: Void) {}

    func get<R>(
        _ key: UnsafeRawBufferPointer, with _: Void, _ body: (UnsafeRawBufferPointer) -> R
    ) throws -> R? {
        var count = 0
        let value = try Self.checked { leveldb_get(database, reads, key.characters, key.count, &count, $0) }
        guard let value else { return nil }
        defer { leveldb_free(value) }
        return body(UnsafeRawBufferPointer(start: value, count: count))
    }

    func settle() throws { leveldb_compact_range(database, nil, 0, nil, 0) }

    var cleaningProgress: UInt64? { nil }

    func close() throws {
        leveldb_close(database)
        leveldb_readoptions_destroy(reads)
        leveldb_writeoptions_destroy(unsynced)
        leveldb_writeoptions_destroy(synced)
        leveldb_options_destroy(options)
        leveldb_cache_destroy(cache)
        leveldb_filterpolicy_destroy(filter)
    }

    @inline(__always)
    private static func checked<R>(_ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> R) throws -> R {
        var error: UnsafeMutablePointer<CChar>?
        let result = body(&error)
        guard let error else { return result }
        defer { leveldb_free(error) }
        throw BenchFailure("LevelDB: \(String(cString: error))")
    }
}
