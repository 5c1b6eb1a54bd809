import GodwitWire
import NIOCore

/// Names one try on one carrier.
struct AttemptID: Hashable, Sendable {
    let rawValue: UInt64
}

/// How far an attempt came.
enum AttemptPhase: UInt8, Sendable, Comparable {
    /// Nothing has been heard from the server.
    case connect
    /// The server has answered; keys are being agreed.
    case handshake
    /// Keys are agreed; the carrier waits in reserve.
    case ready
    /// The session is being opened on it.
    case opening
    /// The session lives on it.
    case open

    static func < (a: AttemptPhase, b: AttemptPhase) -> Bool { a.rawValue < b.rawValue }
}

/// Why an attempt or a carrier ended.
enum AttemptFailure: Error, Sendable, Hashable {
    case timedOut
    case refused
    case unreachable
    case nameNotResolved
    case pinMismatch
    case tls
    case protocolViolation
    case rejected
    /// An established carrier ended: closed by the peer, reset, or silent for too long.
    case lost
}

/// One try on one carrier, as the plan sees it.
struct ConnectAttempt: Sendable {
    let id: AttemptID
    let carrier: CarrierKind
    let startedAt: NIODeadline
    var phase: AttemptPhase = .connect
    /// The session is being opened with the first flight; keys are not agreed yet.
    var isEarly = false
    /// When the phase began.
    var phaseSince: NIODeadline
    /// It has had its turn to open the session, and another got it.
    var hasGivenWay = false
    /// When the server was last heard during the handshake.
    var progressAt: NIODeadline?

    /// How far the carrier itself has come.
    var carrierPhase: AttemptPhase {
        guard isEarly else { return phase }
        return progressAt == nil ? .connect : .handshake
    }
}
