import CMalloc
import GodwitMetrics
import GodwitWire
import Logging
import NIOCore
import NIOPosix

/// When memory that is free goes back to the system, and that it does.
///
/// A handshake takes many times what its connection keeps, and the allocator holds on to what it had, since something small that stays lies
/// between. After a storm of clients that is as much again as their connections. To give it back halts whoever allocates meanwhile, about
/// a millisecond for each thousand connections, so it is done when a storm is over, and seldom.
struct FreeMemory {
    static let interval = TimeAmount.seconds(10)
    /// Fewer leave too little to be worth it.
    static let leastHandshakes = 1000
    /// And at least so much of the connections that stand.
    static let leastShare = 4
    /// A storm is over when an interval brings no more than such a part of all of it.
    static let calmShare = 10

    private var returned = 0
    private var seen = 0

    /// Once an interval.
    ///
    /// - Parameters:
    ///   - handshakes: so far, since the process began.
    ///   - connections: at present.
    mutating func isDue(handshakes: Int, connections: Int) -> Bool {
        let storm = handshakes - returned
        let latest = handshakes - seen
        seen = handshakes
        guard storm >= max(Self.leastHandshakes, connections / Self.leastShare), latest <= storm / Self.calmShare else {
            return false
        }
        returned = handshakes
        return true
    }

    /// Of all threads' arenas (`malloc_trim(3)`).
    static func giveBack() { malloc_trim(0) }
}

extension Edge {
    /// Until the task is cancelled.
    func keepGivingBackMemory() async {
        var memory = FreeMemory()
        while (try? await Task.sleep(for: .nanoseconds(FreeMemory.interval.nanoseconds))) != nil {
            let handshakes = [CarrierKind.datagram, .stream].reduce(0) { sum, carrier in
                sum + Outcome.allCases.reduce(0) { $0 + metrics.handshakes.child(carrier.name, $1.name).value }
            }
            let connections = await directory.collect { $0.datagramCarriers.count + $0.streamCarriers.count }
            guard memory.isDue(handshakes: handshakes, connections: connections.reduce(0, +)) else { continue }
            let began = NIODeadline.now()
            try? await NIOThreadPool.singleton.runIfActive { FreeMemory.giveBack() }
            logger.debug("gave free memory back", metadata: ["took": "\(NIODeadline.now() - began)"])
        }
    }

    /// At once, for whoever measures.
    package static func giveBackMemory() { FreeMemory.giveBack() }
}
