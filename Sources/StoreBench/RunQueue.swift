import Foundation

/// Tells how long the thread that made it was ready to run while others had the processors: the second figure of the kernel's
/// `/proc/thread-self/schedstat`.
struct RunQueue: ~Copyable {
    private let file: Int32

    /// Nil where the kernel does not count it.
    init?() {
        file = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
    }

    deinit { close(file) }

    var nanoseconds: UInt64 {
        withUnsafeTemporaryAllocation(byteCount: 128, alignment: 1) { buffer in
            let count = max(pread(file, buffer.baseAddress, buffer.count, 0), 0)
            return Self.wait(in: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    /// The second of three decimal numbers.
    static func wait(in text: UnsafeRawBufferPointer) -> UInt64 {
        var number: UInt64 = 0
        for byte in text.drop(while: { $0 != UInt8(ascii: " ") }).dropFirst() {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { break }
            number = number &* 10 &+ UInt64(byte &- UInt8(ascii: "0"))
        }
        return number
    }
}

/// Times operations of one thread, with and without the waits for a processor in them: what another program on a busy machine
/// costs is no property of the store.
struct PutClock: ~Copyable {
    /// Shorter ones hold no wait worth asking the kernel for.
    private static let suspicious: UInt64 = 100_000
    /// Operations between two looks at the queue, so that a wait before a slow one is not taken for a part of it.
    private static let stride = 64

    private let queue = RunQueue()
    private var seen: UInt64 = 0
    private var untilLook = 0

    var tellsWaits: Bool {
        switch queue {
        case .some: true
        case .none: false
        }
    }

    mutating func time(_ operation: () throws -> Void, into latencies: inout PutLatencies) rethrows {
        if untilLook == 0 {
            _ = wait()
            untilLook = Self.stride
        }
        untilLook -= 1
        let start = ProcessCounters.nanoseconds
        try operation()
        let elapsed = ProcessCounters.nanoseconds - start
        latencies.whole.record(elapsed)
        latencies.own.record(elapsed < Self.suspicious ? elapsed : elapsed - min(wait(), elapsed))
    }

    /// Nanoseconds in the queue since the last call.
    private mutating func wait() -> UInt64 {
        let now =
            switch queue {
            case .some(let queue): queue.nanoseconds
            case .none: seen
            }
        defer { seen = now }
        return now &- seen
    }
}

/// Latencies as a user sees them, and without the waits for a processor.
struct PutLatencies: Sendable {
    var whole: Latencies
    var own: Latencies

    init(capacity: Int) {
        whole = Latencies(capacity: capacity)
        own = Latencies(capacity: capacity)
    }

    var count: Int { whole.count }

    mutating func join(_ others: PutLatencies) {
        whole.join(others.whole)
        own.join(others.own)
    }
}
