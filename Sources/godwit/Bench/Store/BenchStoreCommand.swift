import ArgumentParser
import Foundation
import StoreBench
import UnixSignals

/// `godwit bench store`: Bitcask beside LevelDB, RocksDB and LMDB.
struct BenchStoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store",
        abstract: "Bitcask beside LevelDB, RocksDB and LMDB: the same data, the same durability, in one run.",
        discussion: """
            Each store runs in a process of its own, in turns; the medians of all rounds are printed, and our figure divided by the best \
            peer's. `make bench-store` installs the peers' libraries and builds the program that drives them; without it Bitcask is \
            measured alone. With the defaults it takes about \(Self.defaultMinutes) minutes, and 5 GB in --directory, which should be on the disk \
            that a store would be on. What is measured, and how the peers are tuned, is in docs/store-benchmarks.md.
            """)
    static let defaultMinutes = 15

    @Option(help: "Rounds of each figure, whose median counts.")
    var rounds = 3
    @Option(help: "Seconds at most that each stretch of puts or gets takes.")
    var seconds = 3.0
    @Option(help: "Keys in the store that gets read and that is opened.")
    var keys = 1_000_000
    @Option(
        help: ArgumentHelp(
            "Only this; may be repeated: \(StoreCell.names).", valueName: "figure"))
    var only: [StoreCell] = []
    @Option(
        help: ArgumentHelp("Only this store; may be repeated: bitcask, leveldb, rocksdb, lmdb.", valueName: "store"))
    var engine: [String] = []
    @Option(help: "The seed of keys, values and choices.")
    var seed: UInt64 = 1
    @Option(
        help: ArgumentHelp("Where to make a directory for the data, which is removed at the end.", valueName: "dir"))
    var directory = "."
    @Option(help: ArgumentHelp("The program that drives the peers; else it is looked for.", valueName: "file"))
    var peers: String?
    @Option(help: ArgumentHelp("Write all rounds and the medians into this file as well.", valueName: "file"))
    var json: String?

    func validate() throws {
        guard (1...100).contains(rounds) else { throw ValidationError("--rounds takes 1 to 100") }
        guard (0.1...60).contains(seconds) else { throw ValidationError("--seconds takes 0.1 to 60") }
        guard (10_000...100_000_000).contains(keys) else {
            throw ValidationError("--keys takes 10000 to 100000000")
        }
        for name in engine where !StoreContestants.all.contains(name) {
            throw ValidationError("--engine knows \(StoreContestants.all.joined(separator: ", ")), not \(name)")
        }
    }

    func run() async throws {
        do {
            let contestants = try StoreContestants.find(engine, peers: peers)
            let cells = StoreCell.allCases.filter { only.isEmpty || only.contains($0) }
            let plan = StorePlan(
                cells: cells, engines: contestants.engines, rounds: rounds, seconds: seconds, keys: keys, seed: seed)
            let room = try BenchDirectory(in: directory, needs: plan.diskBytes)
            defer { room.remove() }
            say("data in \(room.path), \(plan.diskBytes >> 30) GiB at most; \(Machine.description)")
            #if DEBUG
            say("this is a debug build: its figures mean nothing")
            #endif
            if let missing = contestants.missing { say(missing) }
            let session = StoreSession(plan: plan, contestants: contestants, room: room, say: { [self] in say($0) })
            let table = try await session.runUnlessInterrupted()
            print(table.text, terminator: "")
            if let json { try table.json(plan).write(to: URL(fileURLWithPath: json)) }
        } catch let error as BenchFailure {
            throw Failure(error)
        }
    }

    private func say(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}

/// `godwit bench store-child`: one task with Bitcask, in a process of its own.
struct BenchStoreChildCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "store-child", shouldDisplay: false)

    @Argument var task: String

    func run() throws {
        let code = StoreBench.main(argument: task, engines: BitcaskEngine.all)
        if code != 0 { throw ExitCode(code) }
    }
}
