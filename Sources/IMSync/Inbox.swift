import IMMessages
import ShardedStore

/// Takes deliveries from another shard, each once.
///
/// They come in the order of their ids, so one mark a sending shard is enough to know a repeat.
package enum Inbox {
    /// What became of a batch.
    package struct Receipt: Sendable {
        package var appended: [Timeline.Appended] = []
        /// Deliveries that were here already.
        package var repeats = 0
        /// Server ids of deliveries whose timeline is damaged; the items are kept as dead letters.
        package var deadLetters: [UInt64] = []
    }

    package static func receive(
        _ batch: [Delivery], from shard: UInt8, in transaction: inout ShardTransaction
    ) throws(SyncError) -> Receipt {
        let key = StoreKey.delivered(from: shard)
        let before = try transaction.number(key) ?? 0
        var mark = before
        var receipt = Receipt()
        for delivery in batch {
            guard delivery.serverID > mark else {
                receipt.repeats += 1
                continue
            }
            do throws(SyncError) {
                receipt.appended.append(
                    try Timeline(of: delivery.recipient).append(delivery.item, to: &transaction))
            } catch {
                // One damaged timeline must not hold up all others behind it.
                try transaction.put(.deadLetter(delivery.serverID), record: delivery.item)
                receipt.deadLetters.append(delivery.serverID)
            }
            mark = delivery.serverID
        }
        if mark != before { transaction.put(key, number: mark) }
        return receipt
    }
}
