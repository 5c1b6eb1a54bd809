/// Where Godwit is behind the best other peer, and whether by more than the noise.
package struct Losses: Sendable {
    package struct Loss: Sendable, Equatable {
        package let scenario: String
        package let profile: String
        package let best: String
        /// From the best peer to Godwit.
        package let judgement: Judgement
    }

    /// Beyond the noise.
    package private(set) var losses: [Loss] = []
    /// Figures that Godwit and at least one other peer have.
    package private(set) var compared = 0
    /// Behind, but within the noise.
    package private(set) var withinNoise = 0

    package init(_ results: Results, draws: Int = Bootstrap.usualDraws) {
        for scenario in ScenarioOrder.sorted(Set(results.cells.map(\.scenario))) {
            let cells = results.cells.filter { $0.scenario == scenario }
            let deadline = results.run.scenarios?[scenario]?.deadlineMilliseconds
            let figures = FigureRow.rows(for: cells, deadline: deadline).flatMap(\.figures)
            for profile in ProfileOrder.sorted(Set(cells.map(\.profile))) {
                let peers = Set(cells.map(\.peer)).sorted()
                let runs = Dictionary(
                    uniqueKeysWithValues: peers.map { peer in
                        (peer, cells.filter { $0.profile == profile && $0.peer == peer && $0.status != .unsupported })
                    })
                add(figures, of: runs, scenario: scenario, profile: profile, draws: draws)
            }
        }
    }

    private mutating func add(
        _ figures: [Figure], of runs: [String: [CellRecord]], scenario: String, profile: String, draws: Int
    ) {
        guard let ours = runs[Catalogue.godwit], !ours.isEmpty else { return }
        var behind: [String: [Figure]] = [:]
        for figure in figures where figure.isJudged {
            guard let own = figure.value(of: ours) else { continue }
            let others = runs.filter { !Catalogue.isGodwit($0.key) }.sorted { $0.key < $1.key }
                .compactMap { peer, runs in figure.value(of: runs).map { (peer: peer, value: $0) } }
            guard let best = others.max(by: { figure.isBetter($1.value, than: $0.value) }) else { continue }
            compared += 1
            if figure.isBetter(best.value, than: own), figure.text(best.value) != figure.text(own) {
                behind[best.peer, default: []].append(figure)
            }
        }
        for (peer, figures) in behind.sorted(by: { $0.key < $1.key }) {
            for judgement in Judgement.judge(figures, before: runs[peer] ?? [], after: ours, draws: draws) {
                if judgement.verdict == .worse {
                    losses.append(Loss(scenario: scenario, profile: profile, best: peer, judgement: judgement))
                } else {
                    withinNoise += 1
                }
            }
        }
    }

    package func text(_ results: Results) -> String {
        guard compared > 0 else { return "" }
        var text = "### Where Godwit loses\n\n"
        text +=
            "Of \(compared) figures that Godwit and other peers share, it is behind the best of them in \(losses.count) by more than "
        text += "the noise (99 % interval), and in \(withinNoise) within it.\n"
        guard !losses.isEmpty else { return text + "\n" }
        var table = MarkdownTable(heads: ["scenario", "figure", "profile: Godwit, the best other peer"])
        var groups: [(scenario: String, figure: Figure, texts: [String])] = []
        for loss in losses {
            let figure = loss.judgement.figure
            let pair =
                "`\(loss.profile)`: \(figure.text(loss.judgement.after)), "
                + "\(results.title(of: loss.best)) \(figure.text(loss.judgement.before))"
            if let index = groups.firstIndex(where: { $0.scenario == loss.scenario && $0.figure == figure }) {
                groups[index].texts.append(pair)
            } else {
                groups.append((loss.scenario, figure, [pair]))
            }
        }
        for group in groups {
            let unit = group.figure.unitText.isEmpty ? "" : ", \(group.figure.unitText)"
            table.rows.append([group.scenario, group.figure.name + unit, group.texts.joined(separator: "; ")])
        }
        return text + "\n" + table.text + "\n"
    }
}
