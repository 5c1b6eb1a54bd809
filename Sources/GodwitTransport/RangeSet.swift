/// Sorted, disjoint, non-adjacent ranges of numbers. Small: linear from the high end, where packet numbers and offsets arrive.
struct RangeSet: Equatable {
    private(set) var ranges: ContiguousArray<Range<UInt64>> = []

    var isEmpty: Bool { ranges.isEmpty }
    var count: Int { ranges.count }
    var first: Range<UInt64>? { ranges.first }
    var last: Range<UInt64>? { ranges.last }

    func contains(_ value: UInt64) -> Bool {
        for range in ranges.reversed() where range.lowerBound <= value { return value < range.upperBound }
        return false
    }

    func covers(_ range: Range<UInt64>) -> Bool {
        range.isEmpty || ranges.contains { $0.lowerBound <= range.lowerBound && range.upperBound <= $0.upperBound }
    }

    mutating func insert(_ new: Range<UInt64>) {
        guard !new.isEmpty else { return }
        // The ranges that touch the new one: those after `low` and before `high`.
        var high = ranges.count
        while high > 0, ranges[high - 1].lowerBound > new.upperBound { high -= 1 }
        var low = high
        while low > 0, ranges[low - 1].upperBound >= new.lowerBound { low -= 1 }
        guard low < high else {
            ranges.insert(new, at: low)
            return
        }
        let merged =
            min(new.lowerBound, ranges[low].lowerBound)..<max(new.upperBound, ranges[high - 1].upperBound)
        ranges[low] = merged
        if high - low > 1 { ranges.removeSubrange((low + 1)..<high) }
    }

    mutating func remove(_ old: Range<UInt64>) {
        guard !old.isEmpty else { return }
        var index = ranges.count
        while index > 0 {
            index -= 1
            let range = ranges[index]
            if range.upperBound <= old.lowerBound { return }
            guard range.lowerBound < old.upperBound else { continue }
            let before = range.lowerBound..<max(range.lowerBound, old.lowerBound)
            let after = min(range.upperBound, old.upperBound)..<range.upperBound
            switch (before.isEmpty, after.isEmpty) {
            case (true, true): ranges.remove(at: index)
            case (false, true): ranges[index] = before
            case (true, false): ranges[index] = after
            case (false, false):
                ranges[index] = before
                ranges.insert(after, at: index + 1)
            }
        }
    }

    /// Forgets the lowest ranges until at most `limit` are left.
    mutating func keepHighest(_ limit: Int) {
        if ranges.count > limit { ranges.removeFirst(ranges.count - limit) }
    }

    mutating func removeAll() { ranges.removeAll(keepingCapacity: true) }
}
