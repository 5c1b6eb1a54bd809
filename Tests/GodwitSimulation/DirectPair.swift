import GodwitTransport
import GodwitWire
import NIOCore

/// A client and a server that hand each other datagrams without anything between.
package final class DirectPair {
    private static let serverAddress = Address(ipv4: 0xc633_6401, port: 443)
    private static let clientAddress = Address(ipv4: 0xc000_0201, port: 40_000)
    package let client: Connection
    private let endpoint: ServerEndpoint
    package var now = NIODeadline.uptimeNanoseconds(1_000_000_000)
    package private(set) var server: ServedConnection?
    private var handle: ConnectionHandle?
    private var buffers = DatagramBuffers(count: 8)

    package init(server configuration: TransportConfiguration = .server) throws {
        endpoint = try ServerEndpoint(
            configuration: configuration, tls: SimulatedTLS.server(random: .seeded(1)), loopIndex: 0,
            limits: EndpointLimits(),
            random: .seeded(1))
        client = try Connection.client(
            configuration: .client, tls: SimulatedTLS.client.get(), serverName: nil,
            remote: Self.serverAddress, random: .seeded(2), now: now)
        pump()
    }

    /// - Returns: the client's messages that the server got, which it sends back, and of those the ones that came back.
    @discardableResult
    package func pump() -> (there: Int, back: Int) {
        var counts = (there: 0, back: 0)
        var isBusy = true
        while isBusy {
            isBusy = false
            while case .some(let datagram) = poll(client) {
                if case .connection(let handle) = endpoint.receive(datagram, from: Self.clientAddress, now: now) {
                    self.handle = handle
                    server = endpoint.connection(handle)
                }
                isBusy = true
            }
            guard let server = server?.awake else { continue }
            while let event = server.pollEvent() {
                guard case .message(let message) = event else { continue }
                counts.there += 1
                _ = try? server.send(message, now: now)
            }
            while case .some(let datagram) = poll(server) {
                client.receive(datagram, from: Self.serverAddress, now: now)
                isBusy = true
            }
            while let event = client.pollEvent() {
                if case .message = event { counts.back += 1 }
            }
        }
        if let handle { _ = endpoint.rest(handle) }
        _ = client.pollTimeout()
        _ = server?.pollTimeout()
        return counts
    }

    package func elapse(_ time: TimeAmount) {
        let end = now + time
        while true {
            let next = min(client.pollTimeout() ?? .distantFuture, server?.pollTimeout() ?? .distantFuture)
            guard next <= end else { break }
            now = max(now, next)
            client.handleTimeout(now: now)
            if let server, let due = server.pollTimeout(), due <= now { server.connection.handleTimeout(now: now) }
            pump()
        }
        now = end
    }

    /// Sends a message of 200 bytes there and back, again and again, 10 ms from one to the next.
    ///
    /// - Returns: how many came back.
    package func echo(_ count: Int) throws -> Int {
        let message = ByteBuffer(repeating: 0x61, count: 200)
        var back = 0
        for _ in 0..<count {
            _ = try client.send(message, now: now)
            back += pump().back
            now = now + .milliseconds(10)
        }
        return back
    }

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
