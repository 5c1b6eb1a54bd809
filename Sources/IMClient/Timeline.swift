import IMMessages
import NIOCore
import SwiftProtobuf

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// How far this device has read its user's timeline, and which pieces beyond that have arrived early. Pure.
///
/// A notify carries its items and the place before them: it is applied when it fits at the cursor, kept for a moment
/// when something is missing before it (pushes and replies overtake each other on a lossy network), and answered with a
/// pull when the gap does not close.
struct Timeline {
    /// How long a gap may close by itself: a few retransmissions at a mobile round trip. A pull costs a round trip.
    static let gapPatience: TimeAmount = .milliseconds(400)
    /// Early pieces kept; more than this means that a pull is cheaper.
    static let maximumEarlyPieces = 128

    /// A stretch of the timeline; `items` is empty for a message that this device sent to another user.
    private struct Piece {
        let last: UInt64
        let items: [IMItem]
    }

    struct Step: Equatable {
        /// Items to apply now, in order.
        var items: [IMItem] = []
        /// Whether the key moved, so that it must be stored.
        var keyMoved = false
        /// Whether a pull is needed at once.
        var needsPull = false
    }

    private(set) var key: IMSyncKey?
    private var early: [UInt64: Piece] = [:]
    private(set) var gapSince: NIODeadline?

    /// `key` is a serialized sync key of an earlier run, or nil.
    init(savedKey: [UInt8]?) {
        guard let savedKey, let key = try? IMSyncKey(serializedBytes: savedKey) else { return }
        self.key = key
    }

    var seq: UInt64 { key?.seq ?? 0 }

    /// What to store and to present to the server; empty at the beginning.
    var serializedKey: [UInt8] { (try? key?.serializedBytes()) ?? [] }

    mutating func apply(_ notify: IMNotify, now: NIODeadline) -> Step {
        guard key != nil else { return Step(needsPull: true) }
        guard let last = notify.items.last?.seq else {
            return Step(needsPull: notify.headSeq > seq)
        }
        return take(previous: notify.previousSeq, Piece(last: last, items: notify.items), now: now)
    }

    /// A message of this device was stored at `seq`, after `previous`. `items` are what there is to tell of it: nothing,
    /// unless its sender is its recipient.
    mutating func applySent(
        previous: UInt64, seq sent: UInt64, items: [IMItem] = [], now: NIODeadline
    ) -> Step {
        // The first sync fetches it; 0 is an answer that does not say where it was stored.
        guard key != nil, sent > 0 else { return Step() }
        return take(previous: previous, Piece(last: sent, items: items), now: now)
    }

    mutating func apply(_ reply: IMSyncReply, now: NIODeadline) -> Step {
        let here = seq
        var step = Step(items: reply.items.filter { $0.seq > here }, needsPull: reply.more)
        if let next = try? IMSyncKey(serializedBytes: Array(reply.nextKey)),
            next.timeline != key?.timeline || next.seq > here || key == nil
        {
            key = next
            step.keyMoved = true
        }
        advance(&step)
        noteGap(now: now)
        return step
    }

    /// The server does not know the key: the timeline is read again from its beginning.
    mutating func resync() {
        key = nil
        early.removeAll()
        gapSince = nil
    }

    /// When a gap has lasted too long.
    var pullDue: NIODeadline? { gapSince.map { $0 + Self.gapPatience } }

    /// A pull was begun: its answer closes every gap known now.
    mutating func pullBegan() { gapSince = nil }

    private mutating func take(previous: UInt64, _ piece: Piece, now: NIODeadline) -> Step {
        guard piece.last > seq else { return Step() }
        if let present = early[previous], present.last >= piece.last { return Step() }
        early[previous] = piece
        var step = Step()
        advance(&step)
        if early.count > Self.maximumEarlyPieces {
            early.removeAll()
            gapSince = nil
            step.needsPull = true
        }
        noteGap(now: now)
        return step
    }

    /// Applies every piece that fits at the cursor or reaches over it.
    private mutating func advance(_ step: inout Step) {
        while let fit = early.first(where: { $0.key <= seq }) {
            early[fit.key] = nil
            guard fit.value.last > seq else { continue }
            let here = seq
            step.items += fit.value.items.filter { $0.seq > here }
            key?.seq = fit.value.last
            step.keyMoved = true
        }
    }

    private mutating func noteGap(now: NIODeadline) {
        if early.isEmpty {
            gapSince = nil
        } else if gapSince == nil {
            gapSince = now
        }
    }
}
