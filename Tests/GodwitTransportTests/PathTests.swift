import GodwitWire
import NIOCore
import Testing

@testable import GodwitTransport

@Suite("Paths")
struct PathTests {
    @Test("before a client's address is validated it gets at most three bytes for each it sent", arguments: 1...20)
    func amplification(seed: UInt64) throws {
        let pair = try TransportPair(seed: seed)
        var sent = 0
        pair.onServerDatagram = { [unowned pair] datagram, _ in
            sent += datagram.readableBytes
            #expect(sent <= 3 * Int(pair.server?.statistics.bytesReceived ?? 0), "seed \(seed)")
        }
        // The client sends its first datagrams and never hears an answer; the server's timers run on.
        pair.down.isCut = true
        pair.up.loss = 0.3
        pair.run(for: .seconds(9))
        #expect(sent > 1000)
    }

    @Test("a new address on a known connection is followed, limited, challenged and then trusted")
    func rebinding() throws {
        let pair = try TransportPair()
        pair.serverEchoes = true
        pair.connect()
        pair.clientAddress = Address(ipv4: 0xc000_0201, port: 50_555)
        _ = try pair.sendFromClient(testMessage(200, seed: 1))
        pair.run(for: .seconds(1)) { !pair.clientMessages.isEmpty }
        #expect(pair.clientMessages.count == 1)
        #expect(pair.serverSawAddresses == [pair.clientAddress])
        #expect(pair.server?.remote == pair.clientAddress)
        pair.run(for: .milliseconds(200))
        // Once validated, the server may send as much as it likes.
        _ = try pair.sendFromServer(testMessage(100_000, seed: 2))
        pair.run(for: .seconds(2)) { pair.clientMessages.count == 2 }
        #expect(pair.clientMessages.last == testMessage(100_000, seed: 2))
    }

    @Test("a rebinding in the middle of a loss-ridden chat loses and doubles nothing", arguments: 1...10)
    func rebindingUnderLoss(seed: UInt64) throws {
        let pair = try TransportPair(seed: seed)
        pair.serverEchoes = true
        pair.connect()
        pair.setLoss(0.2)
        for index in 0..<20 {
            if index % 5 == 4 { pair.clientAddress = Address(ipv4: 0xc000_0202, port: UInt16(1000 + index)) }
            _ = try pair.sendFromClient(testMessage(30 + index, seed: UInt64(index)))
            pair.run(for: .milliseconds(100))
        }
        pair.run(for: .seconds(20)) { pair.clientMessages.count == 20 }
        #expect(pair.clientMessages.map(\.readableBytes).sorted() == Array(30..<50), "seed \(seed)")
    }

    @Test(
        "a copied packet from a forged address gets at most three times its bytes, and the true client is found again")
    func forgedAddress() throws {
        let pair = try TransportPair()
        pair.serverEchoes = true
        pair.connect()
        let victim = Address(ipv4: 0xcb00_7109, port: 9)
        var toVictim = 0
        pair.onServerDatagram = { datagram, destination in
            if destination == victim { toVictim += datagram.readableBytes }
        }
        // The attacker is faster than the network: its copy arrives first.
        var stolen: ByteBuffer?
        pair.onClientDatagram = { stolen = $0 }
        pair.up.isCut = true
        _ = try pair.sendFromClient(testMessage(300, seed: 1))
        pair.run(for: .milliseconds(1))
        let packet = try #require(stolen)
        pair.up.isCut = false
        pair.deliverToServer(packet, from: victim)
        _ = try pair.sendFromServer(testMessage(50_000, seed: 2))
        pair.run(for: .milliseconds(50))
        #expect(pair.server?.remote == victim)
        pair.run(for: .seconds(5)) { pair.clientMessages.count == 2 }
        #expect(pair.clientMessages.count == 2)
        #expect(pair.server?.remote == pair.clientAddress)
        #expect(toVictim > 0)
        #expect(toVictim <= 3 * packet.readableBytes)
    }

    @Test("a client that has changed networks sends at once what was under way")
    func clientRebind() throws {
        let pair = try TransportPair()
        pair.serverEchoes = true
        pair.connect()
        pair.up.isCut = true
        _ = try pair.sendFromClient(testMessage(200, seed: 1))
        pair.run(for: .milliseconds(30))
        pair.up.isCut = false
        pair.clientAddress = Address(ipv4: 0xc000_0277, port: 1234)
        let start = pair.now
        pair.client.rebind(now: pair.now)
        pair.run(for: .seconds(1)) { !pair.clientMessages.isEmpty }
        #expect(pair.now - start < .milliseconds(60))
    }

    @Test(
        "after a blackout everything moves on within two round trips and the time between two knocks",
        arguments: [2, 5, 9])
    func blackout(seconds: Int64) throws {
        let pair = try TransportPair()
        pair.serverEchoes = true
        pair.connect()
        pair.isCut = true
        for index in 0..<8 {
            _ = try pair.sendFromClient(testMessage(200, seed: UInt64(index)))
            pair.run(for: .milliseconds(100))
        }
        pair.run(for: .seconds(seconds))
        let sentInSilence = pair.up.sentBytes
        pair.isCut = false
        let start = pair.now
        pair.run(for: .seconds(10)) { pair.clientMessages.count == 8 }
        #expect(pair.clientMessages.count == 8)
        #expect(pair.now - start <= .milliseconds(34 + 2 * 50 + 10))
        // The handshake and the messages, what three probes repeat with their copies, and the knocks.
        #expect(sentInSilence < 20_000 + Knocking.maximumBytes)
    }

    @Test("datagrams from elsewhere do not reach a client")
    func strangers() throws {
        let pair = try TransportPair()
        pair.connect()
        var datagram: ByteBuffer?
        pair.onServerDatagram = { sent, _ in datagram = sent }
        pair.down.isCut = true
        _ = try pair.sendFromServer(testMessage(10, seed: 1))
        pair.run(for: .milliseconds(1))
        let packet = try #require(datagram)
        pair.client.receive(packet, from: Address(ipv4: 1, port: 1), now: pair.now)
        #expect(pair.client.pollEvent() == nil)
        #expect(pair.client.statistics.drops[.unexpectedAddress] == 1)
    }
}

extension Optional where Wrapped == ConnectionEvent {
    static func == (event: Self, _: _OptionalNilComparisonType) -> Bool {
        if case .none = event { true } else { false }
    }
}
