/// Makes the ids of one shard: unique for ever, each larger than all before it, also when the clock steps back or the
/// process restarts.
///
/// ```
///  63 62                  22 21    14 13         0
/// ┌──┬──────────────────────┬────────┬───────────┐
/// │ 0│ ms since 2026-01-01  │ shard  │ counter   │
/// └──┴──────────────────────┴────────┴───────────┘
/// ```
/// A *reservation* in the store says below which millisecond ids may have been given; after a restart they begin there.
package struct ServerIDAllocator {
    /// 2026-01-01T00:00:00Z in milliseconds since 1970.
    package static let epochMilliseconds: UInt64 = 1_767_225_600_000
    /// How far ahead a reservation reaches: one small write in so many milliseconds of sending.
    package static let reservationMilliseconds: UInt64 = 10_000
    private static let counterBits: UInt64 = 14
    private static let shardBits: UInt64 = 8
    private static let tickMax: UInt64 = 1 << 41 - 1

    /// An id, its time, and the reservation to write in the same transaction.
    package struct Allocation: Equatable, Sendable {
        package let id: UInt64
        /// Milliseconds since 1970; not decreasing.
        package let milliseconds: UInt64
        package let reservation: UInt64?
    }

    private let shard: UInt8
    private var tick: UInt64
    private var counter: UInt64 = 0
    /// The reservation known to be durable.
    private var reserved: UInt64

    /// - Parameter reserved: the stored reservation, in milliseconds since the epoch of the ids; 0 when there is none.
    package init(shard: UInt8, reserved: UInt64) {
        self.shard = shard
        self.reserved = reserved
        tick = reserved
    }

    /// - Parameter now: wall time in milliseconds since 1970.
    package mutating func next(now: UInt64) -> Allocation {
        let present = min(now > Self.epochMilliseconds ? now - Self.epochMilliseconds : 0, Self.tickMax)
        if present > tick {
            tick = present
            counter = 0
        } else {
            counter += 1
            if counter >> Self.counterBits != 0 {
                counter = 0
                tick = min(tick + 1, Self.tickMax)
            }
        }
        let id = tick << (Self.counterBits + Self.shardBits) | UInt64(shard) << Self.counterBits | counter
        return Allocation(
            id: id, milliseconds: tick + Self.epochMilliseconds,
            reservation: tick >= reserved ? tick + Self.reservationMilliseconds : nil)
    }

    /// The reservation is durable.
    package mutating func confirm(reservation: UInt64) {
        reserved = max(reserved, reservation)
    }
}
