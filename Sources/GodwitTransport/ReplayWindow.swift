/// Remembers which of the last 1,024 packet numbers have arrived, so that each packet takes effect once. Older ones count as seen.
struct ReplayWindow {
    static let size: UInt64 = 1024

    /// One bit a number, at the number modulo the size.
    private var words = InlineArray<16, UInt64>(repeating: 0)
    private(set) var largest: UInt64?

    init() {}

    /// One of which only the newest is known: others count as seen.
    ///
    /// - Parameter newest: one bit for each number up to `largest`, from its lowest bit on.
    init(largest: UInt64, newest: UInt64) {
        self.largest = largest
        words = InlineArray(repeating: .max)
        for distance in 0..<min(largest + 1, UInt64(UInt64.bitWidth)) where newest >> distance & 1 == 0 {
            words[Self.word(largest - distance)] &= ~Self.bit(largest - distance)
        }
    }

    /// One bit for each number up to the largest, from its lowest bit on.
    var newest: UInt64 {
        guard let largest else { return 0 }
        var bits: UInt64 = 0
        for distance in 0..<min(largest + 1, UInt64(UInt64.bitWidth)) where hasSeen(largest - distance) {
            bits |= 1 << distance
        }
        return bits
    }

    func hasSeen(_ number: UInt64) -> Bool {
        guard let largest, number <= largest else { return false }
        guard largest - number < Self.size else { return true }
        return words[Self.word(number)] & Self.bit(number) != 0
    }

    /// Only for packets that are authentic: others must not move the window.
    mutating func insert(_ number: UInt64) {
        if let largest {
            if number > largest {
                forget(after: largest, through: number)
                self.largest = number
            } else if largest - number >= Self.size {
                return
            }
        } else {
            largest = number
        }
        words[Self.word(number)] |= Self.bit(number)
    }

    private mutating func forget(after old: UInt64, through new: UInt64) {
        guard new - old < Self.size else {
            for index in words.indices { words[index] = 0 }
            return
        }
        var number = old
        while number < new {
            number += 1
            words[Self.word(number)] &= ~Self.bit(number)
        }
    }

    private static func word(_ number: UInt64) -> Int { Int((number % size) / 64) }
    private static func bit(_ number: UInt64) -> UInt64 { 1 << (number % 64) }
}
