import GodwitWire
import NIOCore
import Testing

@testable import GodwitTransport

/// Urgency, giving up, deadlines and windows of messages.
@Suite("Streams of messages")
struct MessageStreamTests {
    private static func size(_ random: RandomSource) -> Int {
        switch random.next() % 10 {
        case 0: Int(random.next() % 262_145)
        case 1...3: Int(random.next() % 20_000)
        default: Int(random.next() % 400)
        }
    }

    private func key(_ buffer: ByteBuffer) -> [UInt8] { Array(buffer.readableBytesView) }

    @Test(
        "whatever is lost, given up or late, and however slowly it is taken, each message has one end and nothing stays behind",
        arguments: 1...30)
    func model(seed: UInt64) throws {
        let random = RandomSource.seeded(seed)
        var exchange = MessageExchange(random: random)
        exchange.taking = 1 + random.next() % 10
        var sent: [UInt64: ByteBuffer] = [:]
        var cancelled: Set<UInt64> = []
        for _ in 0..<2_000 {
            if random.next() % 10 == 0 {
                let message = testMessage(Self.size(random), seed: random.next())
                let urgency = Urgency.allCases[Int(random.next() % 3)]
                let deadline: NIODeadline =
                    random.next() % 4 == 0 ? exchange.now + .milliseconds(Int64(random.next() % 500)) : .distantFuture
                let id = try exchange.outgoing.enqueue(message, urgency: urgency, deadline: deadline)
                sent[id] = message
            }
            if random.next() % 40 == 0, let id = sent.keys.sorted().randomElement(random),
                exchange.outgoing.giveUp(id, .cancelled) != nil
            {
                #expect(cancelled.insert(id).inserted, "given up twice, seed \(seed)")
            }
            try exchange.step()
        }
        var steps = 0
        while !exchange.isQuiet || exchange.incoming.heldBytes > 0 || exchange.outgoing.queuedCount > 0, steps < 200_000
        {
            try exchange.step()
            steps += 1
        }
        #expect(exchange.outgoing.queuedCount == 0, "stuck, seed \(seed)")
        #expect(exchange.outgoing.queuedBytes == 0, "seed \(seed)")
        #expect(exchange.outgoing.begunSpan == 0, "numbers stay behind, seed \(seed)")
        #expect(exchange.outgoing.earliestDeadline == nil, "seed \(seed)")
        #expect(exchange.incoming.heldBytes == 0, "seed \(seed)")
        let acknowledged = Set(exchange.acknowledged)
        #expect(acknowledged.count == exchange.acknowledged.count, "acknowledged twice, seed \(seed)")
        #expect(Set(exchange.late).count == exchange.late.count, "late twice, seed \(seed)")
        let ends = acknowledged.count + exchange.late.count + cancelled.count
        #expect(ends == sent.count && acknowledged.union(exchange.late).union(cancelled).count == ends, "seed \(seed)")
        let received = exchange.received.map(key)
        #expect(Set(received).isSubset(of: Set(sent.values.map(key))), "seed \(seed)")
        #expect(acknowledged.allSatisfy { id in received.contains(sent[id].map(key) ?? []) }, "seed \(seed)")
        #expect(!cancelled.isEmpty && !exchange.late.isEmpty, "seed \(seed)")
    }

    @Test("each message is delivered once", arguments: 1...10)
    func once(seed: UInt64) throws {
        let random = RandomSource.seeded(seed)
        var exchange = MessageExchange(random: random)
        for index in 0..<300 {
            _ = try exchange.outgoing.enqueue(
                testMessage(8 + Int(random.next() % 3_000), seed: UInt64(index)),
                urgency: Urgency.allCases[Int(random.next() % 3)], deadline: .distantFuture)
        }
        var steps = 0
        while exchange.received.count < 300, steps < 50_000 {
            try exchange.step()
            steps += 1
        }
        #expect(Set(exchange.received.map(key)).count == 300, "seed \(seed)")
    }

