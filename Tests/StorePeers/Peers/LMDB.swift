import CLMDB
import StoreBench

/// LMDB with a sparse map that never needs to grow. Unsynced writes commit with `MDB_NOSYNC`, so that the operating system
/// has each when the call returns; synced ones as LMDB does by itself. No `MDB_WRITEMAP`: a stray pointer must not be able
/// to damage the file, as in the other stores.
///
/// `@unchecked Sendable`: all fields are constant; a writing transaction begins and ends in one call, and LMDB lets one
/// in at a time; each reading thread has a transaction of its own.
final class LMDB: StoreEngine, @unchecked Sendable {
    private static let mapBytes = 256 << 30
    private static let loadBatch = 10_000

    private let environment: OpaquePointer
    private let database: MDB_dbi

    init(directory: String, purpose: StorePurpose) throws {
        var environment: OpaquePointer?
        try Self.check(mdb_env_create(&environment))
        self.environment = try environment.required("mdb_env_create")
        try Self.check(mdb_env_set_mapsize(environment, Self.mapBytes))
        try Self.check(mdb_env_set_maxreaders(environment, 256))
        let flags = purpose == .puts(.synced) ? 0 : UInt32(MDB_NOSYNC)
        try Self.check(mdb_env_open(environment, directory, flags | UInt32(MDB_NORDAHEAD), 0o600))
        var database: MDB_dbi = 0
        var transaction: OpaquePointer?
        try Self.check(mdb_txn_begin(environment, nil, 0, &transaction))
        try Self.check(mdb_dbi_open(transaction, nil, 0, &database))
        try Self.check(mdb_txn_commit(transaction))
        self.database = database
    }

    func put(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, _ durability: StoreDurability) throws {
        try writing { try put(key, value, in: $0) }
    }

    func load(_ entries: some Sequence<(key: [UInt8], value: [UInt8])>) throws {
        var iterator = entries.makeIterator()
        var isOver = false
        while !isOver {
            try writing { transaction in
                for _ in 0..<Self.loadBatch {
                    guard let entry = iterator.next() else {
                        isOver = true
                        return
                    }
                    try entry.key.withUnsafeBytes { key in
                        try entry.value.withUnsafeBytes { try put(key, $0, in: transaction) }
                    }
                }
            }
        }
    }

    private func writing(_ body: (OpaquePointer?) throws -> Void) throws {
        var transaction: OpaquePointer?
        try Self.check(mdb_txn_begin(environment, nil, 0, &transaction))
        do {
            try body(transaction)
        } catch {
            mdb_txn_abort(transaction)
            throw error
        }
        try Self.check(mdb_txn_commit(transaction))
    }

    private func put(
        _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, in transaction: OpaquePointer?
    ) throws {
        var key = MDB_val(key)
        var value = MDB_val(value)
        try Self.check(mdb_put(transaction, database, &key, &value, 0))
    }

    func reader() throws -> OpaquePointer? {
        var transaction: OpaquePointer?
        try Self.check(mdb_txn_begin(environment, nil, UInt32(MDB_RDONLY), &transaction))
        mdb_txn_reset(transaction)
        return transaction
    }

    func finish(_ reader: OpaquePointer?) { mdb_txn_abort(reader) }

    func get<R>(
        _ key: UnsafeRawBufferPointer, with reader: OpaquePointer?, _ body: (UnsafeRawBufferPointer) -> R
    ) throws -> R? {
        // Each read sees the newest state, as in the other stores.
        try Self.check(mdb_txn_renew(reader))
        defer { mdb_txn_reset(reader) }
        var key = MDB_val(key)
        var value = MDB_val()
        let code = mdb_get(reader, database, &key, &value)
        if code == MDB_NOTFOUND { return nil }
        try Self.check(code)
        return body(UnsafeRawBufferPointer(start: value.mv_data, count: value.mv_size))
    }

    func settle() throws { try Self.check(mdb_env_sync(environment, 1)) }

    /// LMDB reuses pages as it writes and has nothing that cleans up.
    var cleaningProgress: UInt64? { nil }

    func close() throws { mdb_env_close(environment) }

    private static func check(_ code: Int32) throws {
        guard code == 0 else { throw BenchFailure("LMDB: \(String(cString: mdb_strerror(code)))") }
    }
}

extension MDB_val {
    fileprivate init(_ bytes: UnsafeRawBufferPointer) {
        self.init(mv_size: bytes.count, mv_data: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
    }
}
