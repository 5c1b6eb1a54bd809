import Foundation

/// The Markdown of a run, and its place in a page that people write.
package struct ReportPage: Sendable {
    package static let begin = "<!-- godwit lab report: begin -->"
    package static let end = "<!-- godwit lab report: end -->"

    package let text: String

    /// `pictures` are files beside the page, with their captions, in the order of showing.
    package init(_ results: Results, pictures: [Picture], folder: String) {
        var text = Self.provenance(results)
        text += Losses(results).text(results)
        for scenario in ScenarioOrder.sorted(Set(results.cells.map(\.scenario))) {
            let table = ScenarioTable(results, scenario: scenario)
            text += "### \(scenario)\n\n"
            if let about = results.run.scenarios?[scenario]?.about, !about.isEmpty { text += about + "\n\n" }
            for picture in pictures where picture.scenario == scenario && picture.isOverview {
                text += "![\(picture.title)](\(folder)\(picture.name))\n\n"
            }
            text += table.table.text + "\n"
            if !table.footnotes.isEmpty { text += table.footnotes.joined(separator: "\\\n") + "\n\n" }
            let curves = pictures.filter { $0.scenario == scenario && !$0.isOverview }
            if !curves.isEmpty {
                text += curves.map { "![\($0.title)](\(folder)\($0.name))" }.joined(separator: "\n") + "\n\n"
            }
        }
        let repeatability = Repeatability(results)
        if !repeatability.table.rows.isEmpty {
            text += "### Repeatability\n\nThe same cell, run after run; the dice of netem differ in each.\n\n"
            text += "<details><summary>\(repeatability.table.rows.count) figures</summary>\n\n"
            text += repeatability.table.text + "\n</details>\n\n"
        }
        self.text = text + Self.peers(results)
    }

    private static func peers(_ results: Results) -> String {
        let described = results.peers.compactMap { peer in results.run.peers?[peer].map { (peer, $0) } }
            .filter { !$0.1.notes.isEmpty }
        guard !described.isEmpty else { return "" }
        var table = MarkdownTable(heads: ["peer", "name", "configuration"])
        table.rows = described.map { ["\($0.1.title)", "`\($0.0)`", $0.1.notes] }
        return "### Peers\n\n" + table.text + "\n"
    }

    /// What was run where, so that somebody can run it again.
    private static func provenance(_ results: Results) -> String {
        let run = results.run
        let ok = results.cells.count { $0.status == .ok }
        let unsupported = results.cells.count { $0.status == .unsupported }
        let failed = results.cells.count { $0.status == .failed }
        var facts = "Commit `\(run.commit)` (version \(run.version)), \(run.startedAt), seed \(run.seed). "
        facts +=
            "\(results.cells.count) cells: \(ok) measured, \(unsupported) beyond what the peer can do, \(failed) failed"
        if run.interrupted == true { facts += "; the run was interrupted, what follows is part of it" }
        facts += ".\n"
        for addition in results.later { facts += Self.provenance(addition) }
        let kernels = Set(results.guests.compactMap(\.kernel)).sorted()
        if !kernels.isEmpty { facts += "Kernel of the guests: \(kernels.joined(separator: ", ")). " }
        let versions = results.guests.compactMap(\.versions).reduce(into: [:]) { $0.merge($1) { first, _ in first } }
        if !versions.isEmpty {
            facts += versions.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ") + "."
        }
        facts = facts.split(separator: "\n").map { String($0.trimmed) }.joined(separator: "\n") + "\n\n"
        return facts
            + "Medians over runs; an attempt that never succeeded counts as longer than all others (\"never\"); "
            + "bold is the best of a row.\n\n"
    }

    private static func provenance(_ addition: Results.Addition) -> String {
        let (run, cells) = (addition.run, addition.cells)
        let scenarios = ScenarioOrder.sorted(Set(cells.map(\.scenario))).map { scenario in
            let peers = Catalogue.ordered(Set(cells.filter { $0.scenario == scenario }.map(\.peer)))
            return "\(scenario) of \(peers.joined(separator: ", "))"
        }
        return "Of these, \(cells.count) are of commit `\(run.commit)`, \(run.startedAt), seed \(run.seed): "
            + scenarios.joined(separator: "; ") + ".\n"
    }

    /// The page with the report between its two marks.
    package func inserted(into page: String, named name: String) throws(LabError) -> String {
        guard let begin = page.range(of: Self.begin), let end = page.range(of: Self.end),
            begin.upperBound <= end.lowerBound
        else { throw .noMarkers(page: name) }
        return page[..<begin.upperBound] + "\n\n" + text + page[end.lowerBound...]
    }
}