    @Test("what hurries overtakes what is half sent, in the next packet")
    func overtaking() throws {
        var outgoing = MessageExchange.outgoing()
        _ = try outgoing.enqueue(testMessage(200_000, seed: 1), urgency: .media, deadline: .distantFuture)
        var packet = ByteBuffer()
        for _ in 0..<10 {
            _ = outgoing.writeFrame(into: &packet, space: 1000, isAlone: true)
            packet.clear()
        }
        _ = try outgoing.enqueue(testMessage(100, seed: 2), urgency: .text, deadline: .distantFuture)
        _ = try outgoing.enqueue(testMessage(50, seed: 3), urgency: .control, deadline: .distantFuture)
        let first = outgoing.writeFrame(into: &packet, space: 1000, isAlone: true)
        let second = outgoing.writeFrame(into: &packet, space: 900, isAlone: false)
        let third = outgoing.writeFrame(into: &packet, space: 700, isAlone: false)
        #expect(first == .message(number: 1, offset: 0, count: 50))
        #expect(second == .message(number: 2, offset: 0, count: 100))
        guard case .message(0, _, _, _) = third else { return #expect(Bool(false), "\(String(describing: third))") }
    }

    @Test("lost pieces of a large message do not go before what hurries")
    func lostMediaWaits() throws {
        var outgoing = MessageExchange.outgoing()
        _ = try outgoing.enqueue(testMessage(50_000, seed: 1), urgency: .media, deadline: .distantFuture)
        var packet = ByteBuffer()
        for _ in 0..<10 { _ = outgoing.writeFrame(into: &packet, space: 1000, isAlone: true) }
        outgoing.sendAgain(0, offset: 0, count: 5_000)
        _ = try outgoing.enqueue(testMessage(100, seed: 2), urgency: .text, deadline: .distantFuture)
        let frame = outgoing.writeFrame(into: &packet, space: 1000, isAlone: true)
        #expect(frame == .message(number: 1, offset: 0, count: 100))
    }

    @Test("nobody starves: of many urgent bytes, some packets are left to the others")
    func noStarvation() throws {
        var outgoing = MessageExchange.outgoing()
        for index in 0..<1_000 {
            _ = try outgoing.enqueue(testMessage(900, seed: UInt64(index)), urgency: .control, deadline: .distantFuture)
        }
        let text = try outgoing.enqueue(testMessage(900, seed: 5_000), urgency: .text, deadline: .distantFuture)
        _ = try outgoing.enqueue(testMessage(60_000, seed: 5_001), urgency: .media, deadline: .distantFuture)
        var bytes = 0
        var packet = ByteBuffer()
        var textDone = 0
        var media = 0
        for turn in 0..<500 {
            guard
                case .message(let number, let offset, let count, _)? = outgoing.writeFrame(
                    into: &packet, space: 1000, isAlone: true)
            else { break }
            bytes += count
            packet.clear()
            if outgoing.acknowledge(number, offset: offset, count: count) == text { textDone = turn }
            if offset > 0 || count > 900 { media += 1 }
        }
        #expect((1...20).contains(textDone))
        #expect((20...40).contains(media))
    }

    @Test("giving up before the first byte costs no number, after it a RESET_MESSAGE, and each has one end")
    func givingUp() throws {
        var outgoing = MessageExchange.outgoing()
        let begun = try outgoing.enqueue(testMessage(5_000, seed: 1), urgency: .text, deadline: .distantFuture)
        let unbegun = try outgoing.enqueue(testMessage(5_000, seed: 2), urgency: .media, deadline: .distantFuture)
        var packet = ByteBuffer()
        _ = outgoing.writeFrame(into: &packet, space: 1000, isAlone: true)
        let ends = [unbegun, unbegun, begun, begun].map { outgoing.giveUp($0, .cancelled) }
        #expect(ends.map { $0?.id } == [unbegun, nil, begun, nil])
        #expect(ends.map { $0?.number } == [nil, nil, 0, nil])
        #expect(outgoing.queuedBytes == 0)
        packet.clear()
        let reset = outgoing.writeFrame(into: &packet, space: 1000, isAlone: true)
        #expect(reset == .resetMessage(0))
        let expected = Frame.resetMessage(ResetMessageFrame(message: 0, reason: .cancelled, size: 5_000))
        #expect(try Frame.decodeAll(from: &packet) == [expected])
        #expect(outgoing.hasSendable == false)
        // The pieces that are under way bring nothing back.
        outgoing.sendAgain(0, offset: 0, count: 900)
        let arrived = outgoing.acknowledge(0, offset: 0, count: 5_000)
        #expect(arrived == nil)
        #expect(outgoing.hasSendable == false)
        outgoing.resetLost(0)
        let again = outgoing.writeFrame(into: &packet, space: 1000, isAlone: true)
        #expect(again == .resetMessage(0))
        outgoing.resetArrived(0)
        #expect(outgoing.begunSpan == 0)
    }

    @Test("a message that is given up leaves nothing at the receiver, and its window is free again")
    func receiverForgets() throws {
        var incoming = MessageExchange.incoming()
        for id in 0..<16 as Range<UInt64> {
            try incoming.receive(
                MessageFrame(message: id, offset: 0, isLast: false, data: testMessage(10_000, seed: id)))
        }
        #expect(incoming.heldBytes == 160_000)
        for id in 0..<16 as Range<UInt64> {
            let reset = ResetMessageFrame(message: id, reason: .cancelled, size: 20_000)
            let news = [try incoming.receive(reset), try incoming.receive(reset)]
            #expect(news == [true, false])
            // Late pieces change nothing.
            try incoming.receive(
                MessageFrame(message: id, offset: 10_000, isLast: true, data: testMessage(10_000, seed: id)))
        }
        #expect(incoming.heldBytes == 0)
        let whole = incoming.take()
        #expect(whole == nil)
        #expect(throws: ProtocolError.inconsistentMessageEnd(message: 20)) {
            try incoming.receive(MessageFrame(message: 20, offset: 0, isLast: false, data: testMessage(100, seed: 1)))
            _ = try incoming.receive(ResetMessageFrame(message: 20, reason: .late, size: 99))
        }
    }

