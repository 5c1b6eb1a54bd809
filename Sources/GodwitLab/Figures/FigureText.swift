import Foundation

extension Figure {
    /// The value as tables show it; equal texts count as equal values.
    package func text(_ value: Double) -> String {
        guard value.isFinite else { return "never" }
        switch unit {
        case .milliseconds, .bytes, .kilobits, .count: return Self.grouped(value)
        case .seconds: return Self.decimals(value, value < 10 ? 2 : 1)
        case .index: return Self.decimals(value, 2)
        case .percent:
            // Neither "all" nor "none" by rounding.
            if value > 99.5, value < 100 { return Self.decimals(min(value, 99.9), 1) }
            if value > 0, value < 0.5 { return Self.decimals(max(value, 0.1), 1) }
            return Self.grouped(value)
        }
    }

    /// How the unit is written behind a number; nothing for counts.
    package var unitText: String {
        switch unit {
        case .milliseconds: "ms"
        case .percent: "%"
        case .bytes: "bytes"
        case .seconds: "s"
        case .kilobits: "kbit/s"
        case .count, .index: ""
        }
    }

    /// Rounded, with a comma after each three digits.
    static func grouped(_ value: Double) -> String {
        guard value.magnitude < 1e15 else { return "\(value)" }
        let digits = String(Int64(value.rounded()).magnitude)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { text += "," }
            text.append(digit)
        }
        return value.rounded() < 0 ? "-" + text : text
    }

    /// Without decimals where there are none.
    static func trimmed(_ value: Double) -> String {
        value == value.rounded() ? grouped(value) : decimals(value, 1)
    }

    static func decimals(_ value: Double, _ count: Int) -> String {
        String(format: "%.\(count)f", value)
    }
}
