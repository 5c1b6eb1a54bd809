import IMMessages
import SwiftProtobuf

/// Makes the notify for what was appended to one timeline.
package enum NotifyBody {
    /// An item above this many bytes is fetched by a sync: a notify must stay quick on a 32 kbit/s link.
    package static let inlineItemBytesMax = 1 << 10
    /// All items of one notify.
    package static let inlineBytesMax = 4 << 10

    /// - Parameter items: in their order, without a gap; at least one.
    package static func make(_ items: [IMItem]) throws -> [UInt8] {
        var notify = IMNotify()
        guard let first = items.first, let last = items.last else { return [] }
        var total = 0
        var isSmall = true
        for item in items {
            let bytes = try item.serializedBytes() as [UInt8]
            total += bytes.count
            isSmall = bytes.count <= inlineItemBytesMax && total <= inlineBytesMax
            if !isSmall { break }
        }
        if isSmall {
            notify.previousSeq = first.seq - 1
            notify.items = items
        } else {
            notify.headSeq = last.seq
        }
        return try notify.serializedBytes()
    }
}
