/// How far a run is, and how long the rest will take.
package struct RunProgress: Sendable {
    package let total: Int
    package private(set) var done = 0
    package private(set) var failed = 0
    /// Running cells in the order of their start, with the last that each said.
    package private(set) var running: [(cell: String, text: String)] = []
    private let expected: [String: Double]
    private let heavy: Set<String>
    /// Light cells that run at the same time when all lanes are busy.
    private let width: Double
    private var remaining: [String: Double]
    private var startedAt: [String: Double] = [:]
    private var finishedExpected = 0.0
    private var finishedActual = 0.0

    package init(_ lanes: Lanes) {
        let light = lanes.light.flatMap { $0 }
        let cells = lanes.heavy + light
        total = cells.count
        expected = Dictionary(cells.map { ($0.id, $0.seconds) }) { first, _ in first }
        remaining = expected
        heavy = Set(lanes.heavy.map(\.id))
        width = Double(max(1, min(lanes.light.count * lanes.parallel, light.count)))
    }

    /// `now` is in seconds of any clock that does not jump.
    package mutating func take(_ line: GuestLine, now: Double) {
        switch line {
        case .start(let cell):
            startedAt[cell] = now
            running.append((cell, ""))
        case .step(let cell, let text):
            guard let index = running.firstIndex(where: { $0.cell == cell }) else { return }
            running[index].text = text
        case .done(let cell, let text):
            finish(cell, now: now)
            if text.hasPrefix("failed") { failed += 1 }
        case .other: return
        }
    }

    /// A cell that its guest took with it.
    package mutating func lost(_ cell: String, now: Double) {
        finish(cell, now: now)
        failed += 1
    }

    private mutating func finish(_ cell: String, now: Double) {
        running.removeAll { $0.cell == cell }
        guard remaining.removeValue(forKey: cell) != nil else { return }
        done += 1
        guard let start = startedAt.removeValue(forKey: cell), let seconds = expected[cell] else { return }
        finishedExpected += seconds
        finishedActual += now - start
    }

    /// Seconds that the rest will take: the estimates, corrected by how right they were so far.
    package func secondsLeft(now: Double) -> Double {
        let correction = finishedExpected > 0 ? min(max(finishedActual / finishedExpected, 0.2), 5) : 1
        var (alone, together, longest) = (0.0, 0.0, 0.0)
        for (cell, seconds) in remaining {
            let left = max(seconds * correction - (startedAt[cell].map { now - $0 } ?? 0), 1)
            if heavy.contains(cell) { alone += left } else { together += left }
            if startedAt[cell] != nil { longest = max(longest, left) }
        }
        return max(alone + together / width, longest)
    }

    /// One line of at most so many columns: a bar, the count, the time left, and what runs.
    package func line(columns: Int, now: Double) -> String {
        let bar = 20
        let full = total == 0 ? bar : bar * done / total
        var text = "▕" + String(repeating: "█", count: full) + String(repeating: "░", count: bar - full) + "▏ "
        text += "\(done)/\(total) cells"
        if failed > 0 { text += ", \(failed) failed" }
        if done < total { text += ", " + Self.duration(secondsLeft(now: now)) + " left" }
        for (index, each) in running.enumerated() {
            text +=
                (index == 0 ? "  " : " · ") + each.cell.prefix { $0 != "#" }
                + (each.text.isEmpty ? "" : " (\(each.text))")
        }
        return text.count <= columns ? text : String(text.prefix(max(0, columns - 1))) + "…"
    }

    /// "45 s", "12 min", "1 h 5 min".
    package static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e9 else { return "forever" }
        if seconds < 90 { return "\(Int(seconds.rounded(.up))) s" }
        let minutes = Int((seconds / 60).rounded(.up))
        return minutes < 60 ? "\(minutes) min" : "\(minutes / 60) h \(minutes % 60) min"
    }
}
