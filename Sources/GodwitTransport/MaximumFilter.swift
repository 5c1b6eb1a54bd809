/// The largest value of the last few rounds, with the runners-up to follow it (Kathleen Nichols' windowed filter).
struct MaximumFilter {
    private struct Entry {
        var value: Double
        var round: Int
    }

    private let rounds: Int
    /// Falling values at rising rounds, at most three.
    private var entries: [Entry] = []

    init(rounds: Int) { self.rounds = rounds }

    var value: Double { entries.first?.value ?? 0 }

    mutating func update(_ value: Double, round: Int) {
        entries.removeAll { $0.value <= value }
        if entries.count == 3 { entries.removeLast() }
        entries.append(Entry(value: value, round: round))
        expire(round: round)
    }

    private mutating func expire(round: Int) {
        while entries.count > 1, let first = entries.first, round - first.round >= rounds { entries.removeFirst() }
    }
}
