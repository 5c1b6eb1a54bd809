import GodwitWire
import HeapModule
import NIOCore

/// What the network did, for a test to check that it was as bad as it should have been.
package struct NetworkStatistics: Sendable, Hashable {
    package var sent = 0
    package var delivered = 0
    package var lost = 0
    package var duplicated = 0
    package var corrupted = 0
    package var droppedByQueue = 0
    package var droppedByMTU = 0
    package var droppedByBlackout = 0
    /// Sent to an address that its client had left.
    package var droppedByRebinding = 0
    package var bytesSent = 0
    /// Sent by an attacker.
    package var injected = 0
}

/// A datagram network with faults, driven by a virtual clock: the same seed and the same calls give the same deliveries.
///
/// Clients sit behind an address translator: each has an inside address, which it knows, and an outside one, which servers see
/// and which `rebind` changes. Addresses that were never attached are servers'.
package struct SimulatedNetwork {
    /// A datagram that has arrived.
    package struct Delivery {
        package let datagram: ByteBuffer
        /// As the receiver sees it: a client's outside address.
        package let source: Address
        /// A client's inside address, or a server's.
        package let destination: Address
    }

    package private(set) var statistics = NetworkStatistics()

    private let random: RandomSource
    private var up: SimulatedLink
    private var down: SimulatedLink
    private var flights = Heap<Flight>()
    private var nextSequence: UInt64 = 0
    private var outside: [Address: Address] = [:]
    private var inside: [Address: Address] = [:]
    private var nextOutsidePort: UInt16 = 10_000
    private var blackouts: [Range<NIODeadline>] = []
    private var eavesdropper = Eavesdropper()

    package init(profile: NetworkProfile, random: RandomSource) {
        self.random = random
        up = SimulatedLink(profile: profile.up, random: .seeded(random.next()))
        down = SimulatedLink(profile: profile.down, random: .seeded(random.next()))
    }

    /// Changes what the network does to datagrams sent from now on.
    package mutating func use(_ profile: NetworkProfile) {
        up.profile = profile.up
        down.profile = profile.down
    }

    /// Puts a client behind the translator.
    ///
    /// - Returns: the outside address under which servers see it.
    @discardableResult
    package mutating func attach(client: Address) -> Address {
        if let present = outside[client] { return present }
        return translate(client)
    }

    /// Gives a client a new outside address; what is on the way to the old one is lost.
    @discardableResult
    package mutating func rebind(client: Address) -> Address {
        if let old = outside[client] { inside[old] = nil }
        return translate(client)
    }

    /// Nothing gets through in this time, neither what is sent in it nor what would arrive in it.
    package mutating func blackOut(from start: NIODeadline, for duration: TimeAmount) {
        blackouts.append(start..<(start + duration))
    }

    /// Forgets blackouts that were planned and not over yet.
    package mutating func endBlackouts() { blackouts.removeAll() }

    package mutating func send(_ datagram: ByteBuffer, from source: Address, to destination: Address, now: NIODeadline)
    {
        statistics.sent += 1
        statistics.bytesSent += datagram.readableBytes
        eavesdropper.hear(datagram, from: outside[source] ?? source, to: destination)
        guard !isBlackedOut(at: now) else {
            statistics.droppedByBlackout += 1
            return
        }
        let isUp = outside[source] != nil
        let arrivals =
            isUp
            ? up.transmit(datagram, now: now, into: &statistics) : down.transmit(datagram, now: now, into: &statistics)
        for arrival in arrivals {
            launch(arrival.datagram, from: outside[source] ?? source, to: destination, arriving: arrival.at)
        }
    }

    /// An attacker sends `datagram` under any address it likes; it arrives at once.
    package mutating func inject(
        _ datagram: ByteBuffer, from source: Address, to destination: Address, now: NIODeadline
    ) {
        statistics.injected += 1
        launch(datagram, from: source, to: destination, arriving: now)
    }

    /// An attacker repeats the last datagrams that it heard, also those that were lost: with their own source addresses, or
    /// with its own, as if the client had moved there.
    package mutating func replay(underOwnAddress isOwn: Bool, now: NIODeadline) {
        for heard in eavesdropper.recall() {
            inject(
                heard.datagram, from: isOwn ? Eavesdropper.address : heard.source, to: heard.destination, now: now)
        }
    }

    /// An attacker sends random bytes: to the server as a stranger, to a client as its server.
    package mutating func sendGarbage(to client: Address, and server: Address, now: NIODeadline) {
        for _ in 0..<16 {
            let length = Int(random.next() % 1_300)
            let garbage = ByteBuffer(bytes: random.bytes(length))
            inject(garbage, from: Eavesdropper.address, to: server, now: now)
            if let outside = outside[client] { inject(garbage, from: server, to: outside, now: now) }
        }
    }

    private mutating func launch(
        _ datagram: ByteBuffer, from source: Address, to destination: Address, arriving: NIODeadline
    ) {
        flights.insert(
            Flight(
                arrival: arriving, sequence: nextSequence, datagram: datagram, source: source,
                destination: destination))
        nextSequence += 1
    }

    /// When the next datagram arrives, nil if none is on its way.
    package var nextDelivery: NIODeadline? { flights.min?.arrival }

    /// The next datagram that has arrived by `now`, nil when there is none.
    package mutating func receive(now: NIODeadline) -> Delivery? {
        while let flight = flights.min, flight.arrival <= now {
            flights.removeMin()
            guard !isBlackedOut(at: flight.arrival) else {
                statistics.droppedByBlackout += 1
                continue
            }
            guard let destination = route(flight.destination) else {
                statistics.droppedByRebinding += 1
                continue
            }
            statistics.delivered += 1
            return Delivery(datagram: flight.datagram, source: flight.source, destination: destination)
        }
        return nil
    }

    private func isBlackedOut(at instant: NIODeadline) -> Bool {
        blackouts.contains { $0.contains(instant) }
    }

    /// From an outside address to the client behind it; nil when the translator has dropped that binding.
    private func route(_ destination: Address) -> Address? {
        if let client = inside[destination] { return client }
        return destination.hasSameHost(as: Self.outsideHost) ? nil : destination
    }

    private mutating func translate(_ client: Address) -> Address {
        let address = Address(high: Self.outsideHost.high, low: Self.outsideHost.low, port: nextOutsidePort)
        nextOutsidePort &+= 1
        outside[client] = address
        inside[address] = client
        return address
    }

    /// 203.0.113.1, from the block for documentation (RFC 5737).
    private static let outsideHost = Address(ipv4: 0xcb00_7101, port: 0)
}

/// A datagram on its way. The sequence breaks ties, so that the order never depends on the heap's inside.
private struct Flight: Comparable {
    let arrival: NIODeadline
    let sequence: UInt64
    let datagram: ByteBuffer
    let source: Address
    let destination: Address

    static func < (a: Flight, b: Flight) -> Bool {
        (a.arrival, a.sequence) < (b.arrival, b.sequence)
    }

    static func == (a: Flight, b: Flight) -> Bool { a.sequence == b.sequence }
}
