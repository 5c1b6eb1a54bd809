import GodwitWire
import NIOCore

@testable import GodwitTransport

/// Both ends of one direction's messages, with packets and control frames that are lost, doubled and reordered between them, but
/// without protection, timers and congestion: thousands of steps a second.
struct MessageExchange: ~Copyable {
    let random: RandomSource
    var outgoing: OutgoingMessages
    var incoming: IncomingMessages
    /// Out of ten packets so many arrive.
    var arriving: UInt64 = 7
    /// Out of ten steps the receiver takes messages in so many.
    var taking: UInt64 = 10
    private(set) var now = NIODeadline.uptimeNanoseconds(1_000_000_000)
    private(set) var received: [ByteBuffer] = []
    private(set) var acknowledged: [UInt64] = []
    private(set) var late: [UInt64] = []
    private var packets: [(bytes: ByteBuffer, carried: [SentFrame])] = []
    private var answers: [Frame] = []

    init(
        random: RandomSource, windowBytes: Int = 1 << 20, permitBytes: Int = 1 << 20, maximumMessageBytes: Int = 262_144
    ) {
        self.random = random
        outgoing = Self.outgoing(maximumMessageBytes: maximumMessageBytes)
        incoming = Self.incoming(
            windowBytes: windowBytes, permitBytes: permitBytes, maximumMessageBytes: maximumMessageBytes)
    }

    static func outgoing(maximumMessageBytes: Int = 262_144) -> OutgoingMessages {
        OutgoingMessages(
            limits: OutgoingMessages.Limits(
                messageBytes: maximumMessageBytes, queuedBytes: 64 << 20, queuedMessages: 4_096))
    }

    static func incoming(
        windowBytes: Int = 1 << 20, permitBytes: Int = 1 << 20, maximumMessageBytes: Int = 262_144
    ) -> IncomingMessages {
        IncomingMessages(
            limits: IncomingMessages.Limits(
                messageBytes: maximumMessageBytes, windowBytes: windowBytes, maximumWindowBytes: windowBytes,
                windowMessages: 1_024, permitBytes: permitBytes))
    }

    var isQuiet: Bool { packets.isEmpty && answers.isEmpty && !outgoing.hasSendable }

    /// A packet goes out, one arrives or is lost, and so one of the frames that answer.
    mutating func step() throws {
        now = now + .milliseconds(1)
        while let end = outgoing.giveUpLate(now: now) { late.append(end.id) }
        send()
        if packets.count > 5 || !outgoing.hasSendable { try arrive() }
        if random.next() % 10 < taking, let message = incoming.take() { received.append(message) }
        try answer()
    }

    private mutating func send() {
        var packet = ByteBuffer()
        var carried: [SentFrame] = []
        while let frame = outgoing.writeFrame(
            into: &packet, space: 1000 - packet.readableBytes, isAlone: carried.isEmpty)
        {
            carried.append(frame)
        }
        precondition(packet.readableBytes <= 1000)
        if !carried.isEmpty { packets.append((packet, carried)) }
    }

    private mutating func arrive() throws {
        guard !packets.isEmpty else { return }
        let packet = packets.remove(at: Int(random.next() % UInt64(min(packets.count, 20))))
        let isArriving = random.next() % 10 < arriving
        if isArriving {
            for _ in 0...(random.next() % 8 == 0 ? 1 : 0) {
                var payload = packet.bytes
                for frame in try Frame.decodeAll(from: &payload) {
                    switch frame {
                    case .message(let message): try incoming.receive(message)
                    case .resetMessage(let reset): _ = try incoming.receive(reset)
                    default: break
                    }
                }
            }
        }
        // Of what arrived, some acknowledgements are lost.
        let isAcknowledged = isArriving && random.next() % 10 < arriving
        for frame in packet.carried {
            switch frame {
            case .message(let number, let offset, let count, _):
                if !isAcknowledged {
                    outgoing.sendAgain(number, offset: offset, count: count)
                } else if let id = outgoing.acknowledge(number, offset: offset, count: count) {
                    acknowledged.append(id)
                }
            case .resetMessage(let number):
                if isAcknowledged { outgoing.resetArrived(number) } else { outgoing.resetLost(number) }
            default: break
            }
        }
    }

    private mutating func answer() throws {
        if incoming.raiseMaxData(roundTrip: .milliseconds(10), now: now) { answers.append(.maxData(incoming.maxData)) }
        if incoming.raiseMaxMessages() { answers.append(.maxMessages(incoming.maxMessages)) }
        while let permit = incoming.popPermit() { answers.append(.maxMessageData(permit)) }
        guard !answers.isEmpty else { return }
        let frame = answers.remove(at: Int(random.next() % UInt64(answers.count)))
        let isArriving = random.next() % 10 < arriving
        switch frame {
        case .maxData(let limit):
            if isArriving { outgoing.raise(maxData: limit) } else { answers.append(.maxData(incoming.maxData)) }
        case .maxMessages(let limit):
            if isArriving {
                outgoing.raise(maxMessages: limit)
            } else {
                answers.append(.maxMessages(incoming.maxMessages))
            }
        case .maxMessageData(let permit):
            if isArriving { try outgoing.raise(permit) } else { incoming.permitLost(permit.message) }
        default: break
        }
    }
}
