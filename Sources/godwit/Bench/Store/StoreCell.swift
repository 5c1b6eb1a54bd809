import ArgumentParser
import StoreBench

/// What is measured together, in one process a store and round.
enum StoreCell: String, CaseIterable, ExpressibleByArgument, Codable {
    case put100 = "put-100"
    case put1K = "put-1k"
    case buffered
    case synced
    case get
    case open
    case overwrite

    static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }

    /// Reads a store that was filled before, instead of filling one.
    var readsLoaded: Bool { self == .get || self == .open }
}

/// Which tasks a run consists of, and what they need.
struct StorePlan {
    static let putKeys = 1_000_000
    static let putBytes = 1_024
    static let loadedBytes = 100
    static let overwriteKeys = 250_000
    static let overwrites = 1_000_000
    static let syncedWriters = [1, 64]
    static let readers = [1, 2]
    /// Overwriting ends after so long, whatever is done by then.
    private static let overwriteSeconds = 60.0

    let cells: [StoreCell]
    let engines: [String]
    let rounds: Int
    let seconds: Double
    let keys: Int
    let seed: UInt64

    /// The most that lies on disk at a time: one store that is being written, which may be several times its data while it
    /// compacts, and all the loaded ones.
    var diskBytes: Int {
        let writing = cells.allSatisfy(\.readsLoaded) ? 0 : 4 << 30
        let loaded = cells.contains(where: \.readsLoaded) ? engines.count * keys * 3 * Self.loadedBytes : 0
        return writing + loaded
    }

    func load(_ engine: String, in directory: String) -> StoreTask {
        StoreTask(
            engine: engine, directory: directory, workload: .load, keys: keys, valueBytes: Self.loadedBytes, seed: seed)
    }

    func task(_ cell: StoreCell, _ engine: String, in directory: String, round: Int) -> StoreTask {
        var task = load(engine, in: directory)
        switch cell {
        case .put100: (task.workload, task.keys, task.seconds) = (.put, Self.putKeys, seconds)
        case .put1K:
            (task.workload, task.keys, task.seconds) = (.put, Self.putKeys, seconds)
            (task.valueBytes, task.operations) = (Self.putBytes, Self.putKeys)
        case .buffered:
            (task.workload, task.keys, task.seconds, task.durability) = (.put, Self.putKeys, seconds, .buffered)
        case .synced:
            (task.workload, task.keys, task.seconds, task.durability) = (.put, Self.putKeys, seconds, .synced)
            task.threads = Self.syncedWriters
        case .get: (task.workload, task.seconds, task.threads) = (.get, seconds, Self.readers)
        case .open: task.workload = .open
        case .overwrite:
            (task.workload, task.keys, task.valueBytes) = (.overwrite, Self.overwriteKeys, Self.putBytes)
            (task.operations, task.seconds) = (Self.overwrites, Self.overwriteSeconds)
        }
        // The loaded data were made with the plan's seed; everything else differs by round.
        if !cell.readsLoaded { task.seed = seed &+ UInt64(round) }
        return task
    }
}
