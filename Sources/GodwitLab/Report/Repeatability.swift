/// What the same cell gave in run after run.
package struct Repeatability: Sendable {
    /// Fewer runs say nothing about spread.
    static let leastRuns = 2

    package let table: MarkdownTable

    package init(_ results: Results) {
        var table = MarkdownTable(heads: [
            "scenario", "profile", "peer", "figure", "runs", "median", "least to most", "spread",
        ])
        for scenario in ScenarioOrder.sorted(Set(results.cells.map(\.scenario))) {
            let cells = results.cells.filter { $0.scenario == scenario }
            let deadline = results.run.scenarios?[scenario]?.deadlineMilliseconds
            for profile in ProfileOrder.sorted(Set(cells.map(\.profile))) {
                for peer in results.peers {
                    let runs = cells.filter { $0.profile == profile && $0.peer == peer && $0.status == .ok }
                    guard runs.count >= Self.leastRuns else { continue }
                    for figure in FigureRow.rows(for: runs, deadline: deadline).flatMap(\.figures) {
                        guard let row = Self.row(figure, runs) else { continue }
                        table.rows.append([scenario, profile, results.title(of: peer)] + row)
                    }
                }
            }
        }
        self.table = table
    }

    private static func row(_ figure: Figure, _ runs: [CellRecord]) -> [String]? {
        let values = runs.compactMap { figure.value(of: $0) }.sorted()
        guard let median = Figure.median(values), let least = values.first, let most = values.last else { return nil }
        let spread: String
        if figure.unit == .percent {
            spread = Figure.decimals(most - least, 1) + " points"
        } else if median > 0, median.isFinite, most.isFinite {
            spread = Figure.decimals((most - least) / median * 100, 0) + " %"
        } else {
            spread = least == most ? "0 %" : "–"
        }
        return [
            (figure.name + " " + figure.unitText).trimmingSuffixBlank, "\(values.count)", figure.text(median),
            "\(figure.text(least)) to \(figure.text(most))", spread,
        ]
    }
}

extension String {
    fileprivate var trimmingSuffixBlank: String { hasSuffix(" ") ? String(dropLast()) : self }
}
