import GodwitWire
import NIOCore
import Testing

@testable import GodwitTransport

/// Encoder and decoder against each other: a message, a window of it, what was lost, and repair symbols.
@Suite("Repair symbols")
struct RepairCodeTests {
    private static let symbolBytes = 256

    private func frame(_ message: ByteBuffer, _ window: Range<Int>, index: UInt8) throws -> RepairFrame {
        var symbol = ByteBuffer()
        RepairCode.writeSymbol(
            of: message.readableBytesView, symbolBytes: Self.symbolBytes, window: window, index: index, into: &symbol)
        return try #require(
            RepairFrame(
                message: 0, messageBytes: UInt64(message.readableBytes), first: UInt64(window.lowerBound),
                count: window.count, index: index, symbol: symbol))
    }

    private func piece(_ message: ByteBuffer, _ symbol: Int) throws -> MessageFrame {
        let low = symbol * Self.symbolBytes
        let high = min(low + Self.symbolBytes, message.readableBytes)
        let data = try #require(message.getSlice(at: low, length: high - low))
        return MessageFrame(message: 0, offset: UInt64(low), isLast: high == message.readableBytes, data: data)
    }

    private func incoming() -> IncomingMessages {
        IncomingMessages(
            limits: IncomingMessages.Limits(
                messageBytes: 262_144, windowBytes: 1 << 20, maximumWindowBytes: 4 << 20, windowMessages: 1024,
                permitBytes: 1 << 20))
    }

    @Test("repair of messages of which nothing is here is not remembered when it cannot be used, nor beyond its limit")
    func bounded() throws {
        let random = RandomSource.seeded(1)
        func symbol(of message: UInt64, count: Int) throws -> RepairFrame {
            try #require(
                RepairFrame(
                    message: message, messageBytes: UInt64(count * Self.symbolBytes), first: 0, count: count,
                    index: UInt8(message % 128), symbol: ByteBuffer(bytes: random.bytes(Self.symbolBytes))))
        }
        var receiver = incoming()
        // More unknown symbols than can be solved for.
        for message in 1..<500 as Range<UInt64> { try receiver.receive(symbol(of: message, count: 100)) }
        #expect(receiver.partialCount == 0)
        for message in 1..<500 as Range<UInt64> { try receiver.receive(symbol(of: message, count: 20)) }
        #expect(receiver.heldRepairs == IncomingMessages.maximumRepairRows)
        #expect(receiver.partialCount == IncomingMessages.maximumRepairRows)
        // Others are none the worse.
        let message = testMessage(20 * Self.symbolBytes, seed: 1)
        for symbol in 0..<20 { try receiver.receive(piece(message, symbol)) }
        #expect(receiver.take() == message)
    }

    @Test("what is solved for must be within the message's limit, and a length known by repair decides on its permit")
    func limited() throws {
        let random = RandomSource.seeded(2)
        let message = testMessage(400 * Self.symbolBytes, seed: 2)
        let permitted = ProtocolLimits.initialMessageData / Self.symbolBytes
        func copy(of symbol: Int) throws -> RepairFrame {
            try #require(
                RepairFrame(
                    message: 0, messageBytes: UInt64(message.readableBytes), first: UInt64(symbol), count: 1, index: 0,
                    symbol: ByteBuffer(bytes: random.bytes(Self.symbolBytes))))
        }
        var receiver = incoming()
        let beyond = try copy(of: permitted)
        let refusal = ProtocolError.messageFlowControl(message: 0, limit: ProtocolLimits.initialMessageData)
        #expect(throws: refusal) { try receiver.receive(beyond) }
        receiver = incoming()
        for symbol in 0..<permitted { try receiver.receive(piece(message, symbol)) }
        let permit = receiver.popPermit()
        #expect(permit?.limit == 262_144)

        receiver = incoming()
        for symbol in 1..<20 { try receiver.receive(piece(message, symbol)) }
        let early = receiver.popPermit()
        #expect(early == nil)
        try receiver.receive(copy(of: 0))
        for symbol in 20..<permitted { try receiver.receive(piece(message, symbol)) }
        let exact = receiver.popPermit()
        #expect(exact?.limit == UInt64(message.readableBytes))
        // Given up, it gives back what it held.
        let isNews = try receiver.receive(
            ResetMessageFrame(message: 0, reason: .cancelled, size: UInt64(message.readableBytes)))
        #expect(isNews)
        #expect(receiver.heldBytes == 0)
        #expect(receiver.heldRepairs == 0)
    }

    @Test("any n repair symbols stand in for any n lost ones, in any order, and fewer do not", arguments: 1...16)
    func anyEnough(seed: UInt64) throws {
        let random = RandomSource.seeded(seed)
        var generator = SeededGenerator(random: random)
        func pick(_ range: ClosedRange<Int>) -> Int {
            range.lowerBound + Int(random.next() % UInt64(range.count))
        }
        let count = seed == 1 ? RepairFrame.maximumCount : pick(1...60)
        // The last symbol may be short.
        let message = testMessage(count * Self.symbolBytes - pick(0...(Self.symbolBytes - 1)), seed: seed)
        let lost = Set((0..<pick(1...min(count, 24))).map { _ in pick(0...(count - 1)) })
        var indices = Array(UInt8(0)..<128)
        indices.shuffle(using: &generator)
        var receiver = incoming()
        var arrivals: [Frame] = []
        for symbol in 0..<count where !lost.contains(symbol) {
            arrivals.append(.message(try piece(message, symbol)))
        }
        for index in indices.prefix(lost.count) {
            arrivals.append(.repair(try frame(message, 0..<count, index: index)))
        }
        // Sources first, or repair in their midst: with few enough unknown symbols both must do.
        if count <= RepairDecoder.maximumColumns { arrivals.shuffle(using: &generator) }
        for (position, arrival) in arrivals.enumerated() {
            if receiver.take() != nil { Issue.record("seed \(seed): whole after \(position) of \(arrivals.count)") }
            switch arrival {
            case .message(let frame): try receiver.receive(frame)
            case .repair(let frame): try receiver.receive(frame)
            default: break
            }
        }
        #expect(receiver.take() == message, "seed \(seed)")
        #expect(receiver.takeRecovered() == 0, "seed \(seed)")
        #expect(receiver.heldRepairs == 0)
    }

    @Test("windows that slide along a message solve it together", arguments: 1...4)
    func slidingWindows(seed: UInt64) throws {
        let random = RandomSource.seeded(seed)
        let message = testMessage(200 * Self.symbolBytes - 9, seed: seed)
        var receiver = incoming()
        var result: ByteBuffer?
        // After each four symbols one repair symbol over the last twelve; every eighth is lost.
        for symbol in 0..<200 {
            if random.next() % 8 != 0 { try receiver.receive(try piece(message, symbol)) }
            guard symbol % 4 == 3 else { continue }
            let window = max(0, symbol - 11)..<(symbol + 1)
            try receiver.receive(try frame(message, window, index: UInt8(symbol / 4 % 128)))
            #expect(receiver.heldRepairs <= IncomingMessages.maximumRepairRows)
            result = result ?? receiver.take()
        }
        // What is left over is sent again, as the sender would.
        for symbol in 0..<200 where result == nil {
            try receiver.receive(try piece(message, symbol))
            result = receiver.take()
        }
        #expect(result == message, "seed \(seed)")
    }

    @Test("the same symbol twice is one symbol")
    func dependent() throws {
        let message = testMessage(4 * Self.symbolBytes, seed: 1)
        var receiver = incoming()
        try receiver.receive(try piece(message, 0))
        try receiver.receive(try piece(message, 1))
        for _ in 0..<5 { try receiver.receive(try frame(message, 0..<4, index: 3)) }
        #expect(receiver.heldRepairs == 1)
        #expect(receiver.repairsUsed == 1)
        #expect(receiver.take() == nil)
        try receiver.receive(try frame(message, 0..<4, index: 4))
        #expect(receiver.take() == message)
    }

    @Test("repair that disagrees about a message's end is a violation, and so is too long a message")
    func violations() throws {
        let message = testMessage(4 * Self.symbolBytes, seed: 1)
        var receiver = incoming()
        try receiver.receive(try piece(message, 3))
        let other = try frame(testMessage(5 * Self.symbolBytes, seed: 1), 0..<5, index: 0)
        #expect(throws: ProtocolError.inconsistentMessageEnd(message: 0)) { try receiver.receive(other) }
        let long = try #require(
            RepairFrame(
                message: 1, messageBytes: 262_145, first: 0, count: 1, index: 0,
                symbol: ByteBuffer(repeating: 1, count: 1000)))
        #expect(throws: ProtocolError.messageTooLarge(bytes: 262_145, limit: 262_144)) { try receiver.receive(long) }
        let beyond = try #require(
            RepairFrame(
                message: 5000, messageBytes: 1000, first: 0, count: 1, index: 0,
                symbol: ByteBuffer(repeating: 1, count: 1000)))
        #expect(throws: ProtocolError.messageLimit(1024)) { try receiver.receive(beyond) }
    }

    @Test("what a hostile peer makes up neither traps nor is kept without a bound", arguments: 1...8)
    func hostile(seed: UInt64) throws {
        let random = RandomSource.seeded(seed)
        var receiver = incoming()
        for _ in 0..<200 {
            let id = random.next() % 4
            if random.next() % 3 == 0 {
                let data = ByteBuffer(bytes: random.bytes(Int(random.next() % 600)))
                let offset = random.next() % 20_000
                let frame = MessageFrame(
                    message: id, offset: offset, isLast: random.next() % 50 == 0, data: data)
                _ = try? receiver.receive(frame)
            } else {
                let symbol = ByteBuffer(bytes: random.bytes([256, 257, 300, 1100, 5][Int(random.next() % 5)]))
                let frame = RepairFrame(
                    message: id, messageBytes: [20_000, 19_999, 256][Int(random.next() % 3)],
                    first: random.next() % 60, count: 1 + Int(random.next() % 128),
                    index: UInt8(random.next() % 128), symbol: symbol)
                if let frame { _ = try? receiver.receive(frame) }
            }
            #expect((0...IncomingMessages.maximumRepairRows).contains(receiver.heldRepairs), "seed \(seed)")
            _ = receiver.take()
        }
    }
}

/// `shuffle` from a test's own source.
struct SeededGenerator: RandomNumberGenerator {
    let random: RandomSource
    mutating func next() -> UInt64 { random.next() }
}
