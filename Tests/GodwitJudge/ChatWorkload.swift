import GodwitTransport
import GodwitWire
import NIOCore

/// The lab's `chat`: messages at a fixed pace whether or not earlier ones came back, each echoed.
struct ChatWorkload {
    var messages = 150
    var interval = TimeAmount.milliseconds(250)
    /// A session's envelope with 200 bytes of English text, compressed.
    var bytes = 130
    /// Images come down all the while, of this urgency.
    var images: Urgency?
    /// Tells about each datagram.
    var narrates = false

    /// OPEN, answered by OPENED of about the same size.
    private static let openBytes = 40

    struct Result {
        /// In milliseconds; a message that never came back is infinity.
        var latencies: [Double] = []
        var up = LinkUse()
        var down = LinkUse()
    }

    func run(_ network: JudgedNetwork, seed: UInt64) throws -> Result {
        let pair = try JudgedPair(network, seed: seed)
        var sentAt: [NIODeadline] = []
        var result = Result(latencies: Array(repeating: .infinity, count: messages))
        var arrived = 0
        var isOpen = false
        pair.onClientMessage = { message, now in
            guard isOpen else { return isOpen = true }
            guard message.readableBytes == bytes,
                let index = message.getInteger(at: message.readerIndex, as: UInt32.self).map(Int.init),
                index < sentAt.count, result.latencies[index] == .infinity
            else { return }
            result.latencies[index] = Double((now - sentAt[index]).nanoseconds) / 1e6
            arrived += 1
            if narrates { print("message \(index) took", fixed(result.latencies[index], 0)) }
        }
        // A session opens before the first message.
        _ = try pair.client.send(ByteBuffer(repeating: 0, count: Self.openBytes), now: pair.now)
        pair.run(until: pair.now + .seconds(20)) { isOpen }
        // No handshake in its time: nothing was ever delivered.
        guard isOpen else { return result }
        pair.run(until: pair.now + .seconds(1))
        if images != nil {
            // A transfer that has filled what there is to fill.
            pair.images = images
            pair.run(until: pair.now + .seconds(5))
        }
        let before = (up: pair.up.use, down: pair.down.use)
        let start = pair.now
        if narrates { pair.narrate(from: start) }
        for index in 0..<messages {
            pair.run(until: start + .nanoseconds(interval.nanoseconds * Int64(index)))
            var message = ByteBuffer(integer: UInt32(index))
            message.writeRepeatingByte(0x61, count: max(0, bytes - 4))
            sentAt.append(pair.now)
            if narrates { print("message \(index)") }
            _ = try pair.client.send(message, now: pair.now)
            pair.pump()
        }
        pair.run(until: pair.now + .seconds(60)) { arrived == messages }
        result.up = pair.up.use.since(before.up)
        result.down = pair.down.use.since(before.down)
        return result
    }
}
