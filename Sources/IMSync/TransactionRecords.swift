import ShardedStore
import SwiftProtobuf

/// Typed access to the records of a transaction.
extension ShardTransaction {
    package func bytes(_ key: StoreKey) throws(SyncError) -> [UInt8]? {
        do {
            return try get(key.bytes)
        } catch {
            throw .store(error)
        }
    }

    package func exists(_ key: StoreKey) throws(SyncError) -> Bool {
        try bytes(key) != nil
    }

    package func number(_ key: StoreKey) throws(SyncError) -> UInt64? {
        guard let bytes = try bytes(key) else { return nil }
        guard let number = BigEndian.number(bytes) else { throw .damagedRecord(key.kind) }
        return number
    }

    package func record<Record: Message>(
        _ key: StoreKey, as type: Record.Type = Record.self
    ) throws(SyncError) -> Record? {
        guard let bytes = try bytes(key) else { return nil }
        guard let record = try? Record(serializedBytes: bytes) else { throw .damagedRecord(key.kind) }
        return record
    }

    package mutating func put(_ key: StoreKey, _ bytes: [UInt8]) {
        put(key.bytes, bytes)
    }

    package mutating func put(_ key: StoreKey, number: UInt64) {
        put(key.bytes, BigEndian.bytes(number))
    }

    package mutating func put(_ key: StoreKey, record: some Message) throws(SyncError) {
        do {
            put(key.bytes, try record.serializedBytes())
        } catch {
            throw .unencodable(key.kind)
        }
    }

    package mutating func delete(_ key: StoreKey) {
        delete(key.bytes)
    }
}
