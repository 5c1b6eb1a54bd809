import GodwitTransport
import GodwitWire
import NIOCore
import Testing

@Suite("How connections end")
struct EndTests {
    @Test("a close tells the peer its code and reason, and both ends come to rest")
    func close() throws {
        let pair = try TransportPair()
        pair.connect()
        pair.client.close(code: 42, reason: "bye", now: pair.now)
        pair.run(for: .seconds(3))
        #expect(pair.clientClosed == .local(code: 42, reason: "bye"))
        #expect(pair.serverClosed == .peer(code: 42, reason: "bye"))
        #expect(pair.client.state == .closed)
        #expect(pair.server?.state == .closed)
        #expect(throws: SendError.closed) { _ = try pair.sendFromClient(testMessage(1, seed: 1)) }
        #expect(pair.client.pollTimeout() == nil)
    }

    @Test("a close during the handshake keeps the application's words to itself")
    func earlyClose() throws {
        let pair = try TransportPair()
        pair.run(for: .milliseconds(30)) { pair.server != nil }
        pair.server?.close(code: 7, reason: "secret", now: pair.now)
        pair.run(for: .seconds(3)) { pair.clientClosed != nil }
        #expect(pair.clientClosed == .peerError(.applicationClosed, reason: ""))
    }

    @Test("a lost close is told again when the peer goes on talking")
    func lostClose() throws {
        let pair = try TransportPair()
        pair.connect()
        pair.down.isCut = true
        pair.server?.close(code: 1, reason: "", now: pair.now)
        pair.run(for: .milliseconds(1))
        pair.down.isCut = false
        _ = try pair.sendFromClient(testMessage(10, seed: 1))
        pair.run(for: .milliseconds(100)) { pair.clientClosed != nil }
        #expect(pair.clientClosed == .peer(code: 1, reason: ""))
    }

    @Test("silence ends a connection after the idle timeout")
    func idle() throws {
        var configuration = TransportConfiguration.client
        configuration.keepsBinding = false
        let pair = try TransportPair(clientConfiguration: configuration)
        pair.connect()
        let start = pair.now
        pair.run(for: .seconds(60)) { pair.clientClosed != nil && pair.serverClosed != nil }
        #expect(pair.clientClosed == .idleTimeout)
        #expect(pair.serverClosed == .idleTimeout)
        #expect(pair.now - start <= .seconds(30))
        #expect(pair.client.state == .closed)
    }

    @Test("a dead path is noticed by the idle timeout although probes go on")
    func deadPath() throws {
        let pair = try TransportPair()
        pair.connect()
        pair.isCut = true
        _ = try pair.sendFromClient(testMessage(10, seed: 1))
        let start = pair.now
        let before = pair.up.sentDatagrams
        pair.run(for: .seconds(120)) { pair.clientClosed != nil }
        #expect(pair.clientClosed == .idleTimeout)
        #expect(pair.now - start <= .seconds(31))
        // Three probes, ten seconds of knocks two thirds of 50 ms apart, and a probe a second.
        #expect((300...350).contains(pair.up.sentDatagrams - before))
    }
}
