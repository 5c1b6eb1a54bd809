/// A picture of a report: a file name, what it shows, and the file's content.
package struct Picture: Sendable {
    package let name: String
    package let title: String
    package let scenario: String
    /// One for all profiles, shown above the table.
    package let isOverview: Bool
    package let document: String

    /// All pictures that a run's results are enough for.
    package static func all(of results: Results) -> [Picture] {
        ScenarioOrder.sorted(Set(results.cells.map(\.scenario))).flatMap { scenario in
            [overview(scenario, results)].compactMap { $0 } + curves(scenario, results)
        }
    }

    private static func overview(_ scenario: String, _ results: Results) -> Picture? {
        let cells = results.cells.filter { $0.scenario == scenario }
        let deadline = results.run.scenarios?[scenario]?.deadlineMilliseconds
        let figures = FigureRow.rows(for: cells, deadline: deadline).flatMap(\.figures)
        // The strictest share comes first.
        guard let figure = figures.first(where: { $0.unit == .percent }) else { return nil }
        let peers = results.peers.filter { peer in cells.contains { $0.peer == peer } }
        let profiles = ProfileOrder.sorted(Set(cells.map(\.profile)))
        guard peers.count > 1, profiles.count > 1 else { return nil }
        let rows = profiles.map { profile in
            (
                profile: profile,
                shares: peers.map { peer in
                    figure.value(of: results.runs(profile: profile, scenario: scenario, peer: peer))
                }
            )
        }
        let heading = "\(scenario): \(figure.name), %"
        let tiles = SuccessTiles(
            heading: heading,
            explanation: "Share of all attempts, by profile; median over runs, the best of a row in bold",
            peers: peers.map { ($0, results.title(of: $0)) }, rows: rows)
        return Picture(
            name: "\(scenario)-success.svg", title: heading, scenario: scenario, isOverview: true,
            document: tiles.document)
    }

    private static func curves(_ scenario: String, _ results: Results) -> [Picture] {
        let family = scenario == "connect" ? "connect_ms" : "echo_ms"
        guard ["chat", "connect"].contains(scenario) else { return [] }
        let cells = results.cells.filter { $0.scenario == scenario }
        return ProfileOrder.sorted(Set(cells.map(\.profile))).compactMap { profile in
            let others = results.peers.filter { $0 != Catalogue.godwit }
            let series = results.peers.compactMap { peer -> LatencyCurves.Series? in
                let samples = results.runs(profile: profile, scenario: scenario, peer: peer).flatMap {
                    $0.samples[family] ?? []
                }
                guard !samples.isEmpty else { return nil }
                return LatencyCurves.Series(
                    peer: peer, title: results.title(of: peer), rank: others.firstIndex(of: peer) ?? 0,
                    latencies: Latencies(samples))
            }
            guard !series.isEmpty else { return nil }
            let heading =
                scenario == "connect"
                ? "From nothing to the first reply on \(profile)" : "From send to echo on \(profile)"
            let curves = LatencyCurves(
                heading: heading, noun: scenario == "connect" ? "fresh connections" : "messages", series: series)
            return Picture(
                name: "\(scenario)-\(profile).svg", title: heading, scenario: scenario, isOverview: false,
                document: curves.document)
        }
    }
}
