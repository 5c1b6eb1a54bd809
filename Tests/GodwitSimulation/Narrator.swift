import NIOCore

/// Tells a replayed seed's story, line by line; silent otherwise.
struct Narrator: Sendable {
    private let tell: (@Sendable (String) -> Void)?

    init(_ tell: (@Sendable (String) -> Void)?) { self.tell = tell }

    /// `line` is not even made when nobody listens.
    func say(_ now: NIODeadline, _ line: @autoclosure () -> String) {
        guard let tell else { return }
        let milliseconds = (now - VirtualClock().start).nanoseconds / 1_000_000
        tell("\(milliseconds) ms  \(line())")
    }
}
