import Foundation

/// A line that a guest printed.
package enum GuestLine: Sendable, Equatable {
    case start(cell: String)
    case step(cell: String, text: String)
    /// The cell has its record.
    case done(cell: String, text: String)
    /// Anything else: warnings of the guest, or its last words.
    case other(String)

    package init(_ line: String) {
        struct Progress: Decodable {
            let progress: String
            let id: String
            let text: String?
        }
        guard line.hasPrefix("{"), let progress = try? JSONDecoder().decode(Progress.self, from: Data(line.utf8)) else {
            self = .other(line)
            return
        }
        switch progress.progress {
        case "start": self = .start(cell: progress.id)
        case "step": self = .step(cell: progress.id, text: progress.text ?? "")
        case "done": self = .done(cell: progress.id, text: progress.text ?? "")
        default: self = .other(line)
        }
    }
}
