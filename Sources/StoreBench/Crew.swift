import Foundation
import Synchronization

/// Threads that begin together, and what each of them has to tell.
enum Crew {
    /// Runs `body` on `count` threads of its own and returns their results; throws the first error.
    static func run<R: Sendable>(_ count: Int, _ body: @escaping @Sendable (_ member: Int) throws -> R) throws -> [R] {
        if count == 1 { return [try body(0)] }
        let results = Mutex<[Result<R, any Error>]>([])
        let start = DispatchGroup()
        let end = DispatchGroup()
        start.enter()
        for member in 0..<count {
            end.enter()
            let thread = Thread {
                start.wait()
                let result = Result { try body(member) }
                results.withLock { $0.append(result) }
                end.leave()
            }
            thread.stackSize = 1 << 20
            thread.start()
        }
        start.leave()
        end.wait()
        return try results.withLock { $0 }.map { try $0.get() }
    }
}

/// Times of single operations in nanoseconds; those beyond `limit` are counted no more.
struct Latencies: Sendable {
    private var samples: [UInt32] = []
    private static let limit = 32 << 20

    init(capacity: Int) { samples.reserveCapacity(min(max(capacity, 0), Self.limit)) }

    var count: Int { samples.count }

    @inline(__always)
    mutating func record(_ nanoseconds: UInt64) {
        if samples.count < Self.limit { samples.append(UInt32(clamping: nanoseconds)) }
    }

    mutating func join(_ others: Latencies) { samples += others.samples }

    /// In microseconds; nil with fewer than 10,000 samples, of which it would be a matter of chance.
    var p999: Double? {
        guard samples.count >= 10_000 else { return nil }
        let sorted = samples.sorted()
        return Double(sorted[Int(Double(sorted.count - 1) * 0.999)]) / 1_000
    }
}
