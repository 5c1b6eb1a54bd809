/// All cells of one run of the lab, and how they share the machine.
package struct Plan: Sendable, Equatable {
    /// What somebody asked for; an empty list is "whatever the matrix has".
    package struct Request: Sendable, Equatable {
        package var profiles: [String] = []
        package var scenarios: [String] = []
        package var peers: [String] = []
        /// nil is what the matrix says.
        package var runs: Int?
        package var seed: UInt64 = 1

        package init() {}
    }

    package var cells: [Cell]
    package var seed: UInt64
    package var overrides: [String: String]

    package init(cells: [Cell], seed: UInt64, overrides: [String: String] = [:]) {
        (self.cells, self.seed, self.overrides) = (cells, seed, overrides)
    }

    /// Three named lists are a product; fewer choose from the matrix.
    package init(_ request: Request, matrix: Matrix, catalogue: Catalogue) throws(LabError) {
        try catalogue.check(profiles: request.profiles, scenarios: request.scenarios, peers: request.peers)
        let isProduct = !request.profiles.isEmpty && !request.scenarios.isEmpty && !request.peers.isEmpty
        let blocks =
            isProduct
            ? [Matrix.Block(profiles: request.profiles, scenarios: request.scenarios, peers: request.peers, runs: 1)]
            : matrix.blocks
        var cells: [Cell] = []
        var seen: Set<String> = []
        for block in blocks {
            // Runs are the outermost loop, so that what an interrupted run has is whole for the runs that it has.
            for run in 1...(request.runs ?? block.runs) {
                for scenario in Self.chosen(block.scenarios, request.scenarios) {
                    guard let facts = catalogue.scenarios[scenario] else { continue }
                    for profile in Self.chosen(block.profiles, request.profiles) {
                        for peer in Self.chosen(block.peers, request.peers) {
                            let cell = Cell(
                                profile: profile, scenario: scenario, peer: peer, run: run,
                                // The same for all peers: they meet the same dice as far as netem allows.
                                seed: Self.seed(request.seed, "\(profile)/\(scenario)#\(run)"), seconds: facts.seconds,
                                cpu: facts.isHeavy ? .heavy : .light)
                            if seen.insert(cell.id).inserted { cells.append(cell) }
                        }
                    }
                }
            }
        }
        guard !cells.isEmpty else {
            throw .noCells(
                "the matrix has no such cell; name all three of --profile, --scenario and --peer for one that is not in it"
            )
        }
        self.init(cells: cells, seed: request.seed, overrides: matrix.overrides)
    }

    private static func chosen(_ names: [String], _ wanted: [String]) -> [String] {
        wanted.isEmpty ? names : names.filter(wanted.contains)
    }

    /// FNV-1a of the name and the run's seed: a cell keeps its seed when others join the plan.
    private static func seed(_ seed: UInt64, _ name: String) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325 ^ seed
        for byte in name.utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
        }
        // Readers of JSON keep 53 bits of a number.
        return hash >> 11
    }
}
