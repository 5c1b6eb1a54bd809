import IMSync
import Testing

@Suite("Server ids")
struct ServerIDAllocatorTests {
    private static let now = ServerIDAllocator.epochMilliseconds + 1_000_000

    @Test("ids grow while the clock runs, stands and steps back, and times never decrease")
    func grow() {
        var allocator = ServerIDAllocator(shard: 3, reserved: 0)
        var last = allocator.next(now: Self.now)
        for step in [0, 1, 1, -500, 0, 700, -10_000_000_000, 0, 1_000_000] as [Int64] {
            let next = allocator.next(now: UInt64(Int64(Self.now) + step))
            #expect(next.id > last.id)
            #expect(next.milliseconds >= last.milliseconds)
            last = next
        }
    }

    @Test("more ids than a millisecond holds borrow from the next one")
    func overflow() {
        var allocator = ServerIDAllocator(shard: 0, reserved: 0)
        var last: UInt64 = 0
        for _ in 0..<40_000 {
            let id = allocator.next(now: Self.now).id
            #expect(id > last)
            last = id
        }
    }

    @Test("a restart with the clock set back begins behind every id that was reserved")
    func restart() throws {
        var allocator = ServerIDAllocator(shard: 1, reserved: 0)
        let first = allocator.next(now: Self.now)
        let reservation = try #require(first.reservation)
        allocator.confirm(reservation: reservation)
        var last = first
        for step in 1..<ServerIDAllocator.reservationMilliseconds {
            last = allocator.next(now: Self.now + step)
            #expect(last.reservation == nil)
        }
        #expect(allocator.next(now: Self.now + ServerIDAllocator.reservationMilliseconds).reservation != nil)
        var restarted = ServerIDAllocator(shard: 1, reserved: reservation)
        #expect(restarted.next(now: 0).id > last.id)
    }

    @Test("a reservation is asked for until one is durable")
    func unconfirmed() {
        var allocator = ServerIDAllocator(shard: 1, reserved: 0)
        #expect(allocator.next(now: Self.now).reservation != nil)
        #expect(allocator.next(now: Self.now).reservation != nil)
    }

    @Test("shards never give the same id")
    func shards() {
        var ids: Set<UInt64> = []
        for shard in 0..<UInt8(64) {
            var allocator = ServerIDAllocator(shard: shard, reserved: 0)
            for _ in 0..<10 { ids.insert(allocator.next(now: Self.now).id) }
        }
        #expect(ids.count == 640)
    }

    @Test("a clock at the end of time does not trap")
    func absurdClock() {
        var allocator = ServerIDAllocator(shard: 255, reserved: .max >> 30)
        let first = allocator.next(now: .max)
        #expect(allocator.next(now: .max).id > first.id)
        #expect(first.id >> 63 == 0)
    }
}
