import DequeModule
import GodwitWire
import NIOCore

/// The messages that the peer has not acknowledged, in the order of their numbers, and how far the present carrier
/// has taken them.
///
/// Numbers are dense: `entries[i]` has the number `acknowledged + 1 + i`.
struct OutgoingQueue {
    struct Entry {
        let id: LocalID
        var kind: MessageKind
        var lane: UInt64?
        /// Released when the peer names the message in a range.
        var body: ByteBuffer?
        let bodyBytes: Int
        let compressible: Bool
        let early: EarlyUse
        /// The lane's message before this one, 0 = none that is still unacknowledged.
        var predecessor: UInt64
    }

    struct Transmission {
        let sequence: UInt64
        let kind: MessageKind
        /// Distance to the predecessor, 0 = none or already delivered.
        let after: UInt64
        let body: ByteBuffer
        let compressible: Bool
    }

    private var entries = Deque<Entry>()
    /// The last message of each lane that still has an unacknowledged one.
    private var laneTails: [UInt64: UInt64] = [:]
    /// Every message up to this one has arrived at the peer.
    private(set) var acknowledged: UInt64 = 0
    /// The highest number ever given to a carrier in this numbering.
    private(set) var lastSent: UInt64 = 0
    /// The next number that the present carrier is to take.
    private var cursor: UInt64 = 1
    /// Bytes of bodies from `acknowledged + 1` to `lastSent`: what the receiver may have to hold back.
    private var windowBytes = 0
    /// Bytes of the bodies kept.
    private(set) var bytes = 0
    /// Messages whose body is kept.
    private(set) var count = 0

    private var lastSequence: UInt64 { acknowledged + UInt64(entries.count) }

    private func index(of sequence: UInt64) -> Int { Int(sequence - acknowledged - 1) }

    /// Appends a message and returns its number.
    mutating func append(_ message: OutgoingMessage, id: LocalID) -> UInt64 {
        append(
            Entry(
                id: id, kind: message.kind, lane: message.lane, body: message.body,
                bodyBytes: message.body.readableBytes, compressible: message.compressible, early: message.early,
                predecessor: 0))
    }

    @discardableResult
    private mutating func append(_ entry: Entry) -> UInt64 {
        let sequence = lastSequence + 1
        var entry = entry
        entry.predecessor = 0
        if let lane = entry.lane {
            entry.predecessor = laneTails.updateValue(sequence, forKey: lane) ?? 0
        }
        bytes += entry.bodyBytes
        count += 1
        entries.append(entry)
        return sequence
    }

    /// The next message for the carrier, within the protocol's window; nil = none now.
    mutating func next() -> Transmission? {
        while cursor <= lastSequence {
            let sequence = cursor
            let entry = entries[index(of: sequence)]
            guard let body = entry.body else {
                cursor += 1
                continue
            }
            if sequence > lastSent {
                guard sequence <= acknowledged + SessionWindow.messages else { return nil }
                guard windowBytes + entry.bodyBytes <= SessionWindow.bytes else { return nil }
                windowBytes += entry.bodyBytes
                lastSent = sequence
            }
            cursor += 1
            return Transmission(
                sequence: sequence, kind: entry.kind,
                after: entry.predecessor > acknowledged ? sequence - entry.predecessor : 0, body: body,
                compressible: entry.compressible)
        }
        return nil
    }

    /// The oldest messages, as far as all of them may go with OPEN and there is room for their bodies. They count as sent; the answer
    /// to OPEN tells which have arrived.
    mutating func nextEarly(isFresh: Bool, maximumBytes: Int, maximumCount: Int) -> [Transmission] {
        var transmissions: [Transmission] = []
        var bytes = 0
        cursor = acknowledged + 1
        while transmissions.count < maximumCount, cursor <= lastSequence {
            let entry = entries[index(of: cursor)]
            guard entry.body != nil else {
                cursor += 1
                continue
            }
            let mayGo = entry.early == .always || (entry.early == .inKnownSession && !isFresh)
            guard mayGo, bytes + entry.bodyBytes <= maximumBytes, let transmission = next() else { break }
            bytes += entry.bodyBytes
            transmissions.append(transmission)
        }
        return transmissions
    }

    /// The peer has every message up to `sequence`. Names those that it was not known to have.
    mutating func acknowledge(upTo sequence: UInt64, _ isNews: (LocalID) -> Void) throws(SessionError) {
        guard sequence <= lastSent else {
            throw .acknowledgementOfUnsent(acknowledged: sequence, lastSent: lastSent)
        }
        while acknowledged < sequence, let entry = entries.popFirst() {
            acknowledged += 1
            windowBytes -= entry.bodyBytes
            if let lane = entry.lane, laneTails[lane] == acknowledged { laneTails[lane] = nil }
            if entry.body != nil {
                bytes -= entry.bodyBytes
                count -= 1
                isNews(entry.id)
            }
        }
        cursor = max(cursor, acknowledged + 1)
    }

    /// A new carrier takes what `received` lacks. Returns the messages that the peer was not known to have.
    /// When it throws, nothing has changed.
    mutating func resume(received: AckState) throws(SessionError) -> [LocalID] {
        guard received.highest <= lastSent else {
            throw .acknowledgementOfUnsent(acknowledged: received.highest, lastSent: lastSent)
        }
        var news: [LocalID] = []
        try acknowledge(upTo: received.cumulative) { news.append($0) }
        for range in received.ranges where range.upperBound > acknowledged {
            for sequence in max(range.lowerBound, acknowledged + 1)...range.upperBound {
                let position = index(of: sequence)
                guard entries[position].body != nil else { continue }
                entries[position].body = nil
                bytes -= entries[position].bodyBytes
                count -= 1
                news.append(entries[position].id)
            }
        }
        cursor = acknowledged + 1
        return news
    }

    /// Numbers start again at 1 for another peer or another numbering. Requests and pushes keep their order and
    /// identities; responses go, for their requests have no number there. Returns the requests kept.
    mutating func renumber() -> [(sequence: UInt64, id: LocalID)] {
        let kept = entries.filter { $0.body != nil && !$0.kind.isResponse }
        self = OutgoingQueue()
        var requests: [(sequence: UInt64, id: LocalID)] = []
        for entry in kept {
            let sequence = append(entry)
            if entry.kind.isRequest { requests.append((sequence, entry.id)) }
        }
        return requests
    }
}
