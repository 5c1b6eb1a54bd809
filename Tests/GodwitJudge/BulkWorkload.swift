import GodwitTransport
import GodwitWire
import NIOCore

/// Bulk to the client: one image in a chat, or as much as passes in a while.
struct BulkWorkload {
    var messageBytes = 200_000
    /// Before it, four a second.
    static let chatMessages = 20
    /// Sends on for so long; nil for one message.
    var duration: TimeAmount?
    var configuration = TransportConfiguration.server
    /// Tells about each datagram.
    var narrates = false

    struct Result {
        /// For one message: from the request to its last byte, in ms.
        var milliseconds = Double.infinity
        /// Bits a second of messages that arrived.
        var goodput = 0.0
        var down = LinkUse()
    }

    func run(_ network: JudgedNetwork, seed: UInt64) throws -> Result {
        let pair = try JudgedPair(network, seed: seed, server: configuration)
        var isOpen = false
        var received = 0
        var done: NIODeadline?
        let image = ByteBuffer(bytes: RandomSource.seeded(seed).bytes(messageBytes))
        pair.serverAnswers = { message, _ in message.readableBytes == 1 ? image : message }
        pair.onClientMessage = { message, now in
            isOpen = true
            guard message.readableBytes == messageBytes else { return }
            precondition(message == image, "seed \(seed): what arrived is not what was sent")
            received += message.readableBytes
            done = now
        }
        _ = try pair.client.send(ByteBuffer(repeating: 0, count: 40), now: pair.now)
        pair.run(until: pair.now + .seconds(20)) { isOpen }
        for _ in 0..<Self.chatMessages {
            pair.run(until: pair.now + .milliseconds(250))
            _ = try pair.client.send(ByteBuffer(repeating: 0, count: 200), now: pair.now)
        }
        pair.run(until: pair.now + .seconds(2))
        let before = pair.down.use
        let start = pair.now
        var result = Result()
        if narrates { pair.narrate(from: start) }
        if let duration {
            // Ten messages are always asked for.
            let end = start + duration
            var asked = 0
            while pair.now < end {
                while asked - received / messageBytes < 10 {
                    _ = try pair.client.send(ByteBuffer(repeating: 0, count: 1), now: pair.now)
                    asked += 1
                }
                pair.pump()
                let sofar = received
                pair.run(until: end) { received > sofar }
            }
            result.goodput = Double(received) * 8e9 / Double(duration.nanoseconds)
        } else {
            _ = try pair.client.send(ByteBuffer(repeating: 0, count: 1), now: pair.now)
            pair.pump()
            pair.run(until: start + .seconds(600)) { done != nil }
            if let done { result.milliseconds = Double((done - start).nanoseconds) / 1e6 }
        }
        result.down = pair.down.use.since(before)
        return result
    }
}
