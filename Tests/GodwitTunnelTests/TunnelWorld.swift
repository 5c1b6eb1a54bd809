import GodwitWire
import NIOCore
import Testing

@testable import GodwitTunnel

/// Two tables and what lies between them: a session that keeps the order of each tunnel's frames, and of nothing else.
final class TunnelWorld {
    final class End {
        var ended: [UInt64: TunnelReset?] = [:]
        var programs: [UInt64: FakeProgram] = [:]
        /// On their way to the other end, encoded, and delivered but not acknowledged.
        var underway: [(tunnel: UInt64, bytes: ByteBuffer)] = []
        var unacknowledged: [Int] = []
        private(set) var table: TunnelTable!

        init(window: Int) {
            table = TunnelTable(maximumWindow: window) { [unowned self] tunnel, reason in ended[tunnel] = .some(reason)
            }
        }

        var backlog: TunnelTable.Backlog {
            TunnelTable.Backlog(
                messages: underway.count + unacknowledged.count,
                bytes: underway.reduce(0) { $0 + $1.bytes.readableBytes } + unacknowledged.reduce(0, +))
        }
    }

    let random: RandomSource
    let client: End
    let edge: End
    var now = NIODeadline.uptimeNanoseconds(1_000_000_000)
    private(set) var mostBacklog = TunnelTable.Backlog(messages: 0, bytes: 0)

    init(seed: UInt64, window: Int = 256 << 10) {
        random = .seeded(seed)
        client = End(window: window)
        edge = End(window: window)
    }

    func below(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }

    func open(_ tunnel: UInt64, up: Int, down: Int) {
        for (end, count) in [(client, up), (edge, down)] {
            guard let table = end.table else { return }
            let program = FakeProgram(tunnel: tunnel, table: table, script: random.bytes(count))
            end.programs[tunnel] = program
            table.add(tunnel, socket: program, isAccepted: true, now: now)
        }
    }

    /// One thing happens somewhere.
    func step(deaths: Double = 0) throws {
        now = now + .microseconds(Int64(below(2_000)))
        let (here, there) = random.uniform() < 0.5 ? (client, edge) : (edge, client)
        switch below(6) {
        case 0: for program in here.programs.values { program.say(1 + below(20_000), now: now) }
        case 1: for program in here.programs.values where random.uniform() < 0.5 { program.take(now: now) }
        case 2, 3: send(from: here)
        case 4: try deliver(from: here, to: there)
        default:
            here.unacknowledged.removeAll()
            if random.uniform() < deaths { here.programs.values.randomElement(using: &generator)?.die() }
        }
    }

    private lazy var generator = Generator(random: random)

    private struct Generator: RandomNumberGenerator {
        let random: RandomSource
        func next() -> UInt64 { random.next() }
    }

    func send(from end: End) {
        while let frame = end.table.nextFrame(backlog: end.backlog, now: now) {
            var bytes = ByteBuffer()
            frame.encode(into: &bytes)
            end.underway.append((frame.tunnel, bytes))
            mostBacklog.messages = max(mostBacklog.messages, end.backlog.messages)
            mostBacklog.bytes = max(mostBacklog.bytes, end.backlog.bytes)
        }
    }

    /// A frame of any tunnel, but the first of it.
    private func deliver(from sender: End, to receiver: End) throws {
        for _ in 0..<sender.underway.count.clamped(to: 12) {
            let chosen = sender.underway[below(sender.underway.count)].tunnel
            let index = try #require(sender.underway.firstIndex { $0.tunnel == chosen })
            let bytes = sender.underway.remove(at: index).bytes
            sender.unacknowledged.append(bytes.readableBytes)
            receiver.table.receive(try TunnelFrame(decoding: bytes), now: now)
        }
    }

    /// Until nothing is left at either end, or the patience is.
    func run(steps: Int = 400_000, deaths: Double = 0) throws {
        for _ in 0..<steps {
            try step(deaths: deaths)
            if client.table.count == 0, edge.table.count == 0 { return }
        }
    }
}

extension Int {
    fileprivate func clamped(to limit: Int) -> Int { Swift.min(self, limit) }
}
