import CRocksDB
import Glibc
import StoreBench

/// RocksDB with four write buffers of 64 MiB, one background thread a processor, dynamic level sizes, a block cache that
/// holds the data set, full Bloom filters of 10 bits a key, hashed data blocks for point reads, recycled logs (which make
/// `fdatasync` cheaper), and no compression, since the values cannot be compressed.
///
/// `@unchecked Sendable`: all fields are constant, and RocksDB's handle may be used from any thread.
final class RocksDB: StoreEngine, @unchecked Sendable {
    private let database: OpaquePointer
    private let options: OpaquePointer?
    private let reads = rocksdb_readoptions_create()
    private let unsynced = rocksdb_writeoptions_create()
    private let synced = rocksdb_writeoptions_create()

    init(directory: String, purpose: StorePurpose) throws {
        options = rocksdb_options_create()
        rocksdb_options_set_create_if_missing(options, 1)
        rocksdb_options_increase_parallelism(options, Int32(clamping: max(2, sysconf(Int32(_SC_NPROCESSORS_ONLN)))))
        rocksdb_options_set_compression(options, Int32(rocksdb_no_compression))
        rocksdb_options_set_write_buffer_size(options, 64 << 20)
        rocksdb_options_set_max_write_buffer_number(options, 4)
        rocksdb_options_set_level_compaction_dynamic_level_bytes(options, 1)
        rocksdb_options_set_max_open_files(options, -1)
        if purpose == .puts(.synced) { rocksdb_options_set_recycle_log_file_num(options, 4) }
        if purpose == .puts(.buffered) { rocksdb_options_set_manual_wal_flush(options, 1) }
        let table = rocksdb_block_based_options_create()
        rocksdb_block_based_options_set_filter_policy(table, rocksdb_filterpolicy_create_bloom_full(10))
        let cache = rocksdb_cache_create_lru(1 << 30)
        rocksdb_block_based_options_set_block_cache(table, cache)
        rocksdb_block_based_options_set_data_block_index_type(
            table, Int32(rocksdb_block_based_table_data_block_index_type_binary_search_and_hash))
        rocksdb_block_based_options_set_data_block_hash_ratio(table, 0.75)
        rocksdb_options_set_block_based_table_factory(options, table)
        rocksdb_cache_destroy(cache)
        rocksdb_block_based_options_destroy(table)
        rocksdb_writeoptions_set_sync(synced, 1)
        database = try Self.checked { [options] in rocksdb_open(options, directory, $0) }.required("rocksdb_open")
    }

    func put(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, _ durability: StoreDurability) throws {
        try Self.checked {
            rocksdb_put(
                database, durability == .synced ? synced : unsynced, key.characters, key.count, value.characters,
                value.count, $0)
        }
    }

    func load(_ entries: some Sequence<(key: [UInt8], value: [UInt8])>) throws {
        let batch = rocksdb_writebatch_create()
        defer { rocksdb_writebatch_destroy(batch) }
        for (index, entry) in entries.enumerated() {
            entry.key.withUnsafeBytes { key in
                entry.value.withUnsafeBytes { value in
                    rocksdb_writebatch_put(batch, key.characters, key.count, value.characters, value.count)
                }
            }
            if index % 1_000 == 999 { try write(batch) }
        }
        try write(batch)
    }

    private func write(_ batch: OpaquePointer?) throws {
        try Self.checked { rocksdb_write(database, unsynced, batch, $0) }
        rocksdb_writebatch_clear(batch)
    }

    func reader() throws {}
    func finish(_: Void) {}

    func get<R>(
        _ key: UnsafeRawBufferPointer, with _: Void, _ body: (UnsafeRawBufferPointer) -> R
    ) throws -> R? {
        let slice = try Self.checked { rocksdb_get_pinned(database, reads, key.characters, key.count, $0) }
        guard let slice else { return nil }
        defer { rocksdb_pinnableslice_destroy(slice) }
        var count = 0
        let value = rocksdb_pinnableslice_value(slice, &count)
        return body(UnsafeRawBufferPointer(start: value, count: count))
    }

    func settle() throws { rocksdb_compact_range(database, nil, 0, nil, 0) }

    var cleaningProgress: UInt64? { nil }

    func close() throws {
        rocksdb_close(database)
        rocksdb_readoptions_destroy(reads)
        rocksdb_writeoptions_destroy(unsynced)
        rocksdb_writeoptions_destroy(synced)
        rocksdb_options_destroy(options)
    }

    @inline(__always)
    private static func checked<R>(_ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> R) throws -> R {
        var error: UnsafeMutablePointer<CChar>?
        let result = body(&error)
        guard let error else { return result }
        defer { rocksdb_free(error) }
        throw BenchFailure("RocksDB: \(String(cString: error))")
    }
}
