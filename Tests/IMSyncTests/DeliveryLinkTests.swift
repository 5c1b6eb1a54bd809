import IMMessages
import IMSync
import Testing

@Suite("The way from shard to shard")
struct DeliveryLinkTests {
    private func delivery(_ id: UInt64) -> Delivery {
        Delivery(serverID: id, recipient: "bert", item: IMItem())
    }

    @Test("one batch is under way at a time, in order")
    func oneBatch() {
        var link = DeliveryLink<String>(capacity: 1_000)
        for id in 1...200 { link.enqueue(delivery(UInt64(id))) }
        let first = link.nextBatch()
        #expect(first.map(\.serverID) == Array(1...UInt64(DeliveryLink<String>.batchMax)))
        #expect(link.nextBatch().isEmpty == true)
        #expect(link.delivered().map(\.serverID) == first.map(\.serverID))
        #expect(link.nextBatch().map(\.serverID) == Array(UInt64(DeliveryLink<String>.batchMax) + 1...200))
    }

    @Test("a repeat waits with the first, and after the delivery there is nothing to wait for")
    func waiters() {
        var link = DeliveryLink<String>(capacity: 10)
        link.enqueue(delivery(1))
        #expect(link.join(1, "first") == .waits)
        _ = link.nextBatch()
        #expect(link.join(1, "repeat") == .waits)
        #expect(link.delivered().flatMap(\.waiters) == ["first", "repeat"])
        #expect(link.join(1, "late") == .delivered)
    }

    @Test("a refused batch goes back to the front, and all who waited are let go")
    func failure() {
        var link = DeliveryLink<String>(capacity: 10)
        link.enqueue(delivery(1))
        _ = link.join(1, "one")
        _ = link.nextBatch()
        link.enqueue(delivery(2))
        _ = link.join(2, "two")
        #expect(link.failed(.stalled) == ["one", "two"])
        #expect(link.nextBatch().isEmpty == true)
        #expect(link.join(1, "again") == .stopped)
        link.resume()
        #expect(link.nextBatch().map(\.serverID) == [1, 2])
    }

    @Test("a broken link does not resume, and its deliveries stay pending")
    func broken() {
        var link = DeliveryLink<String>(capacity: 1)
        link.enqueue(delivery(1))
        _ = link.nextBatch()
        _ = link.failed(.broken)
        link.resume()
        #expect(link.nextBatch().isEmpty == true)
        #expect(link.isPending(1))
        #expect(link.isFull)
    }

    @Test("waiters for one delivery are bounded")
    func bounded() {
        var link = DeliveryLink<Int>(capacity: 1)
        link.enqueue(delivery(1))
        for waiter in 0..<DeliveryLink<Int>.waitersMax { #expect(link.join(1, waiter) == .waits) }
        #expect(link.join(1, 99) == .full)
    }
}
