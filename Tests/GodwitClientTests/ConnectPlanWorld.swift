import GodwitWire
import NIOCore
import Testing

@testable import GodwitClient

/// A plan and the network around it, on a clock that only the test moves.
struct ConnectPlanWorld {
    static let begin = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    var plan: ConnectPlan
    var now = Self.begin
    var log: [ConnectPlan.Action] = []

    init(_ preference: CarrierPreference = .auto, seed: UInt64 = 1) {
        var configuration = ConnectPlan.Configuration()
        configuration.preference = preference
        plan = ConnectPlan(configuration: configuration, random: .seeded(seed))
    }

    /// A plan whose session has come to live on a carrier, so long after the start.
    static func carried(by kind: CarrierKind, after delay: TimeAmount) throws -> ConnectPlanWorld {
        var world = ConnectPlanWorld()
        world.log += world.plan.start(now: world.now)
        world.pass(delay)
        try world.open(kind)
        return world
    }

    /// A plan that has just started, with an attempt of each kind under way.
    static func racing() throws -> (world: ConnectPlanWorld, datagram: AttemptID, stream: AttemptID) {
        var world = ConnectPlanWorld()
        world.log += world.plan.start(now: world.now)
        world.pass(.milliseconds(350))
        return (world, try world.attempt(.datagram), try world.attempt(.stream))
    }

    /// Lets the time pass and the plan's timers fire.
    mutating func pass(_ amount: TimeAmount) {
        let end = now + amount
        var fired = 0
        while let due = plan.pollTimeout(), due <= end, fired < 10_000 {
            now = max(now, due)
            log += plan.handleTimeout(now: now)
            fired += 1
        }
        #expect(fired < 10_000, "a timer fires without end")
        now = end
    }

    mutating func take() -> [ConnectPlan.Action] {
        defer { log = [] }
        return log
    }

    /// Who was given the session, in order.
    var attached: [AttemptID] {
        log.compactMap { action in
            guard case .attach(let id) = action else { return nil }
            return id
        }
    }

    func started(_ kind: CarrierKind) -> [AttemptID] {
        log.compactMap { action in
            if case .start(let id, kind) = action { id } else { nil }
        }
    }

    func attempt(_ kind: CarrierKind) throws -> AttemptID {
        try #require(plan.attempts.last { $0.carrier == kind }).id
    }

    /// The newest attempt of a kind gets through.
    mutating func open(_ kind: CarrierKind) throws {
        let id = try attempt(kind)
        log += plan.established(id, now: now)
        log += plan.opened(id, now: now)
    }
}
