import GodwitWire
import NIOCore

/// What happens in one simulated life, drawn from a seed: a network, what is said over it, and what goes wrong meanwhile.
package struct Scenario: Sendable {
    /// A message that an application wants to send.
    package struct Message: Hashable, Sendable {
        /// Counts each direction's messages from 0.
        package let number: UInt64
        package let lane: UInt64?
        /// Body bytes.
        package let length: Int
        /// Nil is what is usual.
        package let urgency: Urgency?
        /// How long it is worth sending; nil is for ever.
        package let worth: TimeAmount?

        package init(
            number: UInt64, lane: UInt64?, length: Int, urgency: Urgency? = nil, worth: TimeAmount? = nil
        ) {
            self.number = number
            self.lane = lane
            self.length = length
            self.urgency = urgency
            self.worth = worth
        }
    }

    package enum Event: Hashable, Sendable {
        case request(Message)
        case push(Message)
        /// The application no longer wants what it asked or pushed, by its number, at whatever stage that is.
        case cancelRequest(UInt64)
        case cancelPush(UInt64)
        case blackout(TimeAmount)
        /// The address translator forgets the client; `noticed` when the client's system tells it so.
        case rebinding(noticed: Bool)
        /// The client's carrier dies without a word, as when an operating system closes the socket.
        case carrierLoss
        /// The client's process dies and a new one starts with the ticket on its disk.
        case clientRestart
        /// The server's process dies with all its connections and sessions.
        case serverRestart
        /// An attacker repeats what it overheard; under its own address it looks as if the client had moved.
        case replay(underOwnAddress: Bool)
        /// An attacker sends random bytes to both ends.
        case garbage
    }

    package struct Step: Sendable {
        /// Since the start.
        package let at: TimeAmount
        package let event: Event
    }

    package let seed: UInt64
    package let profile: NetworkProfile
    /// In the order of time.
    package let steps: [Step]
    /// When the network becomes clean and nothing goes wrong any more.
    package let healing: TimeAmount

    package static func draw(seed: UInt64) -> Scenario {
        var draft = Draft(random: .seeded(seed))
        return draft.scenario(seed: seed)
    }

    /// In every third life packet keys are replaced often; nil for as usual.
    package var packetsPerKey: UInt64? { seed % 3 == 1 ? 1 + seed % 29 : nil }

    package var requests: [Message] {
        steps.compactMap { if case .request(let message) = $0.event { message } else { nil } }
    }

    package var pushes: [Message] {
        steps.compactMap { if case .push(let message) = $0.event { message } else { nil } }
    }
}

extension Scenario: CustomStringConvertible {
    /// For the person who reads about a failed seed: messages are summed up, faults are listed.
    package var description: String {
        let faults = steps.compactMap { step -> String? in
            let seconds = Double(step.at.nanoseconds / 1_000_000) / 1_000
            return switch step.event {
            case .request, .push, .cancelRequest, .cancelPush: nil
            case .blackout(let length): "\(seconds) s blackout of \(length.nanoseconds / 1_000_000) ms"
            case .rebinding(let noticed): "\(seconds) s rebinding\(noticed ? ", noticed" : "")"
            case .carrierLoss: "\(seconds) s carrier loss"
            case .clientRestart: "\(seconds) s client restart"
            case .serverRestart: "\(seconds) s server restart"
            case .replay(let isOwn): "\(seconds) s replay\(isOwn ? " from elsewhere" : "")"
            case .garbage: "\(seconds) s garbage"
            }
        }
        let largest = (requests + pushes).map(\.length).max() ?? 0
        let cancelled = steps.count { step in
            switch step.event {
            case .cancelRequest, .cancelPush: true
            default: false
            }
        }
        let mortal = (requests + pushes).count { $0.worth != nil }
        return """
            seed \(seed): \(profile.name), \(requests.count) requests, \(pushes.count) pushes, largest \(largest) bytes, \
            \(cancelled) cancelled, \(mortal) with a deadline; \
            \(faults.isEmpty ? "no faults" : faults.joined(separator: "; "))
            """
    }
}

