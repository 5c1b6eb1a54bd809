/// Nearest rank.
func percentile(_ sorted: [Double], _ share: Double) -> Double {
    guard !sorted.isEmpty else { return .nan }
    let rank = Int((share * Double(sorted.count)).rounded(.up))
    return sorted[min(max(rank, 1), sorted.count) - 1]
}

/// The share of all that took so many milliseconds at most.
func share(within limit: Double, _ latencies: [Double]) -> Double {
    Double(latencies.count { $0 <= limit }) / Double(max(latencies.count, 1))
}

func ms(_ value: Double) -> String { (value.isFinite ? fixed(value, 0) : "never").padded(6, left: true) }

/// What each of so many cost, up + down.
func eachWay(_ up: Int, _ down: Int, of count: Int, decimals: Int) -> String {
    let count = Double(max(count, 1))
    return fixed(Double(up) / count, decimals) + " + " + fixed(Double(down) / count, decimals)
}

/// A number with so many decimals.
func fixed(_ value: Double, _ decimals: Int) -> String {
    guard value.isFinite else { return "-" }
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    let whole = Int64((value * scale).rounded())
    guard decimals > 0 else { return String(whole) }
    let magnitude = String(whole.magnitude)
    let digits = String(repeating: "0", count: max(0, decimals + 1 - magnitude.count)) + magnitude
    return (whole < 0 ? "-" : "") + digits.dropLast(decimals) + "." + digits.suffix(decimals)
}

extension String {
    func padded(_ width: Int, left: Bool = false) -> String {
        let space = String(repeating: " ", count: max(0, width - count))
        return left ? space + self : self + space
    }
}
