import GodwitWire
import NIOCore

/// The TLS records of both directions as byte streams in HANDSHAKE frames.
struct HandshakeStream {
    /// Both directions together; a flight with a long certificate chain takes 10 KB.
    static let maximumBytes = 65_536

    private var outgoing = TransmissionBuffer()
    private var incoming = ReassemblyBuffer()

    mutating func append(_ records: ByteBuffer) { outgoing.append(records) }

    var hasPending: Bool { outgoing.hasPending }
    /// Everything produced so far has arrived.
    var isAcknowledged: Bool { outgoing.isAcknowledged }
    var isEmpty: Bool { outgoing.count == 0 }
    /// Bytes of our records so far.
    var producedBytes: Int { outgoing.count }

    mutating func writeFrame(into packet: inout ByteBuffer, space: Int) -> SentFrame? {
        guard let range = outgoing.next() else { return nil }
        let count = min(range.count, space - HandshakeFrame.overhead(offset: UInt64(range.lowerBound)))
        guard count > 0, let view = outgoing.view(range.lowerBound..<(range.lowerBound + count)) else { return nil }
        outgoing.sent(range.lowerBound..<(range.lowerBound + count))
        HandshakeFrame.encode(offset: UInt64(range.lowerBound), data: view, into: &packet)
        return .handshake(offset: range.lowerBound, count: count)
    }

    mutating func acknowledge(offset: Int, count: Int) {
        guard count > 0, offset + count <= outgoing.count else { return }
        outgoing.acknowledge(offset..<(offset + count))
    }

    /// Of a stream that was let go of since, nothing is wanted any more.
    mutating func sendAgain(offset: Int, count: Int) {
        guard count > 0, offset + count <= outgoing.count else { return }
        outgoing.sendAgain(offset..<(offset + count))
    }

    /// Everything not acknowledged is to be sent again.
    mutating func sendAllAgain() {
        outgoing.sendAgain(0..<(outgoing.count - outgoing.freshCount))
    }

    /// - Returns: false when the frame brings nothing new.
    mutating func receive(_ frame: HandshakeFrame) throws(ProtocolError) -> Bool {
        let count = frame.data.readableBytes
        guard frame.offset <= UInt64(Self.maximumBytes), count <= Self.maximumBytes - Int(frame.offset) else {
            throw .handshakeBufferExceeded(limit: Self.maximumBytes)
        }
        switch incoming.insert(frame.data, at: Int(frame.offset)) {
        case .new: return true
        case .known: return false
        case .tooManyPieces: throw .handshakeBufferExceeded(limit: Self.maximumBytes)
        }
    }

    /// Received bytes that now follow without a gap.
    mutating func takeNext() -> ByteBuffer? { incoming.takeNext() }
}
