import GodwitTLS
import GodwitWire

/// What became of zero round trip data.
package enum EarlyDataOutcome: Sendable { case none, offered, accepted, rejected }

/// Zero round trip data of one connection (RFC 9001 §4.6): what a client sends behind its first flight, under keys of a ticket that
/// the server gave it before.
struct EarlyData {
    /// Bytes of packets that a client sends and a server takes; more waits for the handshake.
    static let maximumBytes = 16_384

    /// While they are here, packets may be sent (client) or opened (server).
    private(set) var keys: PacketKeys?
    private(set) var outcome = EarlyDataOutcome.none
    /// Packet bytes sent or opened so far.
    private var bytes = 0
    /// The first packet number of the application space that went under the handshake's keys.
    private(set) var endNumber: UInt64 = 0

    /// The keys are known: on a client when the ClientHello is written, on a server when it has accepted it.
    mutating func begin(role: TLSRole, secret: [UInt8]) throws(TLSError) {
        keys = try PacketKeys(role: role, client: secret, server: secret)
        outcome = role == .client ? .offered : .accepted
    }

    /// Whether a packet of so many bytes is within the limit.
    mutating func use(_ count: Int) -> Bool {
        guard bytes + count <= Self.maximumBytes else { return false }
        bytes += count
        return true
    }

    /// Bytes of packets that may still be sent.
    var remaining: Int { keys == nil ? 0 : Self.maximumBytes - bytes }

    /// The handshake is complete.
    ///
    /// - Returns: whether what was sent early must be sent again.
    mutating func end(isAccepted: Bool, nextNumber: UInt64) -> Bool {
        keys = nil
        endNumber = nextNumber
        guard outcome == .offered else { return false }
        outcome = isAccepted ? .accepted : .rejected
        return !isAccepted
    }

    /// Packets of zero round trip data carry messages, and what nobody minds being repeated (RFC 9000 §12.5).
    static func allows(_ frame: Frame) -> Bool {
        switch frame {
        case .message, .resetMessage, .ping, .padding, .extension: true
        default: false
        }
    }
}
