/// The table of one scenario: peers as columns, profiles as rows, medians over runs, the best of each figure in bold.
package struct ScenarioTable: Sendable {
    package let scenario: String
    package let table: MarkdownTable
    /// What the table's marks mean.
    package let footnotes: [String]

    package init(_ results: Results, scenario: String, emphasis: Bool = true) {
        self.scenario = scenario
        let cells = results.cells.filter { $0.scenario == scenario }
        let peers = results.peers.filter { peer in cells.contains { $0.peer == peer } }
        let rows = FigureRow.rows(for: cells, deadline: results.run.scenarios?[scenario]?.deadlineMilliseconds)
        var table = MarkdownTable(heads: ["profile", "figure"] + peers.map { results.title(of: $0) })
        for profile in ProfileOrder.sorted(Set(cells.map(\.profile))) {
            let columns = peers.map { peer in cells.filter { $0.profile == profile && $0.peer == peer } }
            let shown = rows.filter { row in
                columns.contains { runs in row.figures.contains { $0.value(of: runs) != nil } }
            }
            guard !shown.isEmpty else {
                table.rows.append([profile, ""] + columns.map(Self.blank))
                continue
            }
            for (number, row) in shown.enumerated() {
                table.rows.append(
                    [number == 0 ? profile : "", row.title]
                        + Self.texts(row, columns: columns, emphasis: emphasis && peers.count > 1))
            }
        }
        self.table = table
        footnotes = Self.footnotes(cells, results)
    }

    private static func texts(_ row: FigureRow, columns: [[CellRecord]], emphasis: Bool) -> [String] {
        var parts = columns.map { _ in [String]() }
        for figure in row.figures {
            let values = columns.map { figure.value(of: $0) }
            let texts = values.map { $0.map(figure.text) }
            let best = values.compactMap { $0 }.filter(\.isFinite).reduce(nil as Double?) { best, value in
                best.map { figure.isBetter(value, than: $0) ? value : $0 } ?? value
            }.map(figure.text)
            // Where all are equal nobody is best.
            let isContest = emphasis && figure.isJudged && Set(texts.compactMap { $0 }).count > 1
            for column in columns.indices {
                guard let text = texts[column] else { continue }
                parts[column].append(isContest && text == best ? "**\(text)**" : text)
            }
        }
        return columns.indices.map { column in
            guard !parts[column].isEmpty else { return blank(columns[column]) }
            let mark = columns[column].contains { $0.status == .failed } ? " †" : ""
            return parts[column].joined(separator: row.separator) + mark
        }
    }

    private static func blank(_ runs: [CellRecord]) -> String {
        if runs.contains(where: { $0.status == .failed }) { return "failed †" }
        return runs.contains { $0.status == .unsupported } ? "–" : ""
    }

    private static func footnotes(_ cells: [CellRecord], _ results: Results) -> [String] {
        var notes: [String] = []
        let unsupported = cells.filter { $0.status == .unsupported }
        for peer in Catalogue.ordered(Set(unsupported.map(\.peer))) {
            let reasons = Set(unsupported.filter { $0.peer == peer }.map { $0.reason ?? "no such capability" }).sorted()
            notes.append("– \(results.title(of: peer)): \(reasons.joined(separator: "; ")).")
        }
        for cell in cells where cell.status == .failed {
            notes.append("† `\(cell.id)` failed: \(cell.reason ?? "no reason given").")
        }
        return notes
    }
}

/// Profiles from good to bad, as people read them; those that are not known follow by name.
enum ProfileOrder {
    private static let known = [
        "4g", "lte-moving", "3g", "2g", "wifi-crowded", "loss20", "burst", "loss40", "subway", "elevator", "satellite",
        "roaming", "udp-blocked", "udp-throttled", "bottleneck",
    ]

    static func sorted(_ names: some Sequence<String>) -> [String] {
        func key(_ name: String) -> (Int, String) { (known.firstIndex(of: name) ?? known.count, name) }
        return names.sorted { key($0) < key($1) }
    }
}
