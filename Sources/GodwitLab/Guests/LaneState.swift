/// How far the cells of one lane are, through the guests that it takes.
///
/// A guest may die with cells begun: those have failed, and the cells that it never began go to another guest. A guest that dies without
/// beginning any would only be followed by more of its kind, so that ends the lane.
struct LaneState: Sendable {
    struct Failure: Sendable, Equatable {
        let cell: Cell
        let reason: String
    }

    /// Not begun by any guest yet.
    private(set) var waiting: [Cell]
    private(set) var running: [Cell] = []
    private var hasBegun = false

    init(_ cells: [Cell]) { waiting = cells }

    mutating func guestStarts() { hasBegun = false }

    mutating func take(_ line: GuestLine) {
        switch line {
        case .start(let id):
            guard let index = waiting.firstIndex(where: { $0.id == id }) else { return }
            hasBegun = true
            running.append(waiting.remove(at: index))
        case .done(let id, _):
            running.removeAll { $0.id == id }
        case .step, .other: return
        }
    }

    /// The cells that this ending has cost. `lastWords` is what the guest said at its end.
    mutating func guestEnded(status: String, lastWords: String) -> [Failure] {
        let words = status + (lastWords.isEmpty ? "" : ": " + lastWords)
        var failures = running.map { Failure(cell: $0, reason: "its guest ended in the middle of it (\(words))") }
        running = []
        if !hasBegun {
            failures += waiting.map { Failure(cell: $0, reason: "its guest could not run (\(words))") }
            waiting = []
        }
        return failures
    }
}
