import Bitcask
import IMMessages
import ShardedStore
import SwiftProtobuf

/// An item on its way to the timeline of a user on another shard.
package struct Delivery: Sendable {
    /// Also its order: ids of one shard only grow.
    package let serverID: UInt64
    package let recipient: String
    /// The recipient's copy.
    package let item: IMItem

    package init(serverID: UInt64, recipient: String, item: IMItem) {
        self.serverID = serverID
        self.recipient = recipient
        self.item = item
    }
}

/// The deliveries that a shard owes to others: written in the transaction that writes the sender's item, deleted when
/// the recipient's shard has the copy. After a crash what is still there is delivered again, and the recipient's shard
/// (``Inbox``) drops what it had.
package enum Outbox {
    package static func put(
        sender: String, seq: UInt64, serverID: UInt64, in transaction: inout ShardTransaction
    ) throws(SyncError) {
        var delivery = StoredDelivery()
        delivery.sender = sender
        delivery.seq = seq
        try transaction.put(.outbox(serverID), record: delivery)
    }

    package static func delete(_ serverID: UInt64, in transaction: inout ShardTransaction) {
        transaction.delete(.outbox(serverID))
    }

    /// Everything owed, in order. Damaged entries are left where they are and counted.
    package static func pending(
        in transaction: ShardTransaction
    ) throws(SyncError) -> (deliveries: [Delivery], damaged: Int) {
        let prefix = StoreKey(.outbox).bytes
        var deliveries: [Delivery] = []
        var damaged = 0
        do {
            for entry in try transaction.scan(prefix: prefix) {
                guard let serverID = BigEndian.number(entry.key.dropFirst(prefix.count)),
                    let stored = try? StoredDelivery(serializedBytes: entry.value),
                    let item = try? Timeline(of: stored.sender).item(at: stored.seq, in: transaction)
                else {
                    damaged += 1
                    continue
                }
                deliveries.append(Delivery(serverID: serverID, recipient: item.to, item: item.recipientsCopy))
            }
        } catch {
            throw .store(error)
        }
        return (deliveries, damaged)
    }
}

extension IMItem {
    /// The item as its recipient gets it: without what the recipient knows, and without what is the sender's own.
    package var recipientsCopy: IMItem {
        var copy = self
        copy.seq = 0
        copy.to = ""
        copy.fromDevice = ""
        copy.clientMessageID = ""
        return copy
    }
}
