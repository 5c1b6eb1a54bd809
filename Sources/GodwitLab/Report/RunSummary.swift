/// What a run says at its end, in a terminal.
package struct RunSummary {
    package let text: String

    package init(_ results: Results, planned: Int) {
        var text = ""
        for scenario in ScenarioOrder.sorted(Set(results.cells.map(\.scenario))) {
            let table = ScenarioTable(results, scenario: scenario, emphasis: false)
            text += "\n\(scenario)\n" + table.table.text
            if !table.footnotes.isEmpty { text += table.footnotes.joined(separator: "\n") + "\n" }
        }
        let repeatability = Repeatability(results)
        if !repeatability.table.rows.isEmpty { text += "\nrun to run\n" + repeatability.table.text }
        let failed = results.cells.count { $0.status == .failed }
        text += "\n\(results.cells.count) of \(planned) cells"
        if failed > 0 { text += ", \(failed) failed" }
        if !results.damaged.isEmpty { text += "; unreadable lines: \(results.damaged.joined(separator: ", "))" }
        self.text = text + "\n"
    }
}
