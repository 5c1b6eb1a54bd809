/// Sorted, disjoint, non-adjacent ranges of numbers. Small: linear from the high end, where packet numbers and offsets arrive.
///
/// The highest range is kept inline, so that a set without gaps, which most are, allocates nothing.
struct RangeSet: Equatable {
    /// Empty only when the whole set is.
    private var highest: Range<UInt64> = 0..<0
    /// The others, ascending.
    private(set) var lower: ContiguousArray<Range<UInt64>> = []

    var isEmpty: Bool { highest.isEmpty }
    var count: Int { isEmpty ? 0 : lower.count + 1 }
    var first: Range<UInt64>? { lower.first ?? last }
    var last: Range<UInt64>? { isEmpty ? nil : highest }
    /// All, ascending.
    var ranges: ContiguousArray<Range<UInt64>> { isEmpty ? [] : lower + CollectionOfOne(highest) }

    func contains(_ value: UInt64) -> Bool {
        if value >= highest.lowerBound { return value < highest.upperBound }
        for range in lower.reversed() where range.lowerBound <= value { return value < range.upperBound }
        return false
    }

    func covers(_ range: Range<UInt64>) -> Bool {
        if range.isEmpty || Self.contains(highest, range) { return true }
        return lower.contains { Self.contains($0, range) }
    }

    private static func contains(_ outer: Range<UInt64>, _ inner: Range<UInt64>) -> Bool {
        outer.lowerBound <= inner.lowerBound && inner.upperBound <= outer.upperBound
    }

    mutating func insert(_ new: Range<UInt64>) {
        guard !new.isEmpty else { return }
        if isEmpty {
            highest = new
        } else if new.lowerBound > highest.upperBound {
            lower.append(highest)
            highest = new
        } else if new.upperBound < highest.lowerBound {
            insertLower(new)
        } else {
            highest = min(new.lowerBound, highest.lowerBound)..<max(new.upperBound, highest.upperBound)
            while let last = lower.last, last.upperBound >= highest.lowerBound {
                highest = min(last.lowerBound, highest.lowerBound)..<highest.upperBound
                lower.removeLast()
            }
        }
    }

    /// A range that does not touch the highest.
    private mutating func insertLower(_ new: Range<UInt64>) {
        // The ranges that touch the new one: those after `low` and before `high`.
        var high = lower.count
        while high > 0, lower[high - 1].lowerBound > new.upperBound { high -= 1 }
        var low = high
        while low > 0, lower[low - 1].upperBound >= new.lowerBound { low -= 1 }
        guard low < high else {
            lower.insert(new, at: low)
            return
        }
        let merged =
            min(new.lowerBound, lower[low].lowerBound)..<max(new.upperBound, lower[high - 1].upperBound)
        lower[low] = merged
        if high - low > 1 { lower.removeSubrange((low + 1)..<high) }
    }

    mutating func remove(_ old: Range<UInt64>) {
        guard !old.isEmpty, !isEmpty else { return }
        removeLower(old)
        guard highest.overlaps(old) else { return }
        let (before, after) = Self.rest(of: highest, without: old)
        if after.isEmpty {
            highest = before.isEmpty ? lower.popLast() ?? 0..<0 : before
        } else {
            if !before.isEmpty { lower.append(before) }
            highest = after
        }
    }

    private mutating func removeLower(_ old: Range<UInt64>) {
        var index = lower.count
        while index > 0 {
            index -= 1
            let range = lower[index]
            if range.upperBound <= old.lowerBound { return }
            guard range.lowerBound < old.upperBound else { continue }
            let (before, after) = Self.rest(of: range, without: old)
            switch (before.isEmpty, after.isEmpty) {
            case (true, true): lower.remove(at: index)
            case (false, true): lower[index] = before
            case (true, false): lower[index] = after
            case (false, false):
                lower[index] = before
                lower.insert(after, at: index + 1)
            }
        }
    }

    private static func rest(
        of range: Range<UInt64>, without old: Range<UInt64>
    ) -> (before: Range<UInt64>, after: Range<UInt64>) {
        (
            range.lowerBound..<max(range.lowerBound, old.lowerBound),
            min(range.upperBound, old.upperBound)..<range.upperBound
        )
    }

    /// Forgets the lowest ranges until at most `limit` are left; `limit` is 1 or more.
    mutating func keepHighest(_ limit: Int) {
        if lower.count >= limit { lower.removeFirst(lower.count - limit + 1) }
    }

    mutating func removeAll() {
        highest = 0..<0
        lower.removeAll(keepingCapacity: true)
    }
}
