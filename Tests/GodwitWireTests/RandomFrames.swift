import GodwitWire
import NIOCore

/// Frames of every kind from a seed, for property tests.
struct RandomFrames {
    let random: RandomSource

    func number() -> UInt64 { random.next() >> (2 + random.next() % 62) }

    func data(_ limit: UInt64 = 300) -> ByteBuffer { ByteBuffer(bytes: random.bytes(Int(random.next() % limit))) }

    func ack() -> AckFrame {
        var ranges: [ClosedRange<UInt64>] = []
        var upper = 1 << 20 + random.next() % (1 << 40)
        for _ in 0...(random.next() % 12) {
            let lower = upper - random.next() % 50
            ranges.append(lower...upper)
            upper = lower - 2 - random.next() % 50
        }
        let ecn = ECNCounts(capable0: number(), capable1: number(), congestionExperienced: number())
        return AckFrame(
            delay: number(), first: ranges[0], lower: ContiguousArray(ranges.dropFirst()),
            ecn: random.next() % 2 == 0 ? ecn : nil)
    }

    func repair() -> RepairFrame {
        while true {
            let frame = RepairFrame(
                message: number(), messageBytes: number(), first: random.next() % 1000,
                count: 1 + Int(random.next() % 130),
                index: UInt8(random.next() % 130), symbol: data())
            if let frame { return frame }
        }
    }

    func next() -> Frame {
        switch random.next() % 22 {
        case 0: return .padding(1 + Int(random.next() % 20))
        case 1: return .ping
        case 2: return .ack(ack())
        case 3: return .handshake(HandshakeFrame(offset: number(), data: data()))
        case 4: return .handshakeDone(StatelessResetToken(high: random.next(), low: random.next()))
        case 5:
            return .close(
                CloseFrame(byApplication: random.next() % 2 == 0, code: number(), reason: "größer \(random.next())"))
        case 6: return .maxData(number())
        case 7: return .maxMessages(number())
        case 8: return .pathChallenge(random.next())
        case 9: return .pathResponse(random.next())
        case 10:
            return .message(
                MessageFrame(
                    message: number(), offset: random.next() % 2 == 0 ? 0 : number() / 2,
                    isLast: random.next() % 2 == 0,
                    data: data()))
        case 11:
            return .lossReport(
                LossReport(
                    loss: UInt8(truncatingIfNeeded: random.next()),
                    repeatedLoss: UInt8(truncatingIfNeeded: random.next())))
        case 16: return .keepAlive(seconds: number())
        case 12: return .datagram(DatagramFrame(data: data()))
        case 13: return .retireConnectionID(number())
        case 14:
            let sequence = number()
            return .newConnectionID(
                NewConnectionIDFrame(
                    sequence: sequence, retirePriorTo: random.next() % (sequence + 1),
                    id: ConnectionID(random.bytes(1 + Int(random.next() % 20))) ?? .empty,
                    token: StatelessResetToken(high: random.next(), low: random.next())))
        case 15:
            let distance = 1 + random.next() % DatagramCopyFrame.maximumDistance
            return DatagramCopyFrame(distance: distance, index: Int(random.next() % 8), data: data())
                .map { .datagramCopy($0) } ?? .ping
        case 17: return .repair(repair())
        case 18: return .recovered(RecoveredFrame(message: number()))
        case 19: return .maxMessageData(MaxMessageDataFrame(message: number(), limit: number()))
        case 20:
            return .resetMessage(
                ResetMessageFrame(message: number(), reason: .init(rawValue: number()), size: number()))
        default:
            return ExtensionFrame(kind: 0x35 + UInt8(random.next() % 11), body: data()).map { .extension($0) } ?? .ping
        }
    }
}