    @Test("a hostile peer's frames are borne or refused, and no more is held than was promised", arguments: 1...30)
    func hostile(seed: UInt64) {
        let random = RandomSource.seeded(seed)
        func below(_ limit: UInt64) -> UInt64 { random.next() % limit }
        var incoming = MessageExchange.incoming()
        var refused = 0
        for _ in 0..<2_000 {
            let number = below(60)
            let offset = [0, 16_384, 65_535, 65_536, below(262_144)][Int(below(5))]
            do throws(ProtocolError) {
                switch below(8) {
                case 0: _ = incoming.take()
                case 1:
                    _ = try incoming.receive(ResetMessageFrame(message: number, reason: .late, size: below(262_145)))
                default:
                    try incoming.receive(
                        MessageFrame(
                            message: number, offset: offset, isLast: below(4) == 0,
                            data: testMessage(Int(below(1_200)), seed: number)))
                }
            } catch {
                // A connection would end here.
                refused += 1
                incoming = MessageExchange.incoming()
            }
            while incoming.popPermit() != nil {}
            #expect(incoming.heldBytes <= 2 << 20, "seed \(seed)")
        }
        #expect(refused > 0)
    }

    @Test("who takes nothing holds large messages back, and still gets small ones")
    func slowReceiver() throws {
        var exchange = MessageExchange(random: .seeded(3))
        exchange.arriving = 10
        exchange.taking = 0
        for index in 0..<40 {
            _ = try exchange.outgoing.enqueue(
                testMessage(200_000, seed: UInt64(index)), urgency: .text, deadline: .distantFuture)
        }
        for _ in 0..<20_000 { try exchange.step() }
        // Four have a permit, the first parts of two more may lie here.
        #expect(exchange.incoming.heldBytes <= 1 << 20 + 4 * 65_536)
        let small = testMessage(100, seed: 1_000)
        _ = try exchange.outgoing.enqueue(small, urgency: .text, deadline: .distantFuture)
        for _ in 0..<100 { try exchange.step() }
        let firstTwo = [exchange.incoming.take(), exchange.incoming.take()]
        #expect(firstTwo.contains(small))
        exchange.taking = 10
        for _ in 0..<50_000 where exchange.received.count < 39 { try exchange.step() }
        #expect(exchange.received.count == 39)
        #expect(exchange.outgoing.queuedCount == 0)
    }

    @Test(
        "the window doubles for a sender that uses it up within two round trips, up to its bound",
        arguments: [(100, 4 << 20), (200, 1 << 20)])
    func autoTuning(halfAWindowInMilliseconds: Int64, expected: UInt64) {
        var window = ReceiveWindow(bytes: 1 << 20, maximum: 4 << 20)
        var now = NIODeadline.uptimeNanoseconds(0)
        var taken: UInt64 = 0
        for _ in 0..<10 {
            taken += window.bytes / 2
            now = now + .milliseconds(halfAWindowInMilliseconds)
            let isRaised = window.raise(taken: taken, roundTrip: .milliseconds(60), now: now)
            #expect(isRaised)
        }
        #expect(window.bytes == expected)
    }

    @Test("a peer that asks for permits and resets for ever leaves nothing behind")
    func askAndReset() throws {
        var incoming = IncomingMessages(
            limits: IncomingMessages.Limits(
                messageBytes: 262_144, windowBytes: 8 << 20, maximumWindowBytes: 8 << 20, windowMessages: 1024,
                permitBytes: 262_144))
        let part = testMessage(20_000, seed: 1)
        func begin(_ number: UInt64) throws {
            try incoming.receive(MessageFrame(message: number, offset: 0, isLast: false, data: part))
        }
        // The first gets the only permit and keeps it.
        try begin(0)
        for number in (1..<300) as Range<UInt64> {
            try begin(number)
            #expect(incoming.waitingForPermit == 1)
            let isNews = try incoming.receive(ResetMessageFrame(message: number, reason: .cancelled, size: 20_000))
            #expect(isNews)
            #expect(incoming.waitingForPermit == 0)
            _ = incoming.raiseMaxData(roundTrip: .milliseconds(1), now: .uptimeNanoseconds(number * 1_000_000_000))
        }
        #expect(incoming.partialCount == 1)
    }

    @Test("less urgent messages leave room in the queue to more urgent ones")
    func roomByUrgency() throws {
        var outgoing = OutgoingMessages(
            limits: OutgoingMessages.Limits(messageBytes: 1_000, queuedBytes: 4_000, queuedMessages: 100))
        for index in 0..<2 {
            _ = try outgoing.enqueue(testMessage(1_000, seed: UInt64(index)), urgency: .media, deadline: .distantFuture)
        }
        #expect(outgoing.capacityBytes(for: .media) == 0)
        #expect(outgoing.capacityBytes(for: .text) == 1_000)
        #expect(outgoing.capacityBytes(for: .control) == 2_000)
    }
}

extension Array {
    fileprivate func randomElement(_ random: RandomSource) -> Element? {
        isEmpty ? nil : self[Int(random.next() % UInt64(count))]
    }
}
