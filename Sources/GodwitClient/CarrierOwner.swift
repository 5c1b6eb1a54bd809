import GodwitSession
import GodwitTLS
import GodwitTransport
import GodwitWire
import NIOCore

/// What a carrier tells the client that owns it, always on the event loop.
protocol CarrierOwner: AnyObject {
    /// The server has answered something during the handshake.
    func carrierProgressed(_ id: AttemptID)
    /// Envelopes can be sent with the first flight, though nothing was heard of the server yet.
    func carrierCanSendEarly(_ id: AttemptID)
    /// The server has given a ticket for the next connection.
    func carrier(_ id: AttemptID, received ticket: ResumptionTicket)
    /// Envelopes can be sent.
    func carrierEstablished(_ id: AttemptID)
    /// A whole envelope from the server.
    func carrier(_ id: AttemptID, received envelope: ByteBuffer)
    /// A burst of envelopes has been handed over, or there is room for more.
    func carrierBecameReady(_ id: AttemptID)
    /// The carrier is gone.
    func carrier(_ id: AttemptID, failed failure: AttemptFailure, reason: String)
}

/// A carrier of either kind. An enum, because each envelope passes through it.
enum LiveCarrier {
    case datagram(DatagramCarrier)
    case stream(StreamCarrier)

    /// The least urgent envelopes that there is room for now; nil = none. A stream keeps order, so the less lies in it, the better.
    var room: Urgency? {
        switch self {
        case .datagram(let carrier): carrier.room
        case .stream(let carrier): carrier.canSend ? .media : nil
        }
    }

    /// - Returns: the carrier's name for it, where it can be given up.
    func send(_ envelope: SessionEnvelope) -> UInt64? {
        switch self {
        case .datagram(let carrier): return carrier.send(envelope)
        case .stream(let carrier):
            carrier.send(envelope.bytes)
            return nil
        }
    }

    /// The envelope need not arrive any more.
    func giveUp(_ name: UInt64) {
        if case .datagram(let carrier) = self { carrier.giveUp(name) }
    }

    /// Puts on the wire what was sent.
    func flush() {
        switch self {
        case .datagram(let carrier): carrier.drive()
        case .stream(let carrier): carrier.flush()
        }
    }

    func close() {
        switch self {
        case .datagram(let carrier): carrier.close()
        case .stream(let carrier): carrier.close()
        }
    }

    /// How much silence the application will have.
    func limitSilence(_ activity: ClientActivity) {
        switch self {
        case .datagram(let carrier): carrier.limitSilence(to: activity.datagramSilence)
        // The session's heartbeat does that on stream.
        case .stream: break
        }
    }

    /// What the next connection over the same network may begin with; nil when this one tells nothing of it.
    var pathMemory: PathMemory? {
        switch self {
        case .datagram(let carrier): carrier.pathMemory
        case .stream: nil
        }
    }

    var figures: CarrierFigures {
        switch self {
        case .datagram(let carrier): carrier.figures
        case .stream(let carrier): carrier.figures
        }
    }
}

/// A carrier's path figures.
struct CarrierFigures: Equatable {
    var roundTrip: TimeAmount?
    var lossRate: Double?
    var lastHeardAt: NIODeadline?
    /// The carrier itself has asked something then that has had no answer.
    var unansweredSince: NIODeadline?
    /// The agreed length of silence.
    var silence: TimeAmount?
}
