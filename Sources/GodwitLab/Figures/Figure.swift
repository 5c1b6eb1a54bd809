/// One number that a cell is judged by.
package struct Figure: Sendable, Hashable {
    /// Where the number comes from.
    package enum Source: Sendable, Hashable {
        /// A measure of a family of samples.
        case latency(family: String, Measure)
        case bytesUpPerMessage
        case bytesDownPerMessage
        case bytesUpPerHour
        case bytesDownPerHour
        /// Client's and server's processor seconds a thousand messages.
        case cpuPerThousand
        /// Bits a second.
        case goodput
        case duplicates
        case orderBreaks
        /// Clients of a storm.
        case clients
        /// Bits a second of bulk that has the bottleneck for itself.
        case rateAlone(Meeting)
        /// The share of the bottleneck beside its rival, of 100: half of it is fair.
        case share(Meeting)
        /// Jain's index of the two rates (R. Jain, D. Chiu, W. Hawe, DEC-TR-301): 1 for equal ones, 0.5 when one has all.
        case jain(Meeting)
    }

    /// Bulk beside a transfer of the kernel's TCP with congestion control `rival`, at a queue of so many bandwidth-delay products.
    package struct Meeting: Sendable, Hashable {
        package let rival: String
        package let queue: Double
    }

    package enum Measure: Sendable, Hashable {
        /// 0 to 1.
        case percentile(Double)
        case maximum
        /// The share that succeeded within so many milliseconds.
        case within(Double)
        case delivered
    }

    package enum Unit: Sendable, Hashable {
        case milliseconds, percent, bytes, seconds, kilobits, count, index
    }

    package let name: String
    package let source: Source

    package init(_ name: String, _ source: Source) {
        (self.name, self.source) = (name, source)
    }

    package var unit: Unit {
        switch source {
        case .latency(_, .within), .latency(_, .delivered): .percent
        case .latency: .milliseconds
        case .bytesUpPerMessage, .bytesDownPerMessage, .bytesUpPerHour, .bytesDownPerHour: .bytes
        case .cpuPerThousand: .seconds
        case .goodput, .rateAlone: .kilobits
        case .duplicates, .orderBreaks, .clients: .count
        case .share: .percent
        case .jain: .index
        }
    }

    package var isBetterHigher: Bool { [.percent, .kilobits, .index].contains(unit) }

    /// Whether more or less of it is better at all.
    package var isJudged: Bool {
        switch source {
        case .clients, .share: false
        default: true
        }
    }

    package func isBetter(_ left: Double, than right: Double) -> Bool { isBetterHigher ? left > right : left < right }

    /// A cell of silence has hardly a message to divide by.
    private static func messages(_ cell: CellRecord) -> Double? { cell.idle == nil ? cell.sent.map(Double.init) : nil }

    /// The figure of one cell, shares in percent; nil when the cell has not measured it, infinite for "never".
    package func value(of cell: CellRecord) -> Double? {
        switch source {
        case .latency(let family, let measure):
            return cell.samples[family].flatMap { measure.value(of: Latencies($0)) }
        case .bytesUpPerMessage: return Self.ratio(cell.wire?.upBytes, Self.messages(cell))
        case .bytesDownPerMessage: return Self.ratio(cell.wire?.downBytes, Self.messages(cell))
        case .bytesUpPerHour: return cell.idle?.upBytesPerHour
        case .bytesDownPerHour: return cell.idle?.downBytesPerHour
        case .cpuPerThousand:
            guard let cpu = cell.cpu, cpu.clientSeconds != nil || cpu.serverSeconds != nil else { return nil }
            return Self.ratio(
                ((cpu.clientSeconds ?? 0) + (cpu.serverSeconds ?? 0)) * 1_000, Self.messages(cell))
        case .goodput: return cell.goodput.map { $0 / 1_000 }
        case .duplicates: return cell.duplicates.map(Double.init)
        case .orderBreaks: return cell.orderBreaks.map(Double.init)
        case .clients: return cell.storm?.clients.map(Double.init)
        case .rateAlone(let meeting): return cell.fairness(in: meeting)?.aloneBitsPerSecond.map { $0 / 1_000 }
        case .share(let meeting): return cell.fairness(in: meeting)?.share.map { $0 * 100 }
        case .jain(let meeting): return cell.fairness(in: meeting)?.jain
        }
    }

    /// The median over runs.
    package func value(of runs: [CellRecord]) -> Double? { Self.median(runs.compactMap { value(of: $0) }) }

    package static func median(_ values: [Double]) -> Double? {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        let (low, high) = (sorted[(sorted.count - 1) / 2], sorted[sorted.count / 2])
        return low == high ? low : (low + high) / 2
    }

    private static func ratio(_ value: Double?, _ divisor: Double?) -> Double? {
        guard let value, let divisor, divisor > 0 else { return nil }
        return value / divisor
    }
}

extension Figure.Measure {
    package func value(of latencies: Latencies) -> Double? {
        switch self {
        case .percentile(let share): latencies.percentile(share)
        case .maximum: latencies.maximum
        case .within(let milliseconds): latencies.share(within: milliseconds).map { $0 * 100 }
        case .delivered: latencies.delivered.map { $0 * 100 }
        }
    }
}
