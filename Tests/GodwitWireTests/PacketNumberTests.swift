import GodwitWire
import Testing

@Suite("Packet numbers")
struct PacketNumberTests {
    @Test("the example of RFC 9000 appendix A.3")
    func example() {
        #expect(PacketNumber.expand(0x9b32, length: 2, largestReceived: 0xa82f_30ea) == 0xa82f_9b32)
    }

    @Test("whatever the peer has acknowledged, it understands the number", arguments: 1...20)
    func roundTrip(seed: UInt64) {
        let random = RandomSource.seeded(seed)
        for _ in 0..<500 {
            let acknowledged = random.next() >> (2 + random.next() % 62)
            let distance = 1 + random.next() >> (40 + random.next() % 24)
            let number = acknowledged &+ distance
            guard number <= PacketNumber.maximum else { continue }
            let length = PacketNumber.length(of: number, largestAcknowledged: acknowledged)
            guard distance < 1 << 31 else { continue }
            let truncated = UInt32(truncatingIfNeeded: number & ((1 << UInt64(8 * length)) - 1))
            // The peer has received anything from what it acknowledged up to just before.
            let received = acknowledged + random.next() % distance
            let expanded = PacketNumber.expand(truncated, length: length, largestReceived: received)
            #expect(expanded == number, "seed \(seed): \(number) after \(acknowledged), received \(received)")
        }
    }

    @Test("thin traffic needs one byte")
    func oneByte() {
        #expect(PacketNumber.length(of: 0, largestAcknowledged: nil) == 1)
        #expect(PacketNumber.length(of: 1_000_100, largestAcknowledged: 1_000_000) == 1)
        #expect(PacketNumber.length(of: 1_000_200, largestAcknowledged: 1_000_000) == 2)
    }

    @Test("expansion never traps, at the ends of the number space either")
    func extremes() {
        for largest: UInt64? in [nil, 0, 1, 254, 255, 256, PacketNumber.maximum - 1, PacketNumber.maximum] {
            for length in 1...4 {
                for truncated: UInt32 in [0, 1, 127, 128, 255, 65_535, .max] {
                    let mask = length == 4 ? UInt32.max : (1 << UInt32(8 * length)) - 1
                    let number = PacketNumber.expand(truncated & mask, length: length, largestReceived: largest)
                    #expect(number < 1 << 63)
                }
            }
        }
    }
}
