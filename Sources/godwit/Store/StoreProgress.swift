import Foundation

/// How far a long piece of work is: a bar on a terminal, else nothing but the result.
final class StoreProgress {
    private static let barColumns = 24
    private static let interval = Duration.milliseconds(200)

    private let title: String
    private let isLive = isatty(STDERR_FILENO) == 1
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private var shownAt: ContinuousClock.Instant?

    init(_ title: String) {
        self.title = title
        start = clock.now
    }

    deinit { clear() }

    /// Shows that `done` of `total` are done, bytes if no other unit is named.
    func show(_ done: UInt64, of total: UInt64, _ doing: String = "", unit: String? = nil) {
        let now = clock.now
        guard isLive, shownAt.map({ now - $0 >= Self.interval }) ?? true else { return }
        shownAt = now
        let share = total > 0 ? min(1, Double(done) / Double(total)) : 1
        let filled = Int(share * Double(Self.barColumns))
        let bar = String(repeating: "#", count: filled) + String(repeating: "-", count: Self.barColumns - filled)
        var text = "\(title) [\(bar)] \(Int(share * 100)) % of \(unit.map { "\(total) \($0)" } ?? Self.bytes(total))"
        let elapsed = (now - start) / .seconds(1)
        if share > 0.01, elapsed > 1 { text += ", \(Int(elapsed / share - elapsed)) s left" }
        if !doing.isEmpty { text += ", \(doing)" }
        write("\r\u{1b}[K" + text)
    }

    /// Takes the bar away.
    func clear() {
        if shownAt != nil { write("\r\u{1b}[K") }
        shownAt = nil
    }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }

    static func bytes(_ count: UInt64) -> String {
        let units = ["bytes", "KiB", "MiB", "GiB", "TiB"]
        var value = Double(count)
        var unit = 0
        while value >= 1_024, unit < units.count - 1 {
            value /= 1_024
            unit += 1
        }
        return unit == 0 ? "\(count) bytes" : String(format: "%.1f ", value) + units[unit]
    }
}
