import GodwitTLS
import GodwitWire
import NIOCore

/// One end of a datagram connection. Sans-IO: bytes and times go in by `receive` and `handleTimeout`, datagrams, events and the
/// next deadline come out by the three polls. One owner; not Sendable.
///
/// After every call the owner polls events until nil, then datagrams until nil, then the timeout, and drops the connection once
/// `state` is `.closed`.
package final class Connection {
    package private(set) var state = ConnectionState.handshaking
    /// Where datagrams go.
    package private(set) var remote: Address
    package var statistics = ConnectionStatistics()
    package let role: TLSRole

    init(role: TLSRole, remote: Address) {
        self.role = role
        self.remote = remote
    }

    /// A client's connection; its first datagram is ready for `pollTransmit`.
    package static func client(
        configuration: TransportConfiguration, tls: TLSContext, serverName: String?, remote: Address,
        random: RandomSource,
        now: NIODeadline
    ) throws(TransportError) -> Connection {
        Connection(role: .client, remote: remote)
    }

    /// Takes one datagram. Never throws, never traps: what is not authentic is counted and dropped.
    package func receive(_ datagram: consuming ByteBuffer, from source: Address, now: NIODeadline) {}

    /// Writes one datagram into the cleared `datagram`, whose storage is used again if it is not shared.
    ///
    /// - Returns: where to send it, nil if there is nothing to send now.
    package func pollTransmit(now: NIODeadline, into datagram: inout ByteBuffer) -> Address? { nil }

    /// When `handleTimeout` wants to be called, nil for never.
    package func pollTimeout() -> NIODeadline? { nil }

    package func handleTimeout(now: NIODeadline) {}

    package func pollEvent() -> ConnectionEvent? { nil }

    /// Queues a whole message, also before the handshake is complete.
    ///
    /// - Returns: the number that `messageAcknowledged` will name.
    package func send(_ message: ByteBuffer, now: NIODeadline) throws(SendError) -> UInt64 { throw .closed }

    /// Bytes that `send` would still take.
    package var sendCapacityBytes: Int { 0 }

    /// Tells the peer and ends; `.closed(.local)` is the last event.
    package func close(code: UInt64, reason: String, now: NIODeadline) {}

    /// The local address has changed or the network is back: sends something at once, on the new path.
    package func rebind(now: NIODeadline) {}
}
