import Bitcask
import IMMessages
import ShardedStore
import SwiftProtobuf

/// A user's timeline: items at 1, 2, 3, ... and the head, which is the last place taken.
package struct Timeline {
    /// An item in its place.
    package struct Appended: Sendable {
        package let user: String
        package let item: IMItem
        package var previousSeq: UInt64 { item.seq - 1 }
    }

    /// A stretch of a timeline.
    package struct Window: Sendable {
        package var items: [IMItem] = []
        /// The last place looked at.
        package var end: UInt64
        /// The timeline goes on behind `end`.
        package var more: Bool
        /// Places in between whose items cannot be read any more.
        package var damaged = 0
    }

    package static let windowItemsMax = 500
    package static let windowBytesMax = 128 << 10

    package let user: String

    package init(of user: String) {
        self.user = user
    }

    /// 0 when there is no item yet.
    package func head(in transaction: ShardTransaction) throws(SyncError) -> UInt64 {
        try transaction.number(.head(user)) ?? 0
    }

    /// Puts `item` behind the head. Throws before it writes anything.
    package func append(_ item: IMItem, to transaction: inout ShardTransaction) throws(SyncError) -> Appended {
        var item = item
        let (seq, overflow) = try head(in: transaction).addingReportingOverflow(1)
        guard !overflow else { throw .damagedRecord(.head) }
        // The place is in the key already.
        item.seq = 0
        try transaction.put(.item(user, seq: seq), record: item)
        transaction.put(.head(user), number: seq)
        item.seq = seq
        return Appended(user: user, item: item)
    }

    package func item(at seq: UInt64, in transaction: ShardTransaction) throws(SyncError) -> IMItem? {
        guard var item = try transaction.record(.item(user, seq: seq), as: IMItem.self) else { return nil }
        item.seq = seq
        return item
    }

    /// The items behind `seq`, as many as the limits allow and at least one when there is any.
    package func window(
        after seq: UInt64, itemsMax: Int, bytesMax: Int = Timeline.windowBytesMax, in transaction: ShardTransaction
    ) throws(SyncError) -> Window {
        let head = try head(in: transaction)
        var window = Window(end: min(seq, head), more: false)
        var bytes = 0
        var places = 0
        while window.end < head, places < itemsMax {
            let key = StoreKey.item(user, seq: window.end + 1)
            // A place that a damaged file lost is passed over: the rest of the timeline stays readable.
            switch try Self.read(key, in: transaction) {
            case .item(var item, let size):
                guard window.items.isEmpty || bytes + size <= bytesMax else {
                    window.more = true
                    return window
                }
                item.seq = window.end + 1
                window.items.append(item)
                bytes += size
            case .absent: break
            case .damaged: window.damaged += 1
            }
            window.end += 1
            places += 1
        }
        window.more = window.end < head
        return window
    }

    private enum Place {
        case item(IMItem, bytes: Int)
        case absent
        /// The record is there, and its checksum or its fields are wrong.
        case damaged
    }

    private static func read(_ key: StoreKey, in transaction: ShardTransaction) throws(SyncError) -> Place {
        do throws(SyncError) {
            guard let value = try transaction.bytes(key) else { return .absent }
            guard let item = try? IMItem(serializedBytes: value) else { return .damaged }
            return .item(item, bytes: value.count)
        } catch {
            if case .store(.storage(.corruptRecord)) = error { return .damaged }
            throw error
        }
    }
}
