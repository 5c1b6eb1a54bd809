/// The ways a session's messages travel between client and edge.
package enum CarrierKind: UInt8, Sendable, CaseIterable {
    /// Godwit's own transport over UDP.
    case datagram = 0
    /// The long link: TLS 1.3 on TCP.
    case stream = 1
    case websocket = 2
    /// The short link: POST and long poll.
    case http = 3

    /// The name in configuration, metrics labels and reports.
    package var name: String {
        switch self {
        case .datagram: "datagram"
        case .stream: "stream"
        case .websocket: "websocket"
        case .http: "http"
        }
    }
}
