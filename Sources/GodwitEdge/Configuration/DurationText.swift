import NIOCore

/// Durations as people write them: a whole number and a unit, `500ms`, `30s`, `5m`, `24h`, `7d`.
enum DurationText {
    private static let units: [(suffix: String, nanoseconds: Int64)] = [
        ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000),
        ("ms", 1_000_000),
    ]

    /// Nil without a unit, with a sign or a fraction, or beyond 292 years.
    static func parse(_ text: String) -> TimeAmount? {
        let digits = text.prefix { ("0"..."9").contains($0) }
        guard let number = Int64(digits), let unit = units.first(where: { $0.suffix == text[digits.endIndex...] })
        else { return nil }
        let (nanoseconds, overflow) = number.multipliedReportingOverflow(by: unit.nanoseconds)
        return overflow ? nil : .nanoseconds(nanoseconds)
    }

    /// In the largest unit that needs no fraction.
    static func format(_ amount: TimeAmount) -> String {
        for unit in units where amount.nanoseconds != 0 && amount.nanoseconds % unit.nanoseconds == 0 {
            return "\(amount.nanoseconds / unit.nanoseconds)\(unit.suffix)"
        }
        return "\(amount.nanoseconds / 1_000_000)ms"
    }
}
