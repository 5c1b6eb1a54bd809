/// The lines that were printed and can still be reached on the screen, so that a delivery mark is changed where it
/// stands. Pure.
struct Transcript {
    private struct Line {
        let id: String
        let rows: Int
    }

    /// More than any screen has.
    private static let limit = 512

    private var lines: [Line] = []

    /// `rows` is what the line took on the screen.
    mutating func append(id: String, rows: Int) {
        lines.append(Line(id: id, rows: rows))
        if lines.count > Self.limit { lines.removeFirst() }
    }

    /// The screen was cleared or its width changed: nothing is where it was.
    mutating func forget() { lines.removeAll() }

    /// How many rows above the end of the transcript the line begins, and how many it has; nil when it is out of reach.
    func find(_ id: String, within reach: Int) -> (up: Int, rows: Int)? {
        var up = 0
        for line in lines.reversed() {
            up += line.rows
            if up > reach { return nil }
            if line.id == id { return (up, line.rows) }
        }
        return nil
    }
}
