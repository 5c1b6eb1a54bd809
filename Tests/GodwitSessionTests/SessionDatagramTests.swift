import GodwitWire
import NIOCore
import Testing

@testable import GodwitSession

@Suite("Datagrams of a session")
struct SessionDatagramTests {
    @Test("a datagram reaches the other end's application, and leaves nothing behind")
    func delivered() throws {
        let pair = SessionPair()
        try pair.attach()
        try pair.exchange()
        _ = SessionPair.drain(pair.client)
        let server = try #require(pair.server)
        try pair.client.sendDatagram(1, body: ByteBuffer(string: "hi"), deadline: pair.now + .milliseconds(400))
        let datagram = try #require(pair.client.pollDatagram(now: pair.now))
        try server.receive(datagram.envelope, now: pair.now)
        #expect(SessionPair.drain(server) == [.datagram(command: 1, body: ByteBuffer(string: "hi"))])
        #expect(pair.client.unacknowledgedCount == 0)
        #expect(pair.client.pollDatagram(now: pair.now) == nil)
    }

    @Test("a late one is dropped, and so are those that wait when the carrier goes")
    func dropped() throws {
        let pair = SessionPair()
        try pair.client.sendDatagram(1, body: ByteBuffer(string: "too early"), deadline: .distantFuture)
        try pair.attach()
        try pair.exchange()
        try pair.client.sendDatagram(1, body: ByteBuffer(string: "late"), deadline: pair.now)
        #expect(pair.client.pollDatagram(now: pair.now + .nanoseconds(1)) == nil)
        try pair.client.sendDatagram(1, body: ByteBuffer(string: "lost"), deadline: .distantFuture)
        pair.detach()
        #expect(pair.client.pollDatagram(now: pair.now) == nil)
        #expect(pair.client.statistics.datagramsDropped == 3)
    }

    @Test("the queue is bounded, and a body that fits no packet is refused")
    func limits() throws {
        let pair = SessionPair()
        try pair.attach()
        try pair.exchange()
        for number in 0..<(Session.maximumDatagrams + 5) {
            try pair.client.sendDatagram(1, body: ByteBuffer(integer: UInt16(number)), deadline: .distantFuture)
        }
        var count = 0
        while pair.client.pollDatagram(now: pair.now) != nil { count += 1 }
        #expect(count == Session.maximumDatagrams)
        #expect(throws: SessionSendError.tooLarge(bytes: 1_101, limit: 1_100)) {
            try pair.client.sendDatagram(1, body: ByteBuffer(repeating: 0, count: 1_101), deadline: .distantFuture)
        }
    }
}
