import GodwitMetrics
import GodwitWire

/// How an attempt or a task ended, as the metrics tell it.
enum Outcome: Int, CaseIterable {
    case ok
    /// The service did its part: the client asked for something that it may not have. Not a failure of the service.
    case refused
    case failed

    /// The label value.
    var name: String {
        switch self {
        case .ok: "ok"
        case .refused: "refused"
        case .failed: "failed"
        }
    }

    var window: SuccessWindow.Outcome { self == .failed ? .failed : .ok }
}

/// The part of a connection's life that an attempt belongs to.
enum AttemptPhase: Int, CaseIterable {
    /// Until the TLS handshake is complete.
    case connect
    /// Until the session is open on the carrier.
    case session
    /// From a request to its response.
    case request

    /// The label value.
    var name: String {
        switch self {
        case .connect: "connect"
        case .session: "session"
        case .request: "request"
        }
    }
}

extension MeasuredCarrier {
    init(_ carrier: CarrierKind) {
        switch carrier {
        case .datagram: self = .datagram
        case .stream: self = .stream
        case .websocket: self = .websocket
        case .http: self = .http
        }
    }
}
