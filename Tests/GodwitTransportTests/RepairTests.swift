import GodwitWire
import NIOCore
import Testing

@testable import GodwitTransport

/// Repair between two connections.
@Suite("Forward error correction")
struct RepairTests {
    /// From the server, one after the other.
    private func images(
        _ pair: TransportPair, count: Int, bytes: Int = 100_000, seed: UInt64
    ) throws -> [TimeAmount] {
        var times: [TimeAmount] = []
        for index in 0..<count {
            let image = testMessage(bytes, seed: seed + UInt64(index))
            let start = pair.now
            _ = try pair.sendFromServer(image)
            pair.run(for: .seconds(60)) { pair.clientMessages.count > index }
            #expect(pair.clientMessages.last == image, "seed \(seed)")
            times.append(pair.now - start)
            pair.run(for: .seconds(1))
        }
        return times
    }

    private func pair(seed: UInt64, share: Double = 2, loss: Double) throws -> TransportPair {
        var server = TransportConfiguration.server
        server.redundancyShare = share
        let pair = try TransportPair(seed: seed, serverConfiguration: server)
        pair.connect()
        pair.setLoss(loss)
        return pair
    }

    @Test(
        "at 20 % loss large messages are completed by repair, correctly, sooner, and within the budget",
        arguments: [1, 2, 3])
    func pays(seed: UInt64) throws {
        var total: [Int64] = []
        for share in [0.0, 2.0] {
            let pair = try pair(seed: seed, share: share, loss: 0.2)
            let times = try images(pair, count: 12, seed: seed)
            total.append(times.map(\.nanoseconds).reduce(0, +))
            let sent = try #require(pair.server?.statistics)
            #expect(pair.server?.pollTimeout() != nil)
            guard share > 0 else {
                #expect(sent.repairsSent == 0)
                continue
            }
            #expect(sent.repairsSent > 0)
            #expect(sent.messagesSavedByRepair > 3)
            #expect(sent.messagesSavedByRepair <= pair.client.statistics.messagesRecovered)
            #expect(pair.client.statistics.repairsUsed <= sent.repairsSent)
            #expect(sent.repairBytesSent + sent.copyBytesSent <= 2 * 1_200_000)
            // All are acknowledged, by packets or by RECOVERED.
            #expect(pair.serverAcknowledged.count == 12)
        }
        #expect(total[1] < total[0], "seed \(seed)")
    }

    @Test("a path without losses sees no repair")
    func cleanPath() throws {
        let pair = try pair(seed: 4, loss: 0)
        _ = try images(pair, count: 3, seed: 4)
        #expect(pair.server?.statistics.repairsSent == 0)
        #expect(pair.server?.statistics.packetsLost == 0)
    }

    @Test("a small share of the bytes is all that repair takes")
    func budget() throws {
        let pair = try pair(seed: 5, share: 0.05, loss: 0.2)
        _ = try images(pair, count: 12, seed: 5)
        let sent = try #require(pair.server?.statistics)
        #expect(sent.repairsSent > 0)
        #expect(sent.repairBytesSent + sent.copyBytesSent <= UInt64(RedundancyBudget.initialBytes) + 60_000)
    }

    @Test("repair gives way: while anything else can be sent, no repair symbol is")
    func givesWay() throws {
        let pair = try pair(seed: 6, loss: 0.2)
        _ = try images(pair, count: 3, seed: 6)
        let before = pair.server?.statistics.repairsSent
        // Two messages at once: nothing is repaired before both are out.
        _ = try pair.sendFromServer(testMessage(200_000, seed: 7))
        _ = try pair.sendFromServer(testMessage(200_000, seed: 8))
        pair.run(for: .seconds(60)) { pair.server?.statistics.repairsSent != before }
        let sent = pair.server?.statistics.messagesSent
        #expect(sent == 5)
        let hasSendable = pair.server?.outgoing.hasSendable
        #expect(hasSendable == false)
        pair.run(for: .seconds(60)) { pair.clientMessages.count == 5 }
        #expect(Set(pair.clientMessages.suffix(2)) == [testMessage(200_000, seed: 7), testMessage(200_000, seed: 8)])
    }

    @Test("a message that was not sent cannot have been recovered")
    func liar() {
        var outgoing = OutgoingMessages(
            limits: OutgoingMessages.Limits(messageBytes: 10_000, queuedBytes: 100_000, queuedMessages: 10))
        #expect(outgoing.isBegunInFull(0) == false)
        _ = try? outgoing.enqueue(testMessage(5000, seed: 1), urgency: .text, deadline: .distantFuture)
        var packet = ByteBuffer()
        _ = outgoing.writeFrame(into: &packet, space: 1000, isAlone: true)
        #expect(outgoing.isBegunInFull(0) == false)
        for _ in 0..<5 { _ = outgoing.writeFrame(into: &packet, space: 1000, isAlone: true) }
        #expect(outgoing.isBegunInFull(0) == true)
        let isWhole = outgoing.acknowledge(0, offset: 0, count: 5000)
        #expect(isWhole == 0)
        #expect(outgoing.isBegunInFull(0) == true)
        #expect(outgoing.hasSendable == false)
    }

    @Test("pieces end where symbols do")
    func alignment() throws {
        var outgoing = OutgoingMessages(
            limits: OutgoingMessages.Limits(messageBytes: 10_000, queuedBytes: 100_000, queuedMessages: 10))
        _ = try outgoing.enqueue(testMessage(5000, seed: 1), urgency: .text, deadline: .distantFuture)
        var ends: [Int] = []
        var packet = ByteBuffer()
        while case .message(_, let offset, let count, _)? = outgoing.writeFrame(
            into: &packet, space: 1170, isAlone: true, alignment: 1152)
        {
            ends.append(offset + count)
        }
        #expect(ends == [1152, 2304, 3456, 4608, 5000])
        #expect(outgoing.awaitedSymbols(of: 0, symbolBytes: 1152) == 5)
        _ = outgoing.acknowledge(0, offset: 1152, count: 1152)
        #expect(outgoing.awaitedSymbols(of: 0, symbolBytes: 1152) == 4)
        _ = outgoing.acknowledge(0, offset: 2304, count: 1000)
        #expect(outgoing.awaitedSymbols(of: 0, symbolBytes: 1152) == 4)
    }
}
