import GodwitTransport
import GodwitWire
import NIOCore

/// What a peer can do with pieces of messages and repair symbols. The input is lengths and payloads; a byte before each says how many
/// zeros follow its last frame, since a symbol of hundreds of bytes would fill the input.
enum RepairUnderFuzz {
    static func run(_ bytes: [UInt8]) {
        var messages = IncomingMessages(
            limits: IncomingMessages.Limits(
                messageBytes: 262_144, windowBytes: 1 << 20, maximumWindowBytes: 1 << 20, windowMessages: 1024,
                permitBytes: 1 << 20))
        var input = ByteBuffer(bytes: bytes)
        var held = 0
        while let length = input.readInteger(as: UInt8.self), let fill = input.readInteger(as: UInt8.self),
            var payload = input.readSlice(length: min(Int(length), input.readableBytes))
        {
            while let frame = try? Frame.decode(from: &payload) {
                do throws(ProtocolError) {
                    switch frame {
                    case .message(let frame): try messages.receive(filled(frame, by: Int(fill) * 8))
                    case .repair(let frame):
                        if let frame = filled(frame, by: Int(fill) * 8) { try messages.receive(frame) }
                    case .resetMessage(let frame): _ = try messages.receive(frame)
                    default: break
                    }
                } catch {
                    // The connection would be closed.
                    return
                }
                precondition((0...IncomingMessages.maximumRepairRows).contains(messages.heldRepairs))
            }
            while let message = messages.take() { held += message.readableBytes }
            while messages.takeRecovered() != nil {}
            while messages.popPermit() != nil {}
            precondition(messages.heldBytes <= 2 << 20)
        }
        precondition(held <= 1024 * 262_144)
    }

    private static func filled(_ frame: MessageFrame, by zeros: Int) -> MessageFrame {
        MessageFrame(
            message: frame.message, offset: frame.offset, isLast: frame.isLast, data: filled(frame.data, by: zeros))
    }

    private static func filled(_ frame: RepairFrame, by zeros: Int) -> RepairFrame? {
        RepairFrame(
            message: frame.message, messageBytes: frame.messageBytes, first: frame.first, count: frame.count,
            index: frame.index, symbol: filled(frame.symbol, by: zeros))
    }

    private static func filled(_ data: ByteBuffer, by zeros: Int) -> ByteBuffer {
        var data = data
        data.writeRepeatingByte(0, count: zeros)
        return data
    }
}
