/// The carriers that success is counted by. `unknown` is for what failed before a carrier was chosen.
package enum MeasuredCarrier: String, CaseIterable, Sendable {
    case datagram, stream, websocket, http, unknown

    /// - Parameter name: a carrier's name on the wire; any other text is `unknown`.
    package init(name: String) {
        self = Self(rawValue: name) ?? .unknown
    }

    var index: Int {
        switch self {
        case .datagram: 0
        case .stream: 1
        case .websocket: 2
        case .http: 3
        case .unknown: 4
        }
    }
}