/// Draws a scenario. Every draw is from one generator, in a fixed order.
private struct Draft {
    let random: RandomSource

    private static let millisecondsOfTalk: UInt64 = 12_000

    mutating func scenario(seed: UInt64) -> Scenario {
        let profile = NetworkProfile.all[Int(below(UInt64(NetworkProfile.all.count)))]
        var steps: [Scenario.Step] = []
        // Rarely there is a message of up to 60 KB each way, one larger than may be sent unasked, or a flood of small ones at once.
        let largeRequest = below(8) == 0 ? below(12) : .max
        let largePush = below(8) == 0 ? below(6) : .max
        let flood = below(32) == 0 ? Int(below(120)) : 0
        for (number, time) in times(12 + below(20), atOnce: flood).enumerated() {
            steps.append(.init(at: time, event: .request(message(number, isLarge: UInt64(number) == largeRequest))))
            if let cancel = cancelling(time) { steps.append(.init(at: cancel, event: .cancelRequest(UInt64(number)))) }
        }
        for (number, time) in times(6 + below(12), atOnce: flood).enumerated() {
            steps.append(.init(at: time, event: .push(message(number, isLarge: UInt64(number) == largePush))))
            if let cancel = cancelling(time) { steps.append(.init(at: cancel, event: .cancelPush(UInt64(number)))) }
        }
        for time in times(below(5)) {
            steps.append(.init(at: time, event: fault()))
            // Misfortunes come together: in a tunnel the path, the address and the patience of an application all go.
            if below(2) == 0 {
                steps.append(.init(at: time + .milliseconds(Int64(below(1_500))), event: fault()))
            }
        }
        // A stable order for steps of the same time: the standard library's sort does not promise one.
        let ordered = steps.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }
        return Scenario(
            seed: seed, profile: profile, steps: ordered.map(\.element),
            healing: .milliseconds(Int64(Self.millisecondsOfTalk) + 2_000))
    }

    private mutating func fault() -> Scenario.Event {
        switch below(15) {
        case 0..<3: .blackout(.milliseconds(Int64(200 + below(6_000))))
        case 3..<5: .rebinding(noticed: true)
        case 5..<7: .rebinding(noticed: false)
        case 7..<9: .carrierLoss
        case 9..<11: .clientRestart
        case 11: .replay(underOwnAddress: false)
        case 12: .replay(underOwnAddress: true)
        case 13: .garbage
        default: .serverRestart
        }
    }

    private func message(_ number: Int, isLarge: Bool) -> Scenario.Message {
        let lane = below(4)
        let length =
            switch below(16) {
            case 0 where isLarge: 100_000 + below(150_000)
            case _ where isLarge: 20_000 + below(40_000)
            case 0: UInt64(1)
            case 1..<12: 1 + below(300)
            default: 300 + below(4_000)
            }
        let urgency = below(2) == 0 ? nil : Urgency.allCases[Int(below(3))]
        let worth: TimeAmount? = below(8) == 0 ? .milliseconds(Int64(below(4_000))) : nil
        return Scenario.Message(
            number: UInt64(number), lane: lane == 3 ? nil : lane, length: Int(length), urgency: urgency, worth: worth)
    }

    /// When a message is cancelled, if it is: now and then at once, mostly on its way or behind its end.
    private func cancelling(_ sent: TimeAmount) -> TimeAmount? {
        below(10) == 0 ? sent + .milliseconds(Int64(below(4) == 0 ? 0 : below(3_000))) : nil
    }

    /// So many times within the talk, in order; one of them `atOnce` times more.
    private func times(_ count: UInt64, atOnce: Int = 0) -> [TimeAmount] {
        var milliseconds = (0..<count).map { _ in below(Self.millisecondsOfTalk) }
        milliseconds += Array(repeating: below(Self.millisecondsOfTalk), count: atOnce)
        return milliseconds.sorted().map { .milliseconds(Int64($0)) }
    }

    private func below(_ limit: UInt64) -> UInt64 { random.next() % limit }
}
