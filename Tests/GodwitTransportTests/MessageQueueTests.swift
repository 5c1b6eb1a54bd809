import GodwitWire
import NIOCore
import Testing

@testable import GodwitTransport

@Suite("Message queues")
struct MessageQueueTests {
    private static let limits = OutgoingMessages.Limits(
        messageBytes: 300_000, queuedBytes: 8 << 20, queuedMessages: 4096)

    private func incoming() -> IncomingMessages {
        IncomingMessages(
            limits: IncomingMessages.Limits(
                messageBytes: 262_144, windowBytes: 1 << 20, maximumWindowBytes: 4 << 20, windowMessages: 1024,
                permitBytes: 1 << 20))
    }

    private func frame(_ id: UInt64, _ offset: UInt64, _ count: Int, isLast: Bool) -> MessageFrame {
        MessageFrame(message: id, offset: offset, isLast: isLast, data: testMessage(count, seed: id))
    }

    @Test("whatever is lost, doubled or reordered, out comes what went in", arguments: 1...20)
    func lossModel(seed: UInt64) throws {
        let random = RandomSource.seeded(seed)
        var outgoing = OutgoingMessages(limits: Self.limits)
        var incoming = incoming()
        let sent = (0..<30).map { index in
            testMessage(index % 5 == 0 ? Int(random.next() % 9000) : Int(random.next() % 300), seed: UInt64(index))
        }
        for message in sent { _ = try outgoing.enqueue(message, urgency: .text, deadline: .distantFuture) }
        var onTheWay: [(ByteBuffer, [SentFrame])] = []
        var received: [ByteBuffer] = []
        var acknowledged = 0
        var rounds = 0
        while acknowledged < sent.count, rounds < 100_000 {
            rounds += 1
            var packet = ByteBuffer()
            var frames: [SentFrame] = []
            while let frame = outgoing.writeFrame(
                into: &packet, space: 1000 - packet.readableBytes, isAlone: frames.isEmpty)
            {
                frames.append(frame)
            }
            #expect(packet.readableBytes <= 1000)
            if !frames.isEmpty { onTheWay.append((packet, frames)) }
            guard onTheWay.count > 5 || frames.isEmpty else { continue }
            guard !onTheWay.isEmpty else { break }
            let (bytes, carried) = onTheWay.remove(at: Int(random.next() % UInt64(onTheWay.count)))
            let isArriving = random.next() % 10 < 7
            if isArriving {
                var payload = bytes
                for case .message(let frame) in try Frame.decodeAll(from: &payload) { try incoming.receive(frame) }
                while let message = incoming.take() { received.append(message) }
            }
            for case .message(let id, let offset, let count, _) in carried {
                if isArriving, random.next() % 10 < 7 {
                    if outgoing.acknowledge(id, offset: offset, count: count) != nil { acknowledged += 1 }
                } else {
                    outgoing.sendAgain(id, offset: offset, count: count)
                }
            }
        }
        #expect(acknowledged == sent.count, "seed \(seed)")
        #expect(outgoing.queuedBytes == 0)
        #expect(outgoing.queuedCount == 0)
        #expect(outgoing.hasSendable == false)
        let key = { (buffer: ByteBuffer) in Array(buffer.readableBytesView) }
        #expect(Set(received.map(key)) == Set(sent.map(key)), "seed \(seed)")
        #expect(received.count == sent.count, "seed \(seed)")
    }

    @Test("nothing is sent beyond what the peer allows, and going on needs its word")
    func sendCredit() throws {
        var outgoing = OutgoingMessages(limits: Self.limits)
        for index in 0..<50 {
            _ = try outgoing.enqueue(testMessage(30_000, seed: UInt64(index)), urgency: .text, deadline: .distantFuture)
        }
        var sent = 0
        func drain() {
            var packet = ByteBuffer()
            while case .message(_, _, let count, _)? = outgoing.writeFrame(into: &packet, space: 1000, isAlone: true) {
                sent += count
                packet.clear()
            }
        }
        // 34 messages fit into the first 1,048,576 bytes; the 35th is not begun, since it could not be completed.
        drain()
        #expect(sent == 1_020_000)
        #expect(outgoing.hasSendable == false)
        outgoing.raise(maxData: 1_049_999)
        drain()
        #expect(sent == 1_020_000)
        outgoing.raise(maxData: 1_050_000)
        drain()
        #expect(sent == 1_050_000)
        // An older limit that arrives late takes nothing back.
        outgoing.raise(maxData: 10)
        outgoing.raise(maxData: 1_500_000)
        drain()
        #expect(sent == 1_500_000)
    }

