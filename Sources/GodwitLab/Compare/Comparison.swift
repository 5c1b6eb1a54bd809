/// What changed between two runs of the lab.
package struct Comparison: Sendable {
    package struct Entry: Sendable, Equatable {
        package let profile: String
        package let scenario: String
        package let peer: String
        package let judgement: Judgement
    }

    package var entries: [Entry] = []
    /// Cells that only one side has, or that have no figures on one.
    package var onlyBefore: [String] = []
    package var onlyAfter: [String] = []

    package init(before: Results, after: Results, draws: Int = Bootstrap.usualDraws) {
        let names = [before, after].map { results in
            Set(results.cells.filter { $0.status == .ok }.map { [$0.scenario, $0.profile, $0.peer] })
        }
        func text(_ name: [String]) -> String { name.joined(separator: "/") }
        onlyBefore = names[0].subtracting(names[1]).map(text).sorted()
        onlyAfter = names[1].subtracting(names[0]).map(text).sorted()
        for name in names[0].intersection(names[1]).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            let (scenario, profile, peer) = (name[0], name[1], name[2])
            let sides = [before, after].map { results in
                results.runs(profile: profile, scenario: scenario, peer: peer).filter { $0.status == .ok }
            }
            let deadline = after.run.scenarios?[scenario]?.deadlineMilliseconds
            let figures = FigureRow.rows(for: sides[0] + sides[1], deadline: deadline).flatMap(\.figures).filter(
                \.isJudged)
            entries += Judgement.judge(figures, before: sides[0], after: sides[1], draws: draws).map {
                Entry(profile: profile, scenario: scenario, peer: peer, judgement: $0)
            }
        }
    }

    package func entries(_ verdict: Judgement.Verdict) -> [Entry] { entries.filter { $0.judgement.verdict == verdict } }

    /// What got worse of the peers that count.
    package func regressions(of peers: [String]) -> [Entry] { entries(.worse).filter { peers.contains($0.peer) } }
}
