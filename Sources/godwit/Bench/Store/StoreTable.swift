import Foundation
import StoreBench

/// All figures of a run, by row and store.
struct StoreTable: Sendable {
    /// One line of the table.
    struct Row: Sendable, Hashable {
        let title: String
        let unit: Unit
        /// Whether more is better.
        let isRate: Bool
        /// Whether dividing by a peer's figure says anything: stores that keep no keys in memory open at once.
        let isCompared: Bool

        enum Unit: String, Sendable {
            case perSecond = "/s", seconds = "s", bytes = "B", ratio = "x", microseconds = "µs"
        }

        init(_ title: String, _ unit: Unit, isCompared: Bool = true) {
            self.title = title
            self.unit = unit
            isRate = unit == .perSecond
            self.isCompared = isCompared
        }

        func text(_ value: Double) -> String {
            switch unit {
            case .perSecond: Self.grouped(value)
            case .seconds: String(format: "%.2f s", value)
            case .bytes: String(format: "%.1f B", value)
            case .ratio: String(format: "%.2f", value)
            case .microseconds: String(format: value < 100 ? "%.1f µs" : "%.0f µs", value)
            }
        }

        private static func grouped(_ value: Double) -> String {
            var digits = String(Int(value.rounded()))
            var index = digits.count - 3
            while index > 0 {
                digits.insert(",", at: digits.index(digits.startIndex, offsetBy: index))
                index -= 3
            }
            return digits
        }
    }

    private let engines: [String]
    private var rows: [Row] = []
    private var samples: [Row: [String: [Double]]] = [:]

    init(engines: [String]) { self.engines = engines }

    /// Adds a round's figures of one store and returns them in words.
    mutating func take(_ figures: StoreFigures, cell: StoreCell, engine: String, keys: Int) -> String {
        let entries = Self.entries(figures, cell: cell, keys: keys)
        for (row, value) in entries {
            if samples[row] == nil { rows.append(row) }
            samples[row, default: [:]][engine, default: []].append(value)
        }
        return entries.map { "\($0.title) \($0.text($1))" }.joined(separator: ", ")
    }

    private static func entries(_ figures: StoreFigures, cell: StoreCell, keys: Int) -> [(Row, Double)] {
        var entries: [(Row, Double)] = []
        let rates = figures.stretches.map(\.rate)
        switch cell {
        case .put100: entries = rates.map { (Row("put 100 B, not synced", .perSecond), $0) }
        case .put1K: entries = rates.map { (Row("put 1 KiB, not synced", .perSecond), $0) }
        case .buffered: entries = rates.map { (Row("put 100 B, buffered in the process", .perSecond), $0) }
        case .synced:
            for stretch in figures.stretches {
                let writers = stretch.threads == 1 ? "1 writer" : "\(stretch.threads) writers"
                entries.append((Row("put 100 B, synced, \(writers)", .perSecond), stretch.rate))
            }
            if let first = rates.first, let last = rates.last, rates.count > 1, first > 0 {
                entries.append((Row("gain from concurrent writers", .ratio, isCompared: false), last / first))
            }
        case .get:
            for stretch in figures.stretches {
                let threads = stretch.threads == 1 ? "1 thread" : "\(stretch.threads) threads"
                entries.append((Row("get 100 B, \(threads)", .perSecond), stretch.rate))
            }
        case .open:
            guard let opening = figures.opening else { break }
            entries.append((Row("open \(keys) keys", .seconds, isCompared: false), opening.seconds))
            entries.append(
                (Row("memory a key", .bytes, isCompared: false), Double(opening.residentBytes) / Double(keys)))
        case .overwrite:
            guard let told = figures.overwriting else { break }
            entries.append(
                (Row("write amplification", .ratio), Double(told.writtenBytes) / Double(max(told.userBytes, 1))))
            entries.append(
                (Row("disk for each live byte", .ratio), Double(told.diskBytes) / Double(max(told.liveBytes, 1))))
            entries.append((Row("put p99.9, new keys", .microseconds), told.aloneMicroseconds))
            if let cleaning = told.cleaningMicroseconds {
                entries.append((Row("put p99.9, while cleaning up", .microseconds), cleaning))
            }
            if let alone = told.aloneOwnMicroseconds, let cleaning = told.cleaningOwnMicroseconds {
                entries.append((Row("the same without waits for a processor, new keys", .microseconds), alone))
                entries.append((Row("the same without waits for a processor, cleaning up", .microseconds), cleaning))
            }
        }
        return entries
    }

    // MARK: Reading

    private func median(_ row: Row, _ engine: String) -> Double? {
        guard let sorted = samples[row]?[engine]?.sorted(), !sorted.isEmpty else { return nil }
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    /// Our median divided by that of the best peer: above 1 is better in rates, below 1 in all else.
    private func ratio(_ row: Row) -> Double? {
        guard row.isCompared else { return nil }
        let peers = engines.filter { !StoreContestants.ours.contains($0) }.compactMap { median(row, $0) }
        guard let best = row.isRate ? peers.max() : peers.min(), best > 0, let first = StoreContestants.ours.first,
            let own = median(row, first)
        else { return nil }
        return own / best
    }

    /// The table as Markdown.
    var text: String {
        var lines = ["| figure | " + engines.joined(separator: " | ") + " | ours / best peer |"]
        lines.append("|---|" + String(repeating: "---|", count: engines.count + 1))
        for row in rows {
            let values = engines.map { median(row, $0).map(row.text) ?? "-" }
            let ratio = ratio(row).map { String(format: "%.2f", $0) } ?? "-"
            lines.append("| \(row.title) | " + values.joined(separator: " | ") + " | \(ratio) |")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The same for programs, with every round.
    func json(_ plan: StorePlan) throws -> Data {
        struct Document: Encodable {
            struct Line: Encodable {
                let figure: String
                let unit: String
                let rounds: [String: [Double]]
                let medians: [String: Double]
                let oursToBestPeer: Double?
            }
            let machine: String
            let seed: UInt64
            let keys: Int
            let rounds: Int
            let figures: [Line]
        }
        let lines = rows.map { row in
            Document.Line(
                figure: row.title, unit: row.unit.rawValue, rounds: samples[row] ?? [:],
                medians: Dictionary(
                    uniqueKeysWithValues: engines.compactMap { engine in median(row, engine).map { (engine, $0) } }),
                oursToBestPeer: ratio(row))
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        return try encoder.encode(
            Document(
                machine: Machine.description, seed: plan.seed, keys: plan.keys, rounds: plan.rounds, figures: lines))
    }
}
