import GodwitTransport
import GodwitWire
import NIOCore
import Testing

@Suite("Messages over a bad network")
struct MessageTests {
    @Test("64 KB and 250 KB arrive whole and once through loss and reordering", arguments: 1...3)
    func largeMessages(seed: UInt64) throws {
        let pair = try TransportPair(seed: seed)
        pair.connect()
        pair.setLoss(0.1)
        pair.up.jitter = .milliseconds(30)
        pair.down.jitter = .milliseconds(30)
        pair.up.duplication = 0.05
        let sent = [testMessage(65_536, seed: seed), testMessage(250_000, seed: seed + 100)]
        for message in sent { _ = try pair.sendFromClient(message) }
        for message in sent { _ = try pair.sendFromServer(message) }
        let isDone = pair.run(for: .seconds(60)) {
            pair.serverMessages.count == 2 && pair.clientMessages.count == 2 && pair.clientAcknowledged.count == 2
        }
        #expect(isDone, "seed \(seed)")
        for received in [pair.serverMessages, pair.clientMessages] {
            #expect(received.sorted { $0.readableBytes < $1.readableBytes } == sent, "seed \(seed)")
        }
        #expect(pair.client.statistics.packetsLost > 0, "seed \(seed)")
    }

    @Test("20 % random loss does not collapse a bulk transfer")
    func bulkThroughLoss() throws {
        let pair = try TransportPair(seed: 7)
        pair.connect()
        pair.setLoss(0.2)
        let start = pair.now
        for index in 0..<2 { _ = try pair.sendFromClient(testMessage(250_000, seed: UInt64(index))) }
        pair.run(for: .seconds(60)) { pair.serverMessages.count == 2 }
        #expect(pair.serverMessages.count == 2)
        // The floor of 16 packets a round trip of 50 ms carries 300 KB/s less the loss.
        #expect(pair.now - start < .seconds(3))
    }

    @Test("a small message does not wait for a large one")
    func fairness() throws {
        let pair = try TransportPair()
        pair.connect()
        _ = try pair.sendFromClient(testMessage(250_000, seed: 1))
        pair.run(for: .milliseconds(1))
        let start = pair.now
        _ = try pair.sendFromClient(testMessage(100, seed: 2))
        pair.run(for: .seconds(5)) { !pair.serverMessages.isEmpty }
        #expect(pair.serverMessages.first == testMessage(100, seed: 2))
        #expect(pair.now - start < .milliseconds(60))
    }

    @Test("empty and one-byte messages are messages too")
    func tinyMessages() throws {
        let pair = try TransportPair(seed: 3)
        pair.connect()
        pair.setLoss(0.3)
        for count in [0, 1, 0, 2, 3] { _ = try pair.sendFromClient(testMessage(count, seed: 5)) }
        pair.run(for: .seconds(20)) { pair.clientAcknowledged.count == 5 }
        #expect(pair.serverMessages.map(\.readableBytes).sorted() == [0, 0, 1, 2, 3])
        #expect(pair.clientAcknowledged.sorted() == [0, 1, 2, 3, 4])
    }

    @Test("every size around a datagram's end arrives whole")
    func sizesAroundTheLimit() throws {
        let pair = try TransportPair()
        pair.connect()
        let sizes = Array(1140...1190) + Array(2300...2340)
        for size in sizes { _ = try pair.sendFromClient(testMessage(size, seed: UInt64(size))) }
        pair.run(for: .seconds(20)) { pair.serverMessages.count == sizes.count }
        let received = pair.serverMessages.sorted { $0.readableBytes < $1.readableBytes }
        #expect(received == sizes.map { testMessage($0, seed: UInt64($0)) })
    }

    @Test("a chat through 20 % loss and reordering delivers each message once", arguments: 1...10)
    func chat(seed: UInt64) throws {
        let pair = try TransportPair(seed: seed)
        pair.serverEchoes = true
        pair.connect()
        pair.setLoss(0.2)
        pair.up.jitter = .milliseconds(40)
        pair.down.jitter = .milliseconds(40)
        var sent: [ByteBuffer] = []
        for index in 0..<60 {
            let message = testMessage(50 + index, seed: UInt64(index))
            sent.append(message)
            _ = try pair.sendFromClient(message)
            pair.run(for: .milliseconds(250))
        }
        pair.run(for: .seconds(20)) { pair.clientMessages.count == sent.count }
        #expect(pair.clientMessages.sorted { $0.readableBytes < $1.readableBytes } == sent, "seed \(seed)")
    }

    @Test("an echo in a quiet chat takes two datagrams and an acknowledgement")
    func quietChatIsThrifty() throws {
        let pair = try TransportPair()
        pair.serverEchoes = true
        pair.connect()
        let before = (pair.up.sentBytes, pair.down.sentBytes, pair.up.sentDatagrams, pair.down.sentDatagrams)
        for index in 0..<20 {
            _ = try pair.sendFromClient(testMessage(200, seed: UInt64(index)))
            pair.run(for: .milliseconds(250))
        }
        #expect(pair.clientMessages.count == 20)
        #expect(pair.down.sentDatagrams - before.3 == 20)
        #expect(pair.up.sentDatagrams - before.2 == 40)
        // Up: 26 bytes of header, number and tag around the message's 2, and 31 for the acknowledgement. Down: 18, 2 and 5.
        #expect((pair.up.sentBytes - before.0) / 20 <= 200 + 28 + 32)
        #expect((pair.down.sentBytes - before.1) / 20 <= 200 + 20 + 6)
    }

    @Test("limits of the send queue are errors with the facts")
    func queueLimits() throws {
        var configuration = TransportConfiguration.client
        configuration.maximumQueuedBytes = 1000
        configuration.maximumMessageBytes = 600
        configuration.maximumQueuedMessages = 3
        let pair = try TransportPair(clientConfiguration: configuration)
        #expect(throws: SendError.tooLarge(bytes: 601, limit: 600)) {
            _ = try pair.sendFromClient(testMessage(601, seed: 1))
        }
        _ = try pair.sendFromClient(testMessage(600, seed: 1))
        #expect(pair.client.sendCapacityBytes() == 400)
        #expect(throws: SendError.queueFull) { _ = try pair.sendFromClient(testMessage(401, seed: 1)) }
        _ = try pair.sendFromClient(testMessage(1, seed: 1))
        _ = try pair.sendFromClient(testMessage(1, seed: 1))
        #expect(throws: SendError.queueFull) { _ = try pair.sendFromClient(testMessage(1, seed: 1)) }
        pair.run(for: .seconds(2)) { pair.clientAcknowledged.count == 3 }
        #expect(pair.client.sendCapacityBytes() == 1000)
    }
}
