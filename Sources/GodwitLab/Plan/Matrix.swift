/// Which cells a run has when nobody names them: a readable file of lines
/// `cells profiles="4g loss20" scenarios="chat connect" peers="*" runs="2"` and `set chat.messages="40"`.
package struct Matrix: Sendable, Equatable {
    package struct Block: Sendable, Equatable {
        package var profiles: [String]
        package var scenarios: [String]
        package var peers: [String]
        package var runs: Int
    }

    package var blocks: [Block] = []
    /// Scenario parameters that this matrix changes, `scenario.key` to value.
    package var overrides: [String: String] = [:]

    package init(blocks: [Block], overrides: [String: String] = [:]) {
        (self.blocks, self.overrides) = (blocks, overrides)
    }

    /// Names are checked against the catalogue; `*` is all of them.
    package init(parsing text: String, file: String, catalogue: Catalogue) throws(LabError) {
        for (number, line) in zip(1..., text.split(separator: "\n", omittingEmptySubsequences: false)) {
            let line = line.trimmed
            if line.isEmpty || line.hasPrefix("#") { continue }
            let word = line.prefix { !$0.isWhitespace }
            let assignments = try SettingsFile.assignments(in: line.dropFirst(word.count), file: file, line: number)
            switch word {
            case "set":
                for (key, value) in assignments {
                    guard let scenario = key.split(separator: ".").first, key.contains(".") else {
                        throw .badLine(file: file, line: number, problem: "expected set SCENARIO.KEY=\"value\"")
                    }
                    try Self.within(file, number) { () throws(LabError) in
                        try catalogue.check(profiles: [], scenarios: [String(scenario)], peers: [])
                    }
                    overrides[key] = value
                }
            case "cells":
                let block = try Self.block(assignments, file: file, line: number, catalogue: catalogue)
                try Self.within(file, number) { () throws(LabError) in
                    try catalogue.check(profiles: block.profiles, scenarios: block.scenarios, peers: block.peers)
                }
                blocks.append(block)
            default:
                throw .badLine(file: file, line: number, problem: "expected a line of cells or set, found '\(word)'")
            }
        }
    }

    private static func block(
        _ assignments: [(key: String, value: String)], file: String, line: Int, catalogue: Catalogue
    ) throws(LabError) -> Block {
        var block = Block(
            profiles: catalogue.profileNames, scenarios: catalogue.scenarioNames, peers: catalogue.peerNames, runs: 1)
        for (key, value) in assignments {
            let names = value.split(whereSeparator: \.isWhitespace).map(String.init)
            switch key {
            case "profiles": if names != ["*"] { block.profiles = names }
            case "scenarios": if names != ["*"] { block.scenarios = names }
            case "peers": if names != ["*"] { block.peers = names }
            case "runs":
                guard let runs = Int(value), (1...100).contains(runs) else {
                    throw .badLine(file: file, line: line, problem: "runs is a number from 1 to 100, not '\(value)'")
                }
                block.runs = runs
            default:
                throw .badLine(
                    file: file, line: line, problem: "unknown key '\(key)': expected profiles, scenarios, peers or runs"
                )
            }
        }
        return block
    }

    /// Gives an error about a name its place in the file.
    private static func within(_ file: String, _ line: Int, _ check: () throws(LabError) -> Void) throws(LabError) {
        do {
            try check()
        } catch {
            throw .badLine(file: file, line: line, problem: error.description)
        }
    }
}
