/// Which share succeeded in time, profile by profile: a tile a peer, fuller the better, with its number.
struct SuccessTiles {
    let heading: String
    let explanation: String
    let peers: [(name: String, title: String)]
    let rows: [(profile: String, shares: [Double?])]

    private static let (left, tile, height, gap) = (122.0, 94.0, 30.0, 3.0)

    var document: String {
        let headLines = peers.map { WrappedText.lines($0.title, width: 12) }
        let deepest = Double(headLines.map(\.count).max() ?? 1)
        let top = 66 + deepest * 15 + 6
        let bottom = top + Double(rows.count) * (Self.height + Self.gap)
        var svg = SVG(
            width: Self.left + Double(peers.count) * (Self.tile + Self.gap) + 16, height: bottom + 18, title: heading,
            description: description)
        svg.text(heading, x: 16, y: 28, style: "title")
        svg.text(explanation, x: 16, y: 47, style: "muted")
        for (column, lines) in headLines.enumerated() {
            for (number, line) in lines.enumerated() {
                svg.text(
                    line, x: x(column) + Self.tile / 2, y: top - 10 - Double(lines.count - 1 - number) * 15,
                    anchor: .middle,
                    style: peers[column].name == Catalogue.godwit ? "town" : "muted")
            }
        }
        let figure = Figure("", .latency(family: "", .delivered))
        for (number, row) in rows.enumerated() {
            let y = top + Double(number) * (Self.height + Self.gap)
            svg.text(row.profile, x: Self.left - 10, y: y + 20, anchor: .end)
            let texts = row.shares.map { $0.map(figure.text) }
            let best = row.shares.compactMap { $0 }.max().map(figure.text)
            for (column, share) in row.shares.enumerated() {
                guard let share, let text = texts[column] else {
                    svg.text("–", x: x(column) + Self.tile / 2, y: y + 20, anchor: .middle, style: "muted")
                    continue
                }
                let opacity = 0.06 + 0.94 * (share / 100) * (share / 100)
                svg.rectangle(
                    x: x(column), y: y, width: Self.tile, height: Self.height, radius: 3, style: "tile",
                    opacity: opacity)
                let ink = opacity > 0.65 ? "onfill" : ""
                svg.text(
                    text, x: x(column) + Self.tile / 2, y: y + 20, anchor: .middle,
                    style: [ink, text == best ? "best" : ""].filter { !$0.isEmpty }.joined(separator: " "))
            }
        }
        if let own = peers.firstIndex(where: { $0.name == Catalogue.godwit }) {
            svg.rectangle(
                x: x(own) - 2, y: top - 2, width: Self.tile + 4, height: bottom - top - Self.gap + 4, radius: 4,
                style: "frame")
        }
        return svg.document
    }

    private func x(_ column: Int) -> Double { Self.left + Double(column) * (Self.tile + Self.gap) }

    private var description: String {
        rows.map { row in
            let shares = zip(peers, row.shares).map { peer, share in
                "\(peer.title) \(share.map { Figure.decimals($0, 1) + " %" } ?? "not measured")"
            }
            return "\(row.profile): \(shares.joined(separator: ", "))."
        }.joined(separator: " ")
    }
}
