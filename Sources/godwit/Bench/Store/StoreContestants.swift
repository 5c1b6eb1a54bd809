import Foundation
import StoreBench

/// Who is measured, and which program does it.
struct StoreContestants {
    static let ours = BitcaskEngine.all.keys.sorted()
    static let all = ours + ["leveldb", "rocksdb", "lmdb"]
    private static let program = "godwit-store-peers"

    let engines: [String]
    /// A word to the user about those who are missing.
    let missing: String?
    private let peers: String?

    static func find(_ wanted: [String], peers: String?) throws -> StoreContestants {
        let engines = all.filter { wanted.isEmpty || wanted.contains($0) }
        if let peers, !FileManager.default.isExecutableFile(atPath: peers) {
            throw BenchFailure(
                "\(peers) is no program; `make bench-store` builds it as .build-peers/release/\(program)")
        }
        if let found = peers ?? search() { return StoreContestants(engines: engines, missing: nil, peers: found) }
        let left = engines.filter { ours.contains($0) }
        guard !left.isEmpty else {
            throw BenchFailure("\(program) is not built, which drives these stores; `make bench-store` builds it")
        }
        let missing =
            left == engines
            ? nil : "the peers are not measured, since \(program) is not built; `make bench-store` builds it"
        return StoreContestants(engines: left, missing: missing, peers: nil)
    }

    /// Beside this binary, or where `make bench-store` puts it.
    private static func search() -> String? {
        let own = Bundle.main.executableURL?.resolvingSymlinksInPath().deletingLastPathComponent().path ?? "."
        return ["\(own)/\(program)", ".build-peers/release/\(program)"]
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// The command line for one task.
    func command(_ task: StoreTask) throws -> (program: String, arguments: [String]) {
        let argument = String(decoding: try JSONEncoder().encode(task), as: UTF8.self)
        if Self.ours.contains(task.engine) {
            let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path
            return (own, ["bench", "store-child", argument])
        }
        guard let peers else { throw BenchFailure("nothing drives \(task.engine)") }
        return (peers, [argument])
    }
}
