import Foundation
import GodwitTransport
import Histogram
import NIOCore

/// What one client loop counts during a round, and what its connections share. Confined to its loop.
final class EchoTally {
    let workspace = Workspace()
    var datagramBuffers = DatagramBuffers(count: 64)
    var batcher = DatagramBatcher()
    let inFlight: Int
    let size: Int
    private(set) var roundTrips = 0
    private(set) var latencies = Histogram<UInt64>(numberOfSignificantValueDigits: .two)
    /// Counting begins when all connections are up.
    var isCounting = false
    /// No more requests: the round is over.
    var isOver = false
    private(set) var ready = 0
    var whenReady: (() -> Void)?

    init(inFlight: Int, size: Int) {
        self.inFlight = inFlight
        self.size = size
    }

    func connected() {
        ready += 1
        whenReady?()
    }

    func completed(sentAt: NIODeadline, now: NIODeadline) {
        guard isCounting else { return }
        roundTrips += 1
        let elapsed = (now - sentAt).nanoseconds
        latencies.record(UInt64(max(0, elapsed)))
    }
}

/// A round's figures.
struct EchoFigures: Sendable, CustomStringConvertible {
    var roundTrips = 0
    var seconds = 0.0
    /// Of the whole process, in user mode and in the kernel.
    var cpuSeconds = 0.0
    var p50: UInt64 = 0
    var p99: UInt64 = 0

    var rate: Double { seconds > 0 ? Double(roundTrips) / seconds : 0 }
    var description: String { "\(Int(rate)) round trips/s, p50 \(p50 / 1000) µs, p99 \(p99 / 1000) µs" }
}

/// Processor time of this process.
enum ProcessCPU {
    static func seconds() -> Double {
        var time = timespec()
        guard clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return 0 }
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
