import CAllocationCounter
import GodwitWire
import NIOCore
import Testing

@testable import GodwitTransport

/// Counts what a message costs in steady state; the counts do not depend on the machine or its load.
@Suite("Allocations")
struct AllocationTests {
    /// A client and a server that hand each other datagrams without anything between.
    private final class Direct {
        private static let clientAddress = Address(ipv4: 0xc000_0201, port: 40_000)
        let client: Connection
        let endpoint: ServerEndpoint
        var now = NIODeadline.uptimeNanoseconds(1_000_000_000)
        private var server: Connection?
        private var buffers = DatagramBuffers(count: 8)

        init() throws {
            endpoint = try ServerEndpoint(
                configuration: .server, tls: TestTLS.server.get(), loopIndex: 0, limits: EndpointLimits(),
                random: .seeded(1))
            client = try Connection.client(
                configuration: .client, tls: TestTLS.client.get(), serverName: nil,
                remote: TransportPair.serverAddress, random: .seeded(2), now: now)
            pump()
        }

        /// - Returns: the client's messages that the server got, which it sends back, and of those the ones that came back.
        @discardableResult
        func pump() -> (there: Int, back: Int) {
            var counts = (there: 0, back: 0)
            var isBusy = true
            while isBusy {
                isBusy = false
                while case .some(let datagram) = poll(client) {
                    if case .connection(let handle) = endpoint.receive(datagram, from: Self.clientAddress, now: now) {
                        server = endpoint.connection(handle)
                    }
                    isBusy = true
                }
                guard let server else { continue }
                while let event = server.pollEvent() {
                    guard case .message(let message) = event else { continue }
                    counts.there += 1
                    _ = try? server.send(message, now: now)
                }
                while case .some(let datagram) = poll(server) {
                    client.receive(datagram, from: TransportPair.serverAddress, now: now)
                    isBusy = true
                }
                while let event = client.pollEvent() {
                    if case .message = event { counts.back += 1 }
                }
            }
            _ = client.pollTimeout()
            _ = server?.pollTimeout()
            return counts
        }

        func elapse(_ time: TimeAmount) {
            let end = now + time
            while true {
                let next = min(client.pollTimeout() ?? .distantFuture, server?.pollTimeout() ?? .distantFuture)
                guard next <= end else { break }
                now = max(now, next)
                client.handleTimeout(now: now)
                server?.handleTimeout(now: now)
                pump()
            }
            now = end
        }

        var serverIsResting: Bool { server?.application.keys?.isResting ?? false }

        private func poll(_ connection: Connection) -> ByteBuffer? {
            var datagram = buffers.take()
            guard connection.pollTransmit(now: now, into: &datagram) != nil else {
                buffers.putBack(datagram)
                return nil
            }
            buffers.keep(datagram)
            return datagram
        }
    }

    /// There and back, a message is copied out of its packet twice (an object and its bytes each). The rest is what the queues of
    /// messages cost, and without optimisation closures and generic code.
    #if DEBUG
    private static let perEcho = 100
    #else
    private static let perEcho = 14
    #endif

    @Test("an echo of a small message costs a known number of allocations")
    func echo() throws {
        let pair = try Direct()
        let message = ByteBuffer(repeating: 0x61, count: 200)
        let echoes = 200
        for _ in 0..<300 {
            _ = try pair.client.send(message, now: pair.now)
            pair.pump()
            pair.now = pair.now + .milliseconds(10)
        }
        let before = godwit_allocations()
        var back = 0
        for _ in 0..<echoes {
            _ = try pair.client.send(message, now: pair.now)
            back += pair.pump().back
            pair.now = pair.now + .milliseconds(10)
        }
        let each = Double(godwit_allocations() - before) / Double(echoes)
        #expect(back == echoes)
        #expect(each <= Double(Self.perEcho), "\(each) allocations an echo")
        // The counter counts: two copies of the message were made.
        #expect(each >= 4)
    }

    @Test("a server's silent connection gives its cipher contexts back, and wakes with the next message")
    func rest() throws {
        let pair = try Direct()
        let message = ByteBuffer(repeating: 0x61, count: 200)
        for _ in 0..<3 {
            _ = try pair.client.send(message, now: pair.now)
            #expect(pair.pump() == (1, 1))
            #expect(!pair.serverIsResting)
            pair.elapse(Connection.restDelay + .seconds(1))
            #expect(pair.serverIsResting)
        }
    }
}
