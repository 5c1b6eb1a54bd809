import Foundation
import IMMessages
import IMRouting
import ShardedStore
import SwiftProtobuf
import Synchronization

@testable import IMService

/// A real core on a real store, in a directory of its own, that can be stopped and started again.
final class CoreHarness: Sendable {
    struct Reply: Sendable {
        let status: IMStatus
        let body: [UInt8]
        let authenticated: Principal?

        func decoded<Body: Message>(_ type: Body.Type = Body.self) throws -> Body {
            try Body(serializedBytes: body)
        }
    }

    private struct State {
        var service: IMService?
        var sequence: UInt64 = 0
        var boxes: [RequestOrigin: Eventually<Reply>] = [:]
        var strayReplies = 0
        var pushes: [SessionAddress: [IMNotify]] = [:]
        var pushWaiters:
            [(session: SessionAddress, enough: @Sendable ([IMNotify]) -> Bool, box: Eventually<[IMNotify]>)] = []
        var loggedOut: Set<SessionAddress> = []
    }

    let configuration: IMServiceConfiguration
    private let state = Mutex(State())

    init(shardCount: Int = 3, _ change: (inout IMServiceConfiguration) -> Void = { _ in }) throws {
        let directory = NSTemporaryDirectory() + "godwit-core-" + UUID().uuidString
        var configuration = IMServiceConfiguration(directory: directory, shardCount: shardCount)
        configuration.passwordCost = PasswordCost(log2N: 4, blockSize: 1, parallelism: 1)
        change(&configuration)
        self.configuration = configuration
        try start()
    }

    deinit {
        stop()
        try? FileManager.default.removeItem(atPath: configuration.directory)
    }

    func start() throws {
        let service = try IMService(configuration: configuration) { [weak self] in self?.take($0) }
        state.withLock { $0.service = service }
    }

    func stop() {
        state.withLock { state in
            defer { state.service = nil }
            return state.service
        }?.shutdown()
    }

    /// Ends as a crash does: each shard keeps what it has committed, whatever was to follow on another one is cut off,
    /// and nobody gets an answer.
    func crash() {
        state.withLock { state in
            defer { state.service = nil }
            return state.service
        }?.core.store.close()
        let unanswered = state.withLock { state in
            defer { state.boxes = [:] }
            return state.boxes.values.map { $0 }
        }
        for box in unanswered { box.set(Reply(status: .unavailable, body: [], authenticated: nil)) }
    }

    func restart() throws {
        stop()
        try start()
    }

    var counters: IMServiceCounters { state.withLock { $0.service?.counters } ?? IMServiceCounters() }
    var loggedOut: Set<SessionAddress> { state.withLock { $0.loggedOut } }
    var strayReplies: Int { state.withLock { $0.strayReplies } }
    func pushes(_ session: SessionAddress) -> [IMNotify] { state.withLock { $0.pushes[session] ?? [] } }

    func attach(_ session: SessionAddress, _ principal: Principal) {
        state.withLock { $0.service }?.attach(session, principal: principal)
    }

    func detach(_ session: SessionAddress, _ principal: Principal) {
        state.withLock { $0.service }?.detach(session, principal: principal)
    }

    /// Hands the request in at once; the result is awaited later, so that several can be under way in order.
    func begin(
        _ session: SessionAddress, _ principal: Principal?, _ command: UInt32, _ body: [UInt8]
    ) -> Task<Reply, Never> {
        let (origin, service) = state.withLock { state in
            state.sequence += 1
            return (RequestOrigin(session: session, sequence: state.sequence, principal: principal), state.service)
        }
        let box = Eventually<Reply>()
        state.withLock { $0.boxes[origin] = box }
        service?.handle(origin, command: command, body: body)
        return Task { await box.value }
    }

    func call(
        _ session: SessionAddress, _ principal: Principal?, _ command: IMCommand, _ body: some Message
    ) async throws -> Reply {
        await begin(session, principal, UInt32(command.rawValue), try body.serializedBytes()).value
    }

    /// All notifies of a session, once there are `count` of them.
    func notifies(_ session: SessionAddress, count: Int) async -> [IMNotify] {
        await notifies(session) { $0.count >= count }
    }

    /// All notifies of a session, once they are `enough`. They may come after the answer to what caused them.
    func notifies(
        _ session: SessionAddress, until enough: @escaping @Sendable ([IMNotify]) -> Bool
    ) async -> [IMNotify] {
        let box = Eventually<[IMNotify]>()
        state.withLock { state in
            let present = state.pushes[session] ?? []
            if enough(present) { return box.set(present) }
            state.pushWaiters.append((session, enough, box))
        }
        return await box.value
    }

    private func take(_ outputs: [CoreOutput]) {
        state.withLock { state in
            for output in outputs {
                switch output {
                case .reply(let origin, let status, let body, let authenticated):
                    let status = IMStatus(rawValue: Int(status)) ?? .internal
                    if let box = state.boxes.removeValue(forKey: origin) {
                        box.set(Reply(status: status, body: body, authenticated: authenticated))
                    } else {
                        state.strayReplies += 1
                    }
                case .push(let session, _, let body):
                    if let notify = try? IMNotify(serializedBytes: body) {
                        state.pushes[session, default: []].append(notify)
                    }
                case .loggedOut(let session):
                    state.loggedOut.insert(session)
                }
            }
            state.pushWaiters.removeAll { waiter in
                let present = state.pushes[waiter.session] ?? []
                guard waiter.enough(present) else { return false }
                waiter.box.set(present)
                return true
            }
        }
    }
}

/// A value that comes once, and may be awaited before or after.
final class Eventually<Value: Sendable>: Sendable {
    private struct State {
        var value: Value?
        var waiters: [CheckedContinuation<Value, Never>] = []
    }

    private let state = Mutex(State())

    func set(_ value: Value) {
        let waiters = state.withLock { state in
            state.value = value
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume(returning: value) }
    }

    var value: Value {
        get async {
            await withCheckedContinuation { continuation in
                let present = state.withLock { state in
                    if state.value == nil { state.waiters.append(continuation) }
                    return state.value
                }
                if let present { continuation.resume(returning: present) }
            }
        }
    }
}
