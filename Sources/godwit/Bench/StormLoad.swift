import GodwitClient
import GodwitWire
import NIOCore

/// Many clients of one server, each with a session of its own and a small echo now and then. Confined to its event loop.
///
/// A client whose echo is late sends nothing more until it is there, as phones do not pile up heartbeats.
final class StormLoad {
    /// Handshakes under way at a time while the clients are opened: the storm is what follows.
    private static let openingAtOnce = 50

    private struct Member {
        let client: GodwitClient
        var isOpen = false
        var heardAt: NIODeadline?
    }

    private let eventLoop: any EventLoop
    private let period: TimeAmount
    private let body: ByteBuffer
    private var members: [Member] = []
    private var started = 0
    private var opened = 0
    private(set) var answered = 0
    private var allOpen: EventLoopPromise<Int>?
    private var restoration: Restoration?

    /// Who was heard since the path returned, and after how long.
    private struct Restoration {
        let since: NIODeadline
        var back: [TimeAmount?]
        var missing: Int
        let done: EventLoopPromise<[TimeAmount?]>
    }

    init(
        configuration: ClientConfiguration, count: Int, period: TimeAmount, size: Int, eventLoop: any EventLoop
    ) throws(ClientError) {
        self.eventLoop = eventLoop
        self.period = period
        body = ByteBuffer(repeating: 0x61, count: size)
        let bound = NIOLoopBound(WeakLoad(), eventLoop: eventLoop)
        for index in 0..<count {
            let client = try GodwitClient(configuration: configuration, eventLoop: eventLoop) { event in
                if case .opened = event { bound.value.load?.memberOpened(index) }
            }
            members.append(Member(client: client))
        }
        bound.value.load = self
    }

    /// Opens sessions, a batch at a time, until all are there or `limit` has passed; who is not connected by then takes no part. The
    /// future is the number of those that are; their echoes have begun.
    func open(within limit: TimeAmount) -> EventLoopFuture<Int> {
        let promise = eventLoop.makePromise(of: Int.self)
        allOpen = promise
        for _ in 0..<min(Self.openingAtOnce, members.count) { startNext() }
        eventLoop.assumeIsolated().scheduleTask(in: limit) { self.begin() }
        return promise.futureResult
    }

    /// How long from `now` until each client is heard; nil for those that are not within `limit`.
    func restored(since now: NIODeadline, within limit: TimeAmount) -> EventLoopFuture<[TimeAmount?]> {
        let done = eventLoop.makePromise(of: [TimeAmount?].self)
        restoration?.done.succeed(restoration?.back ?? [])
        restoration = Restoration(
            since: now, back: Array(repeating: nil, count: members.count), missing: members.count, done: done)
        eventLoop.assumeIsolated().scheduleTask(deadline: now + limit) {
            if self.restoration?.since == now { self.finishRestoration() }
        }
        return done.futureResult
    }

    /// Clients that were not heard for longer than `limit`.
    func quiet(for limit: TimeAmount) -> Int {
        let now = NIODeadline.now()
        return members.count { $0.heardAt.map { now - $0 > limit } ?? true }
    }

    var openedCount: Int { opened }

    private func startNext() {
        guard started < members.count else { return }
        started += 1
        members[started - 1].client.start()
    }

    private func memberOpened(_ index: Int) {
        guard allOpen != nil, !members[index].isOpen else { return }
        members[index].isOpen = true
        opened += 1
        startNext()
        if opened == members.count { begin() }
    }

    /// The echoes of those that are open, spread evenly over the period; the others are sent away.
    private func begin() {
        guard let allOpen else { return }
        self.allOpen = nil
        for member in members where !member.isOpen { member.client.disconnect(forgetting: true) }
        members.removeAll { !$0.isOpen }
        for index in members.indices {
            let delay = TimeAmount.nanoseconds(period.nanoseconds * Int64(index) / Int64(members.count))
            eventLoop.assumeIsolated().scheduleTask(in: delay) { self.ask(index) }
        }
        allOpen.succeed(members.count)
    }

    private func ask(_ index: Int) {
        let due = NIODeadline.now() + period
        let request = ClientRequest(command: Command.echo.rawValue, body: body, timeout: nil, replay: .resend)
        let loop = NIOLoopBound(self, eventLoop: eventLoop)
        members[index].client.send(request) { result in
            let load = loop.value
            if case .success = result { load.heard(index) }
            load.eventLoop.assumeIsolated().scheduleTask(deadline: due) { load.ask(index) }
        }
    }

    private func heard(_ index: Int) {
        let now = NIODeadline.now()
        members[index].heardAt = now
        answered += 1
        guard let since = restoration?.since, restoration?.back[index] == .some(nil) else { return }
        restoration?.back[index] = now - since
        restoration?.missing -= 1
        if restoration?.missing == 0 { finishRestoration() }
    }

    private func finishRestoration() {
        guard let ended = restoration else { return }
        restoration = nil
        ended.done.succeed(ended.back)
    }

    /// Clients tell of events through this before the load is complete.
    private final class WeakLoad {
        weak var load: StormLoad?
    }
}
