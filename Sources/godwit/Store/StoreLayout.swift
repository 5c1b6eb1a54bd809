import Bitcask
import Foundation
import ShardedStore

/// Which Bitcask directories a path stands for.
struct StoreLayout {
    struct Part {
        /// `shard-00`, or the directory's own name.
        let name: String
        let path: String
    }

    let directory: String
    let parts: [Part]
    /// `store.meta`, where there are shards.
    let metadata: StoreMetadata?
    /// Held until the layout goes, so that no server starts meanwhile; nil on a medium that cannot be written.
    private let lock: DataDirectory?

    /// Finds the store at `path` and locks it, or says who has it.
    init(_ path: String) throws {
        let path = URL(fileURLWithPath: path).standardizedFileURL.path
        guard Self.isDirectory(path) else { throw StoreToolError.noDirectory(path) }
        let candidates = [path, path + "/store"]
        if let sharded = candidates.first(where: {
            FileManager.default.fileExists(atPath: "\($0)/\(StoreMetadata.fileName)")
        }) {
            lock = try Self.lock(sharded)
            let file = "\(sharded)/\(StoreMetadata.fileName)"
            let bytes = FileManager.default.contents(atPath: file) ?? Data()
            let metadata = try StoreMetadata.decoded(Array(bytes), path: file)
            directory = sharded
            self.metadata = metadata
            parts = (0..<metadata.shardCount).map { index in
                let name = ShardIndex(index).description
                return Part(name: name, path: "\(sharded)/\(name)")
            }
            for part in parts where !Self.isDirectory(part.path) {
                throw StoreToolError.missingShard(part.path, of: parts.count)
            }
            return
        }
        guard !Self.dataFiles(in: path).isEmpty else { throw StoreToolError.notAStore(path) }
        directory = path
        metadata = nil
        parts = [Part(name: URL(fileURLWithPath: path).lastPathComponent, path: path)]
        lock = nil
    }

    /// Opens one part for work. Background maintenance stays off: what happens is what was asked for.
    func open(_ part: Part) throws -> Bitcask {
        var options = BitcaskOptions()
        options.maintainsInBackground = false
        return try Bitcask(directory: part.path, options: options)
    }

    /// Locks a part that is only read, against whoever would write to it.
    func lock(_ part: Part) throws -> DataDirectory? { try Self.lock(part.path) }

    private static func lock(_ directory: String) throws -> DataDirectory? {
        do throws(BitcaskError) {
            return try DataDirectory(directory)
        } catch .io(.lock, _, let code) where code == EROFS {
            return nil
        }
    }

    // MARK: Files

    static func isDirectory(_ path: String) -> Bool {
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
    }

    /// The files of a store in a directory, data and hints, oldest first.
    static func files(in directory: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return names.filter { name in
            let parts = name.split(separator: ".")
            return parts.count == 2 && parts[0].utf8.count == 10 && UInt32(parts[0]) != nil
                && (parts[1] == "data" || parts[1] == "hint")
        }.sorted()
    }

    /// The data files among them.
    static func dataFiles(in directory: String) -> [String] { files(in: directory).filter { $0.hasSuffix(".data") } }

    static func size(of path: String) -> UInt64 {
        var status = stat()
        return stat(path, &status) == 0 ? UInt64(clamping: status.st_size) : 0
    }

    /// Bytes of all data files.
    var bytes: UInt64 {
        parts.reduce(0) { sum, part in
            sum + Self.dataFiles(in: part.path).reduce(0) { $0 + Self.size(of: "\(part.path)/\($1)") }
        }
    }
}
