import GodwitWire
import NIOCore

/// Makes each message of the peer's numbering come out once, and after the message that it names as its predecessor.
/// Messages without a common lane never wait for each other.
struct InboundOrder {
    /// A message as numbered by the peer.
    struct Message {
        enum Kind {
            case request(command: UInt32)
            case response(to: UInt64, status: UInt32)
            case push(command: UInt32)
            /// Its sender has given it up: only its place counts.
            case withdrawn
        }

        let sequence: UInt64
        let kind: Kind
        let body: ByteBuffer
        var isCompressed = false
        var isEarly = false
    }

    /// Every message up to this one has arrived, and so has been delivered: a message waits only for lower ones.
    private(set) var cumulative: UInt64 = 0
    /// Arrived beyond `cumulative`; whether delivered as well.
    private var beyond: [UInt64: Bool] = [:]
    /// Held back, by the predecessor they wait for. An honest peer has one for each, a hostile one as many as the window.
    private var waiting: [UInt64: [Message]] = [:]
    private(set) var heldBytes = 0

    var heldCount: Int { waiting.values.reduce(0) { $0 + $1.count } }

    /// The highest number that has arrived.
    private(set) var highest: UInt64 = 0

    /// Gives back room that is empty.
    mutating func rest() {
        if beyond.isEmpty { beyond = [:] }
        if waiting.isEmpty { waiting = [:] }
    }

    /// Whether the number is new here. Throws when it lies beyond the window.
    func isNew(_ sequence: UInt64) throws(SessionError) -> Bool {
        guard sequence <= cumulative + SessionWindow.messages else {
            throw .sequenceBeyondWindow(sequence: sequence, limit: cumulative + SessionWindow.messages)
        }
        return sequence > cumulative && beyond[sequence] == nil
    }

    /// Takes the next message in order while none is missing, as most are, without a list.
    ///
    /// - Returns: true when it may go up now; false, with nothing changed, when `accept` has to look.
    mutating func acceptNext(_ sequence: UInt64, after: UInt64) -> Bool {
        guard sequence == cumulative + 1, after < sequence, beyond.isEmpty, waiting.isEmpty else { return false }
        cumulative = sequence
        highest = max(highest, sequence)
        return true
    }

    /// Takes a message for which `isNew` is true; appends to `deliverable` what may go up now, in order.
    /// When it throws, the message counts as not arrived.
    mutating func accept(
        _ message: Message, after: UInt64, deliverable: inout [Message]
    ) throws(SessionError) {
        guard after < message.sequence else {
            throw .predecessorBeforeFirst(sequence: message.sequence, after: after)
        }
        let predecessor = message.sequence - after
        let isFree = after == 0 || predecessor <= cumulative || beyond[predecessor] == true
        if isFree {
            deliver(message, into: &deliverable)
        } else {
            let bytes = heldBytes + message.body.readableBytes
            guard bytes <= SessionWindow.bytes else {
                throw .heldBackOverflow(bytes: bytes, limit: SessionWindow.bytes)
            }
            heldBytes = bytes
            waiting[predecessor, default: []].append(message)
            beyond[message.sequence] = false
        }
        highest = max(highest, message.sequence)
        while beyond.removeValue(forKey: cumulative + 1) != nil { cumulative += 1 }
    }

    /// Delivers a message and all that waited for it; a list instead of recursion, for chains may be 1,024 long.
    private mutating func deliver(_ message: Message, into deliverable: inout [Message]) {
        var next = deliverable.count
        beyond[message.sequence] = true
        deliverable.append(message)
        while next < deliverable.count {
            if let released = waiting.removeValue(forKey: deliverable[next].sequence) {
                for message in released {
                    heldBytes -= message.body.readableBytes
                    beyond[message.sequence] = true
                    deliverable.append(message)
                }
            }
            next += 1
        }
    }

    /// What to tell the peer at a resume: what was delivered. A message that is held back is not named, though it is here: the
    /// peer would drop its copy, and if this process then died before the gap is filled, the message would be lost or, asked
    /// again by the application, come behind later ones of its lane. It is merely sent again and dropped as known.
    var ackState: AckState {
        var ranges: [ClosedRange<UInt64>] = []
        for sequence in beyond.keys.sorted() where beyond[sequence] == true {
            if let last = ranges.last, last.upperBound + 1 == sequence {
                ranges[ranges.count - 1] = last.lowerBound...sequence
            } else if ranges.count < AckState.rangeLimit {
                ranges.append(sequence...sequence)
            } else {
                break
            }
        }
        return AckState(cumulative: cumulative, ranges: ranges)
    }
}
