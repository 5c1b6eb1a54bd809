import GodwitWire
import Testing

@testable import GodwitTransport

@Suite("Range sets")
struct RangeSetTests {
    @Test("a range set does what a set of numbers does", arguments: 1...30)
    func model(seed: UInt64) {
        let random = RandomSource.seeded(seed)
        var set = RangeSet()
        var model = Set<UInt64>()
        for _ in 0..<200 {
            let start = random.next() % 200
            let range = start..<(start + random.next() % 20)
            if random.next() % 3 == 0 {
                set.remove(range)
                model.subtract(range)
            } else {
                set.insert(range)
                model.formUnion(range)
            }
            #expect(set.ranges.flatMap { Array($0) } == model.sorted(), "seed \(seed)")
            #expect(zip(set.ranges, set.ranges.dropFirst()).allSatisfy { $0.upperBound < $1.lowerBound })
            let probe = random.next() % 220
            #expect(set.contains(probe) == model.contains(probe))
            let span = probe..<(probe + 5)
            #expect(set.covers(span) == model.isSuperset(of: span))
        }
    }

    @Test("keeping the highest ranges forgets the lowest")
    func keepHighest() {
        var set = RangeSet()
        for start in stride(from: UInt64(0), to: 100, by: 10) { set.insert(start..<(start + 2)) }
        set.keepHighest(3)
        #expect(set.ranges == [70..<72, 80..<82, 90..<92])
    }
}