    @Test("the number of messages is limited as well")
    func messageCredit() throws {
        var outgoing = OutgoingMessages(limits: Self.limits)
        for _ in 0..<1500 { _ = try outgoing.enqueue(ByteBuffer(), urgency: .text, deadline: .distantFuture) }
        var packet = ByteBuffer()
        var sent = 0
        while outgoing.writeFrame(into: &packet, space: 1000, isAlone: true) != nil { sent += 1 }
        #expect(sent == 1024)
        outgoing.raise(maxMessages: 1100)
        while outgoing.writeFrame(into: &packet, space: 1000, isAlone: true) != nil { sent += 1 }
        #expect(sent == 1100)
    }

    @Test("a peer that sends beyond its limits is found out")
    func violations() throws {
        var messages = incoming()
        #expect(throws: ProtocolError.messageLimit(1024)) { try messages.receive(frame(1024, 0, 1, isLast: true)) }
        #expect(throws: ProtocolError.messageTooLarge(bytes: 262_145, limit: 262_144)) {
            try messages.receive(frame(0, 262_144, 1, isLast: true))
        }
        #expect(throws: ProtocolError.messageFlowControl(message: 0, limit: 65_536)) {
            try messages.receive(frame(0, 65_536, 1, isLast: true))
        }
        for id in 0..<16 as Range<UInt64> { try messages.receive(frame(id, 65_535, 1, isLast: true)) }
        #expect(messages.heldBytes == 1 << 20)
        #expect(throws: ProtocolError.flowControl(limit: 1 << 20)) {
            try messages.receive(frame(16, 0, 1, isLast: true))
        }
    }

    @Test("frames that disagree on a message's end are refused")
    func inconsistentEnd() throws {
        var messages = incoming()
        try messages.receive(frame(0, 10, 10, isLast: true))
        #expect(throws: ProtocolError.inconsistentMessageEnd(message: 0)) {
            try messages.receive(frame(0, 5, 10, isLast: true))
        }
        #expect(throws: ProtocolError.inconsistentMessageEnd(message: 1)) {
            var messages = incoming()
            try messages.receive(frame(1, 10, 10, isLast: false))
            try messages.receive(frame(1, 0, 10, isLast: true))
        }
    }

    @Test("a message in thousands of separate pieces is refused")
    func tooManyPieces() throws {
        var messages = incoming()
        #expect(throws: ProtocolError.tooManyFragments(message: 0)) {
            for piece in 0..<2000 as Range<UInt64> { try messages.receive(frame(0, piece * 2, 1, isLast: false)) }
        }
    }

    @Test("taking messages makes room, told once half the window is used up")
    func windowUpdates() throws {
        var messages = incoming()
        var id: UInt64 = 0
        var updates = 0
        for _ in 0..<100 {
            try messages.receive(frame(id, 0, 50_000, isLast: true))
            id += 1
            #expect(messages.take() != nil)
            if messages.raiseMaxData(roundTrip: .zero, now: .uptimeNanoseconds(1)) { updates += 1 }
        }
        #expect(messages.heldBytes == 0)
        #expect((8...10).contains(updates))
    }

    @Test("bytes come together from pieces in any order, overlapping", arguments: 1...20)
    func reassembly(seed: UInt64) {
        let random = RandomSource.seeded(seed)
        let whole = testMessage(2000, seed: seed)
        var buffer = ReassemblyBuffer()
        var stream = ByteBuffer()
        while !buffer.isComplete(upTo: 2000) {
            let offset = Int(random.next() % 2000)
            let count = min(2000 - offset, Int(random.next() % 200))
            guard let piece = whole.getSlice(at: offset, length: count) else { continue }
            #expect(buffer.insert(piece, at: offset) != .tooManyPieces)
            if let next = buffer.takeNext() { stream.writeImmutableBuffer(next) }
        }
        #expect(stream == whole, "seed \(seed)")
        #expect(buffer.takeAll(upTo: 2000) == whole, "seed \(seed)")
    }
}
