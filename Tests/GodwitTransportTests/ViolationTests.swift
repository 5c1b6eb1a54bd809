import GodwitWire
import NIOCore
import Testing

@testable import GodwitTransport

@Suite("Peers that break the protocol or do not listen")
struct ViolationTests {
    @Test("a frame that only servers may send ends the connection, and both ends know why")
    func frameOfTheOtherRole() throws {
        let pair = try TransportPair()
        pair.connect()
        pair.client.issuer = try ConnectionIDIssuer(
            loopIndex: 0, identity: .ephemeral(.seeded(1)), random: .seeded(1))
        pair.client.control.handshakeDone = true
        pair.run(for: .seconds(1)) { pair.clientClosed != nil }
        let error = ProtocolError.frameNotAllowed(type: 0x05)
        #expect(pair.serverClosed == .protocolViolation(error))
        #expect(pair.clientClosed == .peerError(.protocolViolation, reason: error.description))
    }

    @Test("a server whose application does not listen holds no more than its window, and goes on when it does")
    func boundedMemory() throws {
        let pair = try TransportPair()
        pair.connect()
        pair.serverTakesEvents = false
        for index in 0..<16 { _ = try pair.sendFromClient(testMessage(250_000, seed: UInt64(index))) }
        pair.run(for: .seconds(3))
        let server = try #require(pair.server)
        // Four large messages as a whole, and the first parts of two more.
        #expect(server.incoming.heldBytes <= 1 << 20 + 2 * 65_536)
        #expect(pair.clientAcknowledged.count == 4)
        #expect(throws: SendError.queueFull) {
            for _ in 0..<8 { _ = try pair.sendFromClient(testMessage(250_000, seed: 1)) }
        }
        pair.serverTakesEvents = true
        pair.run(for: .seconds(20)) { pair.serverMessages.count >= 16 }
        #expect(pair.serverMessages.count >= 16)
    }

    @Test("keys that are used up and cannot be replaced end the connection in good order")
    func keyLimit() throws {
        let pair = try TransportPair()
        pair.connect()
        // Nothing that the client sends arrives, so the keys cannot be replaced.
        pair.client.keyPhase = KeyPhase(updateAfter: 1)
        pair.client.keyPhase.limit = pair.client.application.sent.nextNumber
        _ = try pair.sendFromClient(testMessage(10, seed: 1))
        pair.run(for: .seconds(1)) { pair.serverClosed != nil }
        #expect(pair.clientClosed == .keyLimitReached)
        #expect(pair.serverClosed == .peerError(.keyLimit, reason: "key limit reached"))
    }
}
