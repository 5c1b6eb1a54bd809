import DequeModule
import GodwitWire
import NIOCore

/// Envelopes that overtook the server's OPENED on an unordered carrier. They mean nothing until it is known which
/// numbering holds, and the carrier will not bring them again: so they wait, within the protocol's window.
struct EarlyEnvelopes {
    private var envelopes = Deque<Envelope>()
    private var bytes = 0

    mutating func append(_ envelope: Envelope, bytes count: Int) throws(SessionError) {
        guard envelopes.count < Int(SessionWindow.messages), bytes + count <= SessionWindow.bytes else {
            throw .heldBackOverflow(bytes: bytes + count, limit: SessionWindow.bytes)
        }
        bytes += count
        envelopes.append(envelope)
    }

    mutating func popFirst() -> Envelope? { envelopes.popFirst() }
}
