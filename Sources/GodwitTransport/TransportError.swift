import GodwitTLS

/// Why a connection could not be made at all.
package enum TransportError: Error, Sendable, Equatable {
    case tls(TLSError)
    case invalidConfiguration(String)
}

extension TransportError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tls(let error): "TLS cannot start: \(error)"
        case .invalidConfiguration(let reason): "the transport's configuration is not usable: \(reason)"
        }
    }
}

/// Why a message was not taken for sending.
package enum SendError: Error, Sendable, Equatable {
    case tooLarge(bytes: Int, limit: Int)
    /// The queue's bytes or messages are used up; wait for acknowledgements.
    case queueFull
    case closed
}

extension SendError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tooLarge(let bytes, let limit): "a message of \(bytes) bytes is over the limit of \(limit)"
        case .queueFull: "the send queue is full; wait until the peer has acknowledged some of it"
        case .closed: "the connection is closed"
        }
    }
}
