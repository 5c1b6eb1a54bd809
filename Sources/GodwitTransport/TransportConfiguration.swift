import NIOCore

/// What a datagram connection may use and how long it waits. One value for all connections of an endpoint.
package struct TransportConfiguration: Sendable {
    /// Silence after which a connection is given up without a word: after a packet that the peer should have answered, or beyond
    /// the silence that a client has announced. Default 30 s.
    package var idleTimeout: TimeAmount = .seconds(30)

    /// Silence after which a server's connection rests: it gives back what the next packet makes anew. Long against
    /// round trips, short against the silence of a phone in a pocket. Default 1 s.
    package var restDelay = TimeAmount.seconds(1)

    /// Clients: learn how long the way's translators keep a binding, and have the server ask before one is forgotten. Without, a
    /// silent connection ends after `idleTimeout`.
    package var keepsBinding = false

    /// A handshake that takes longer than this has failed. Default 10 s.
    package var handshakeTimeout: TimeAmount = .seconds(10)

    /// Clients: at most this long between two first flights that nobody answers, which are 1,200 bytes each. Default 1 s; an
    /// attempt beside others may take its time.
    package var firstFlightInterval = ProbeTimer.maximumInterval

    /// The largest message, in bytes, in either direction. Default 262,144; a peer that sends more is disconnected.
    package var maximumMessageBytes = 262_144

    /// Bytes accepted by `send` and not yet acknowledged. Default 4 MiB.
    package var maximumQueuedBytes = 4 << 20

    /// Messages accepted by `send` and not yet acknowledged. Default 8,192.
    package var maximumQueuedMessages = 8192

    /// Bytes of incoming messages that may be under way or waiting to be taken, of large ones only the first 64 KiB. At least
    /// `ProtocolLimits.initialMaxData`, which the peer may use unasked. Default 1 MiB.
    package var receiveWindowBytes = 1 << 20

    /// To which that window grows when the peer uses it up faster than it can be told of more. Default 4 MiB.
    package var maximumReceiveWindowBytes = 4 << 20

    /// Room for large incoming messages, which each reserve `maximumMessageBytes` of it, at least for one. Default 1 MiB.
    package var largeMessageRoomBytes = 1 << 20

    /// Incoming messages that may be under way or waiting to be taken. At least `ProtocolLimits.initialMaxMessages`.
    /// Default 1,024.
    package var receiveWindowMessages = 1024

    /// The round trip assumed before the first measurement. Default 100 ms, below RFC 9002's 333 ms: on a lossy network
    /// an early probe saves more than a late one spares.
    package var initialRTT: TimeAmount = .milliseconds(100)

    /// How long an acknowledgement may wait for data to ride on. Default and maximum 5 ms, which the peer's probe timer
    /// allows for.
    package var acknowledgementDelay: TimeAmount = .milliseconds(5)

    /// UDP payload, in bytes, that is used on a path of which nothing is known.
    package var maximumDatagramBytes = ProtocolLimits.baseDatagramBytes

    /// Bulk finds out whether the path takes larger datagrams. Only for sockets that never fragment (`IP_MTU_DISCOVER`). Default off.
    package var discoversMTU = false

    /// How it is decided what may be on its way. Default BBR.
    package var congestion = CongestionAlgorithm.bbr

    /// What may be spent on copies and repair symbols that nobody has asked for yet: bytes for each byte of messages. It is only spent
    /// on paths that are known to lose at least 1 % of the packets, and never when it would hold up anything else. 0 is none. Default 3:
    /// at 40 % loss two copies of each message, and three where those were not enough.
    package var redundancyShare = 3.0

    /// Packets sent under one key before it is replaced (RFC 9001 §6). 1...4,194,304, which is the default and half of what a key may
    /// protect: the rest is for the time in which it cannot be replaced yet.
    package var packetsPerKey = ProtocolLimits.maximumPacketsPerKey / 2

    package init() {}

    package static var server: TransportConfiguration { TransportConfiguration() }

    package static var client: TransportConfiguration {
        var configuration = TransportConfiguration()
        configuration.keepsBinding = true
        return configuration
    }

    /// What would make a connection fail later in ways hard to explain.
    func validate() throws(TransportError) {
        guard (ProtocolLimits.minimumInitialDatagramBytes...16_383).contains(maximumDatagramBytes) else {
            throw .invalidConfiguration(
                "maximumDatagramBytes is \(maximumDatagramBytes), must be \(ProtocolLimits.minimumInitialDatagramBytes)...16383"
            )
        }
        guard (1...ProtocolLimits.maximumMessageBytes).contains(maximumMessageBytes) else {
            throw .invalidConfiguration(
                "maximumMessageBytes is \(maximumMessageBytes), must be 1...\(ProtocolLimits.maximumMessageBytes)")
        }
        guard initialRTT > .nanoseconds(0), idleTimeout > .nanoseconds(0), handshakeTimeout > .nanoseconds(0),
            firstFlightInterval > .nanoseconds(0)
        else {
            throw .invalidConfiguration(
                "initialRTT, idleTimeout, handshakeTimeout and firstFlightInterval must be positive")
        }
        guard redundancyShare >= 0, redundancyShare <= 10 else {
            throw .invalidConfiguration("redundancyShare is \(redundancyShare), must be 0...10")
        }
        guard (1...ProtocolLimits.maximumPacketsPerKey / 2).contains(packetsPerKey) else {
            throw .invalidConfiguration(
                "packetsPerKey is \(packetsPerKey), must be 1...\(ProtocolLimits.maximumPacketsPerKey / 2)")
        }
        guard acknowledgementDelay >= .nanoseconds(0),
            acknowledgementDelay <= ProtocolLimits.maximumAcknowledgementDelay
        else { throw .invalidConfiguration("acknowledgementDelay must be 0...5 ms") }
    }
}
