import IMMessages
import ShardedStore

/// What a device has sent lately: the memory that makes a repeated send find its first reply.
///
/// A ring of client message ids bounds it: when a slot is taken again, the send that it named is forgotten.
package struct SentMessages {
    /// A client keeps at most 1,024 requests under way in a session; four times that is remembered.
    package static let remembered: UInt64 = 4_096

    package let user: String
    package let device: String
    private let capacity: UInt64

    package init(user: String, device: String, capacity: UInt64 = SentMessages.remembered) {
        self.user = user
        self.device = device
        self.capacity = max(1, capacity)
    }

    package func find(_ clientMessageID: String, in transaction: ShardTransaction) throws(SyncError) -> StoredSent? {
        try transaction.record(.sent(user, device, clientMessageID))
    }

    package func record(
        _ clientMessageID: String, _ sent: StoredSent, in transaction: inout ShardTransaction
    ) throws(SyncError) {
        let count = try transaction.number(.sentCount(user, device)) ?? 0
        let slot = StoreKey.sentSlot(user, device, count % capacity)
        if let forgotten = try transaction.bytes(slot) {
            transaction.delete(.sent(user, device, String(decoding: forgotten, as: UTF8.self)))
        }
        transaction.put(slot, Array(clientMessageID.utf8))
        try transaction.put(.sent(user, device, clientMessageID), record: sent)
        transaction.put(.sentCount(user, device), number: count &+ 1)
    }

    /// For a device that the account no longer knows.
    package func forgetAll(in transaction: inout ShardTransaction) throws(SyncError) {
        let count = try transaction.number(.sentCount(user, device)) ?? 0
        for slot in 0..<min(count, capacity) {
            let key = StoreKey.sentSlot(user, device, slot)
            guard let clientMessageID = try transaction.bytes(key) else { continue }
            transaction.delete(.sent(user, device, String(decoding: clientMessageID, as: UTF8.self)))
            transaction.delete(key)
        }
        transaction.delete(.sentCount(user, device))
    }
}
