import Foundation

/// The time for people and for stored timestamps.
enum WallClock {
    /// Milliseconds since 1970; 0 for a clock that stands before it.
    @Sendable static func milliseconds() -> UInt64 {
        UInt64(exactly: (Date().timeIntervalSince1970 * 1_000).rounded(.down)) ?? 0
    }
}
