import GodwitWire

/// The carrier that a session is on, as the session's home loop sees it.
enum Carrier {
    case datagram(DatagramCarrier)
    case stream(StreamCarrier)
    /// It belongs to another loop.
    case remote(CarrierID, CarrierKind)

    var id: CarrierID {
        switch self {
        case .datagram(let carrier): carrier.id
        case .stream(let carrier): carrier.id
        case .remote(let id, _): id
        }
    }

    var kind: CarrierKind {
        switch self {
        case .datagram: .datagram
        case .stream: .stream
        case .remote(_, let kind): kind
        }
    }
}
