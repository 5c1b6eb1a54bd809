/// The names in a store's directory.
enum FileName {
    static let lock = "LOCK"

    case data(UInt32)
    case hint(UInt32)
    /// Unfinished: removed at opening.
    case temporary

    /// What the store may have written under `name`; nil for files that are not its own.
    init?(_ name: String) {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count >= 2, parts[0].utf8.count == 10, let id = UInt32(parts[0]) else { return nil }
        switch parts[1...].joined(separator: ".") {
        case "data": self = .data(id)
        case "hint": self = .hint(id)
        case "data.tmp", "hint.tmp": self = .temporary
        default: return nil
        }
    }

    static func ofData(_ id: UInt32) -> String { "\(padded(id)).data" }
    static func ofHint(_ id: UInt32) -> String { "\(padded(id)).hint" }
    static func ofTemporary(for name: String) -> String { "\(name).tmp" }

    private static func padded(_ id: UInt32) -> String {
        let digits = String(id)
        return String(repeating: "0", count: 10 - digits.count) + digits
    }
}
