/// Why a received packet or datagram was thrown away without effect.
package enum DropReason: Int, Sendable, CaseIterable {
    /// Not a packet of this protocol, or cut short.
    case malformed
    case unsupportedVersion
    /// A packet type that is reserved for later versions.
    case unsupportedType
    /// A connection ID that names no connection here.
    case unknownConnection
    /// A loop index that no event loop has.
    case unknownLoop
    /// A connection ID of another server behind the same load balancers.
    case otherServer
    /// A first datagram below `ProtocolLimits.minimumInitialDatagramBytes`.
    case initialTooSmall
    case connectionLimit
    case halfOpenLimit
    /// The packet's tag does not fit: corrupted, forged, or for other keys.
    case authenticationFailed
    case duplicate
    /// Keys for the packet's space are gone or not there and the waiting room is full.
    case noKeys
    /// More early data than a client may send.
    case earlyDataLimit
    /// From an address other than the server's (client side).
    case unexpectedAddress
    /// TLS could not be set up for a new connection.
    case tlsSetup
    /// The connection is closed or draining.
    case closed

    /// The label value in metrics.
    package var name: String {
        switch self {
        case .malformed: "malformed"
        case .unsupportedVersion: "unsupported_version"
        case .unsupportedType: "unsupported_type"
        case .unknownConnection: "unknown_connection"
        case .unknownLoop: "unknown_loop"
        case .otherServer: "other_server"
        case .initialTooSmall: "initial_too_small"
        case .connectionLimit: "connection_limit"
        case .halfOpenLimit: "half_open_limit"
        case .authenticationFailed: "authentication_failed"
        case .duplicate: "duplicate"
        case .noKeys: "no_keys"
        case .earlyDataLimit: "early_data_limit"
        case .unexpectedAddress: "unexpected_address"
        case .tlsSetup: "tls_setup"
        case .closed: "closed"
        }
    }
}

/// One plain counter for each `DropReason`.
package struct DropCounters: Sendable {
    /// Empty while all are 0, as a connection's are as a rule.
    private var counts: ContiguousArray<UInt64> = []

    package init() {}

    package subscript(reason: DropReason) -> UInt64 { counts.isEmpty ? 0 : counts[reason.rawValue] }

    package var total: UInt64 { DropReason.allCases.reduce(0) { $0 &+ self[$1] } }

    mutating func count(_ reason: DropReason) { add(1, to: reason) }

    package mutating func add(_ other: DropCounters) {
        guard !other.counts.isEmpty else { return }
        for reason in DropReason.allCases { add(other[reason], to: reason) }
    }

    private mutating func add(_ count: UInt64, to reason: DropReason) {
        if counts.isEmpty { counts = ContiguousArray(repeating: 0, count: DropReason.allCases.count) }
        counts[reason.rawValue] &+= count
    }
}
