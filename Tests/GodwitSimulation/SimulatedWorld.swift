import GodwitSession
import GodwitTransport
import GodwitWire
import NIOCore

/// What a simulated life came to, for tests that look at more than its success.
package struct WorldReport: Sendable, Hashable {
    package var virtualTime: TimeAmount = .zero
    package var steps = 0
    package var carriersOpened = 0
    package var clientProcesses = 0
    /// Carriers whose first flight opened the session.
    package var earlyOpenings = 0
    /// Times that the client's packet keys were replaced.
    package var keyUpdates: UInt64 = 0
    package var network = NetworkStatistics()
    /// Two runs with the same fingerprint sent the same datagrams at the same times.
    package var fingerprint: UInt64 = 0
}

/// A client and a server with their real state machines, a network between them, and one scenario.
///
/// The world jumps from one deadline to the next. It ends when everything owed has arrived, or with the first violation.
package final class SimulatedWorld {
    private let scenario: Scenario
    private var clock = VirtualClock()
    private var network: SimulatedNetwork
    private let client: SimulatedClient
    private let server: SimulatedServer
    private var nextStep = 0
    private var isHealed = false
    private var fingerprint = Fingerprint()
    private var report = WorldReport()
    /// How many given up messages of each end the other's checker knows of.
    private var requestsWaived = 0
    private var pushesWaived = 0

    /// After the network is clean, everything must have arrived within this time, and dead connections must be gone: two idle
    /// timeouts and some retries.
    private static let recoveryTime = TimeAmount.seconds(90)
    /// How long both ends are watched after that, for what must not come any more.
    private static let aftermath = TimeAmount.seconds(3)
    /// A life takes a few thousand; more means that something goes round in circles.
    private static let maximumSteps = 100_000
    /// Turns of the loop without time passing.
    private static let maximumStandstill = 1_000

    private let narrator: Narrator

    private init(scenario: Scenario, narrator: Narrator) throws {
        self.scenario = scenario
        self.narrator = narrator
        let random = RandomSource.seeded(scenario.seed)
        network = SimulatedNetwork(profile: scenario.profile, random: .seeded(random.next()))
        // 192.0.2.1, from the block for documentation (RFC 5737).
        let address = Address(ipv4: 0xc000_0201, port: 443)
        server = try SimulatedServer(
            address: address, asksForAddress: scenario.seed % 5 == 4, packetsPerKey: scenario.packetsPerKey,
            random: .seeded(random.next()), narrator: narrator)
        client = SimulatedClient(
            server: address, packetsPerKey: scenario.packetsPerKey, random: .seeded(random.next()), narrator: narrator,
            now: clock.now)
    }

    /// Lives through the scenario of `seed`.
    ///
    /// - Throws: `HistoryViolation` for the first thing that must not happen.
    package static func run(
        _ scenario: Scenario, telling: (@Sendable (String) -> Void)? = nil
    ) throws -> WorldReport {
        // Before the seeded scope, so that making them once a process does not change what a seed gives.
        _ = try SimulatedTLS.client.get()
        return try DeterministicOpenSSL.run(seed: scenario.seed) { () throws(any Error) in
            try SimulatedWorld(scenario: scenario, narrator: Narrator(telling)).live()
        }
    }

    private func live() throws -> WorldReport {
        let end = clock.start + scenario.healing + Self.recoveryTime
        var standstill = 0
        while !isComplete {
            guard let next = nextInstant, next <= end else { throw stuck() }
            standstill = next > clock.now ? 0 : standstill + 1
            guard standstill < Self.maximumStandstill, report.steps < Self.maximumSteps else {
                throw HistoryViolation.noProgress("after \(report.steps) steps the world turns in circles")
            }
            try advance(to: next)
        }
        let quiet = clock.now + Self.aftermath
        while let next = nextInstant, next <= quiet, report.steps < Self.maximumSteps { try advance(to: next) }
        try Bounds.checkAtEnd(client: client, server: server)
        return summary()
    }

    private func advance(to instant: NIODeadline) throws {
        clock.advance(to: instant)
        report.steps += 1
        try performSteps()
        while let delivery = network.receive(now: clock.now) {
            fingerprint.add(delivery.datagram, at: clock.elapsed)
            narrator.say(
                clock.now,
                "\(delivery.datagram.readableBytes) bytes from \(delivery.source) to \(delivery.destination)")
            if delivery.destination == server.address {
                server.receive(delivery.datagram, from: delivery.source, network: &network, now: clock.now)
            } else {
                client.receive(
                    delivery.datagram, at: delivery.destination, from: delivery.source, now: clock.now)
            }
        }
        client.handleTimeouts(now: clock.now)
        server.handleTimeouts(now: clock.now)
        try client.pump(network: &network, now: clock.now)
        try server.pump(network: &network, now: clock.now)
        for number in client.waived.dropFirst(requestsWaived) { server.waive(number) }
        requestsWaived = client.waived.count
        for number in server.waived.dropFirst(pushesWaived) { client.waive(number) }
        pushesWaived = server.waived.count
        try Bounds.check(client: client, server: server)
    }

    private var nextInstant: NIODeadline? {
        [stepInstant, network.nextDelivery, client.deadline, server.deadline].compactMap(\.self).min()
            .map { max($0, clock.now) }
    }

    private var stepInstant: NIODeadline? {
        if nextStep < scenario.steps.count { return clock.start + scenario.steps[nextStep].at }
        return isHealed ? nil : clock.start + scenario.healing
    }

    private var isComplete: Bool {
        isHealed && server.requests.isComplete && client.pushes.isComplete && client.unansweredRequests.isEmpty
            && client.isSettled && server.isSettled
    }

    private func performSteps() throws {
        while nextStep < scenario.steps.count, clock.start + scenario.steps[nextStep].at <= clock.now {
            let event = scenario.steps[nextStep].event
            nextStep += 1
            try perform(event)
        }
        if nextStep == scenario.steps.count, !isHealed, clock.start + scenario.healing <= clock.now {
            isHealed = true
            narrator.say(clock.now, "the network is clean from now on")
            network.use(.clean)
            network.endBlackouts()
        }
    }

    private func perform(_ event: Scenario.Event) throws {
        narrator.say(clock.now, "\(event)")
        switch event {
        case .request(let message):
            server.expect(message)
            client.request(message, now: clock.now)
        case .push(let message):
            client.expect(message)
            server.push(message, now: clock.now)
        case .cancelRequest(let number): client.cancelRequest(number)
        case .cancelPush(let number): server.cancelPush(number)
        case .blackout(let length): network.blackOut(from: clock.now, for: length)
        case .rebinding(let noticed):
            network.rebind(client: client.address)
            if noticed { client.addressChanged(now: clock.now) }
        case .carrierLoss: client.loseCarrier(now: clock.now)
        case .clientRestart: client.restart(now: clock.now)
        case .serverRestart: try server.restart()
        case .replay(let isOwn): network.replay(underOwnAddress: isOwn, now: clock.now)
        case .garbage: network.sendGarbage(to: client.address, and: server.address, now: clock.now)
        }
    }

    /// What to say when nothing is due any more or the time is up.
    private func stuck() -> HistoryViolation {
        if !server.requests.missing.isEmpty { return .undelivered(.toServer, numbers: server.requests.missing) }
        if !client.pushes.missing.isEmpty { return .undelivered(.toClient, numbers: client.pushes.missing) }
        if !client.unansweredRequests.isEmpty { return .unanswered(numbers: client.unansweredRequests) }
        return .noProgress(
            """
            everything arrived, but the ends do not come to rest: the client has \
            \(client.session.unacknowledgedCount) unacknowledged messages, the server \
            \(server.session?.unacknowledgedCount ?? 0) and \(server.endpoint.connectionCount) connections
            """)
    }

    private func summary() -> WorldReport {
        report.virtualTime = clock.elapsed
        report.carriersOpened = client.carriersOpened
        report.earlyOpenings = client.earlyOpenings
        report.keyUpdates = client.keyUpdates
        report.clientProcesses = client.process + 1
        report.network = network.statistics
        report.fingerprint = fingerprint.value
        return report
    }
}
