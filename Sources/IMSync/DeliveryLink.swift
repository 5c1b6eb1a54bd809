/// The way from one shard to one other: deliveries leave in order, one batch at a time, and wait here until the other
/// side has them on disk. Pure; the sending shard's writer owns it.
///
/// `Waiter` is who wants to hear of a delivery: the send that caused it and its repeats.
package struct DeliveryLink<Waiter> {
    /// Why nothing moves.
    package enum Stop: Equatable, Sendable {
        /// A write was refused; another try comes.
        case stalled
        /// The other shard is closed until the process starts again.
        case broken
    }

    /// Whether a waiter was taken.
    package enum Joining: Equatable, Sendable {
        case waits
        /// Nothing to wait for: it is delivered.
        case delivered
        case full
        /// Nothing moves at the moment.
        case stopped
    }

    package static var batchMax: Int { 128 }
    package static var waitersMax: Int { 8 }

    private let capacity: Int
    private var queue: [Delivery] = []
    private var inFlight: [Delivery] = []
    private var waiters: [UInt64: [Waiter]] = [:]
    package private(set) var stop: Stop?

    /// - Parameter capacity: deliveries that may wait; the shard asks ``isFull`` before it takes on another.
    package init(capacity: Int) {
        self.capacity = capacity
    }

    package var pendingCount: Int { waiters.count }
    package func isPending(_ serverID: UInt64) -> Bool { waiters[serverID] != nil }
    package var isFull: Bool { pendingCount >= capacity }

    /// The delivery is durable on this side.
    package mutating func enqueue(_ delivery: Delivery) {
        queue.append(delivery)
        waiters[delivery.serverID] = []
    }

    /// The next deliveries to hand over; empty while others are under way or nothing can move.
    package mutating func nextBatch() -> [Delivery] {
        guard inFlight.isEmpty, stop == nil, !queue.isEmpty else { return [] }
        let count = min(Self.batchMax, queue.count)
        inFlight = Array(queue.prefix(count))
        queue.removeFirst(count)
        return inFlight
    }

    /// The batch under way is durable on the other side; these waited for it.
    package mutating func delivered() -> [(serverID: UInt64, waiters: [Waiter])] {
        defer { inFlight = [] }
        return inFlight.map { ($0.serverID, waiters.removeValue(forKey: $0.serverID) ?? []) }
    }

    /// The batch under way was refused: it goes back to the front. All who waited, for any delivery, are let go.
    package mutating func failed(_ stop: Stop) -> [Waiter] {
        queue.insert(contentsOf: inFlight, at: 0)
        inFlight = []
        self.stop = stop
        return queue.flatMap { waiters.updateValue([], forKey: $0.serverID) ?? [] }
    }

    /// Try again after a stall.
    package mutating func resume() {
        if stop == .stalled { stop = nil }
    }

    package mutating func join(_ serverID: UInt64, _ waiter: Waiter) -> Joining {
        guard let present = waiters[serverID]?.count else { return .delivered }
        guard stop == nil else { return .stopped }
        guard present < Self.waitersMax else { return .full }
        waiters[serverID]?.append(waiter)
        return .waits
    }
}
