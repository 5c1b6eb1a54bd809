import ArgumentParser
import Foundation
import GodwitEdge
import GodwitLab

/// `godwit lab run`: measures, prints the tables, and keeps everything for `report` and `compare`.
struct LabRunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run cells of the lab (needs root).",
        discussion: """
            Without names all of netem/matrix/full.matrix is run. Names choose from it; where profile, scenario and peer are \
            all named, every combination of them is run. Exit codes: 0 when every cell was measured, 1 when one failed, 130 after Ctrl-C.
            """)

    @OptionGroup var folder: LabFolder

    @Option(name: [.customLong("profile")], help: ArgumentHelp("Networks; may be repeated.", valueName: "name,…"))
    var profiles: [String] = []

    @Option(
        name: [.customLong("scenario")], help: ArgumentHelp("What happens there; may be repeated.", valueName: "name,…")
    )
    var scenarios: [String] = []

    @Option(name: [.customLong("peer")], help: ArgumentHelp("Who is measured; may be repeated.", valueName: "name,…"))
    var peers: [String] = []

    @Option(help: "How often each cell is run; else as the matrix says.")
    var runs: Int?

    @Option(
        help: "The dice of bodies and of what the lab chooses. The kernel's own dice for loss and jitter have no seed.")
    var seed: UInt64 = 1

    @Option(help: "Light cells at the same time in one guest.")
    var parallel = 6

    @Option(help: "Guests at the same time; else one a processor.")
    var lanes: Int?

    @Option(help: ArgumentHelp("Write everything into one file as well.", valueName: "file"))
    var json: String?

    @Option(help: ArgumentHelp("Where results go; else a new folder in .build/lab.", valueName: "dir"))
    var results: String?

    @Flag(help: "The short matrix, netem/matrix/smoke.matrix: minutes instead of an hour.")
    var smoke = false

    @Option(help: ArgumentHelp("A matrix of your own.", valueName: "file"))
    var matrix: String?

    @Option(help: ArgumentHelp("The binary under test; else this one.", valueName: "file"))
    var godwit: String?

    func validate() throws {
        func check(_ name: String, _ value: Int?, _ range: ClosedRange<Int>) throws {
            if let value, !range.contains(value) {
                throw ValidationError(
                    "--\(name) is a number from \(range.lowerBound) to \(range.upperBound), not \(value).")
            }
        }
        try check("runs", runs, 1...100)
        try check("parallel", parallel, 1...64)
        try check("lanes", lanes, 1...64)
    }

    func run() async throws {
        do {
            let session = try await prepare()
            let isWhole = try await session.run()
            if !isWhole { throw ExitCode.failure }
        } catch let error as LabError {
            throw Failure(error)
        }
    }

    private func prepare() async throws -> LabSession {
        let root = try folder.root()
        var catalogue = try Catalogue(folder: root + "/netem")
        var request = Plan.Request()
        request.profiles = try NameList.parse(profiles, flag: "profile")
        request.scenarios = try NameList.parse(scenarios, flag: "scenario")
        request.peers = try NameList.parse(peers, flag: "peer")
        (request.runs, request.seed) = (runs, seed)
        try catalogue.check(profiles: request.profiles, scenarios: request.scenarios, peers: request.peers)
        let matrixFile = matrix ?? root + "/netem/matrix/\(smoke ? "smoke" : "full").matrix"
        guard let text = FileManager.default.contents(atPath: matrixFile) else {
            throw LabError.unreadable(path: matrixFile, reason: "no such file")
        }
        let matrix = try Matrix(
            parsing: String(decoding: text, as: UTF8.self), file: matrixFile, catalogue: catalogue)
        let plan = try Plan(request, matrix: matrix, catalogue: catalogue)
        // Names first: a typing error needs no root to be told.
        guard geteuid() == 0 else { throw LabError.needsRoot }
        let binary = godwit ?? URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path
        guard FileManager.default.isExecutableFile(atPath: binary) else { throw LabError.noBinary(path: binary) }

        let host = HostCommand(root: root)
        catalogue.peers.merge(try await host.describePeers()) { _, told in told }
        let used = catalogue.peers.filter { peer in plan.cells.contains { $0.peer == peer.key } }
        try await host.prepare(used)

        let lanes = Lanes(
            plan.cells, lanes: self.lanes ?? ProcessInfo.processInfo.activeProcessorCount, parallel: parallel)
        var record = RunRecord(
            commit: await host.commit(), version: Edge.version, seed: seed, startedAt: Date.now.formatted(.iso8601))
        (record.lanes, record.parallel, record.cells) = (lanes.light.count, parallel, plan.cells.count)
        record.overrides = plan.overrides
        record.profiles = catalogue.profiles.filter { profile in plan.cells.contains { $0.profile == profile.key } }
        record.scenarios = catalogue.scenarios.filter { scenario in plan.cells.contains { $0.scenario == scenario.key }
        }
        record.peers = used
        let folder = try ResultsFolder.make(results, root: root, startedAt: record.startedAt)
        let lab = LabRun(
            root: root, results: folder.path, godwit: URL(fileURLWithPath: binary).path, commit: record.commit,
            plan: plan,
            lanes: lanes)
        return LabSession(lab: lab, lanes: lanes, record: record, folder: folder, json: json)
    }
}
