import Glibc
import Logging

/// Log lines for people on standard error: `2026-11-24T08:15:30Z info  edge: text key=value`.
struct StandardErrorLog: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    private let label: String

    static func bootstrap(level: Logger.Level) -> Logger {
        LoggingSystem.bootstrap { StandardErrorLog(label: $0, logLevel: level) }
        return Logger(label: "godwit")
    }

    private init(label: String, logLevel: Logger.Level) {
        self.label = label
        self.logLevel = logLevel
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
        let pairs = all.sorted { $0.key < $1.key }.map { " \($0.key)=\(Self.quoted("\($0.value)"))" }.joined()
        let level = event.level.rawValue.padded(to: 8)
        let line = Array(
            "\(Self.timestamp()) \(level) \(label): \(Self.oneLine("\(event.message)"))\(pairs)\n".utf8)
        // One call a line, so that lines of several threads do not mix.
        _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    /// RFC 3339, UTC, in milliseconds.
    private static func timestamp() -> String {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var parts = tm()
        gmtime_r(&now.tv_sec, &parts)
        var text = [CChar](repeating: 0, count: 32)
        let length = strftime(&text, text.count, "%Y-%m-%dT%H:%M:%S", &parts)
        let seconds = String(decoding: text[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let milliseconds = String(now.tv_nsec / 1_000_000)
        return seconds + "." + String(repeating: "0", count: 3 - milliseconds.count) + milliseconds + "Z"
    }

    /// Peers have a hand in what is logged: nothing of theirs may begin a line or move the cursor.
    private static func oneLine(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else { return text }
        return String(
            String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }))
    }

    private static func quoted(_ value: String) -> String {
        let value = oneLine(value)
        return value.contains(" ") ? "\"\(value.replacing("\"", with: "'"))\"" : value
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}
