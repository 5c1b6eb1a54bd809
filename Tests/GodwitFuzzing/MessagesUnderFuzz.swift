import GodwitTransport
import GodwitWire
import NIOCore

/// The receiver of messages, which any peer after its handshake can send any frames: it must refuse or bear them, and hold no more than
/// it has promised.
enum MessagesUnderFuzz {
    private static let messageBytes = 262_144
    private static let windowBytes = 1 << 20
    private static let permitBytes = 1 << 20

    static func run(_ bytes: [UInt8]) {
        var messages = IncomingMessages(
            limits: IncomingMessages.Limits(
                messageBytes: messageBytes, windowBytes: windowBytes, maximumWindowBytes: 2 * windowBytes,
                windowMessages: 1_024, permitBytes: permitBytes))
        var now = NIODeadline.uptimeNanoseconds(1)
        var payload = ByteBuffer(bytes: bytes)
        while let frame = (try? Frame.decode(from: &payload)) ?? nil {
            now = now + .milliseconds(1)
            do throws(ProtocolError) {
                switch frame {
                case .message(let frame): try messages.receive(frame)
                case .resetMessage(let frame): _ = try messages.receive(frame)
                // Whatever else a payload says stands for an application that takes one.
                default: check(messages.take())
                }
            } catch {
                return
            }
            while let permit = messages.popPermit() {
                precondition(permit.limit <= UInt64(messageBytes), "\(permit)")
            }
            _ = messages.raiseMaxData(roundTrip: .milliseconds(10), now: now)
            _ = messages.raiseMaxMessages()
            precondition(
                messages.heldBytes <= UInt64(2 * windowBytes + permitBytes), "\(messages.heldBytes) bytes held")
        }
        while let message = messages.take() { check(message) }
    }

    private static func check(_ message: ByteBuffer?) {
        precondition(message?.readableBytes ?? 0 <= messageBytes, "a message of \(message?.readableBytes ?? 0) bytes")
    }
}
