import Foundation
import GodwitLab

/// A run as it goes, on standard error: one live line on a terminal, else a line for each cell that is done.
actor LabDisplay {
    private var progress: RunProgress
    private let isLive = isatty(STDERR_FILENO) == 1
    private let clock = ContinuousClock()
    private let start = ContinuousClock().now

    init(_ progress: RunProgress) { self.progress = progress }

    private var now: Double { (clock.now - start) / .seconds(1) }

    func take(_ event: LabRun.Event) {
        switch event {
        case .line(let line):
            progress.take(line, now: now)
            if case .done(let cell, let text) = line { told(cell, text) }
        case .lost(let cell, let reason):
            progress.lost(cell, now: now)
            told(cell, "failed: " + reason)
        }
    }

    func say(_ text: String) { write((isLive ? "\r\u{1b}[K" : "") + text + "\n") }

    /// Once a second.
    func tick() {
        guard isLive else { return }
        write("\r\u{1b}[K" + progress.line(columns: Self.columns, now: now))
    }

    func end() {
        if isLive { write("\r\u{1b}[K") }
    }

    /// On a terminal only what went wrong is worth a line that stays.
    private func told(_ cell: String, _ text: String) {
        if isLive, !text.hasPrefix("failed") { return }
        let left =
            progress.done < progress.total ? ", \(RunProgress.duration(progress.secondsLeft(now: now))) left" : ""
        say("lab: \(progress.done)/\(progress.total) \(cell) \(text)\(left)")
    }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }

    private static var columns: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}
