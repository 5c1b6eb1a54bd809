import Glibc

/// A store that another process has open, as an operator reaches it.
package enum RunningStore {
    /// Why there is no backup.
    package enum Failure: Error, CustomStringConvertible {
        /// Nobody listens: an older server, or none.
        case notListening
        /// The server went before the backup was complete.
        case interrupted
        /// What the server said.
        case refused(String)

        package var description: String {
            switch self {
            case .notListening: "the process that has the store takes no backups; stop it first"
            case .interrupted:
                "the server ended before the backup was complete; what is there has the name TARGET.partial"
            case .refused(let reason): "the server could not make the backup: \(reason)"
            }
        }
    }

    /// Has the process that holds the store in `directory` make a backup at `target`, an absolute path as that process sees it.
    package static func backup(
        _ directory: String, to target: String, progress: (BackupProgress) -> Void
    ) throws(Failure) {
        let server = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard server >= 0 else { throw .notListening }
        defer { close(server) }
        let isConnected = UnixAddress.with(directory: directory, name: BackupSocket.name) { address, length in
            connect(server, address, length) == 0
        }
        var lines = SocketLines(server)
        guard isConnected, lines.send(target) else { throw .notListening }
        while let line = lines.next(limit: BackupSocket.requestLimit) {
            if line == "done" { return }
            if line.hasPrefix("error ") { throw .refused(String(line.dropFirst(6))) }
            let numbers = line.split(separator: " ").dropFirst().compactMap { Int($0) }
            guard line.hasPrefix("progress "), numbers.count == 4 else { throw .interrupted }
            progress(
                BackupProgress(
                    shard: numbers[0], shardCount: numbers[1], files: numbers[2], fileCount: numbers[3]))
        }
        throw .interrupted
    }
}
