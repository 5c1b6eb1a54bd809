import Bitcask
import Glibc

/// How an operator has a running server make a backup: a UNIX socket in the data directory, for whoever may write there.
///
/// A connection brings the target's absolute path and a newline; lines go back: `progress SHARD SHARDS FILE FILES`, and at
/// the end `done` or `error TEXT`. One backup at a time; further ones wait.
final class BackupSocket: Sendable {
    static let name = "backup.sock"
    /// Longer than any path that the kernel takes.
    static let requestLimit = 4_200
    /// A client that says or takes nothing for so long is let go, in seconds.
    private static let patience = 10
    private static let pauseMicroseconds: useconds_t = 50_000

    private let listener: Int32
    private let path: String
    private let thread: pthread_t

    /// Listens in `directory`; nil where there can be no socket: backups are then made with the server stopped.
    init?(directory: String, backup: @escaping @Sendable (String, (BackupProgress) -> Void) throws(StoreError) -> Void)
    {
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard listener >= 0 else { return nil }
        let path = "\(directory)/\(Self.name)"
        // The directory's lock is ours, so what is there is left over.
        unlink(path)
        let isListening = UnixAddress.with(directory: directory, name: Self.name) { address, length in
            bind(listener, address, length) == 0
        }
        guard isListening, chmod(path, 0o600) == 0, listen(listener, 4) == 0 else {
            Glibc.close(listener)
            unlink(path)
            return nil
        }
        let loop = Loop(listener: listener, backup: backup)
        let start = Unmanaged.passRetained(loop)
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<Loop>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, start.toOpaque())
        guard code == 0 else {
            start.release()
            Glibc.close(listener)
            unlink(path)
            return nil
        }
        (self.listener, self.path, self.thread) = (listener, path, thread)
    }

    /// Ends the thread after the backup that it is making; called once.
    func close() {
        // Ends a waiting `accept` as well.
        shutdown(listener, Int32(SHUT_RDWR))
        pthread_join(thread, nil)
        Glibc.close(listener)
        unlink(path)
    }

    private final class Loop: Sendable {
        let listener: Int32
        let backup: @Sendable (String, (BackupProgress) -> Void) throws(StoreError) -> Void

        init(
            listener: Int32, backup: @escaping @Sendable (String, (BackupProgress) -> Void) throws(StoreError) -> Void
        ) {
            self.listener = listener
            self.backup = backup
        }

        func run() {
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0 else {
                    if errno == EINVAL { return }
                    // No descriptor is left, or the client has gone: not at full speed.
                    usleep(BackupSocket.pauseMicroseconds)
                    continue
                }
                serve(client)
                Glibc.close(client)
            }
        }

        private func serve(_ client: Int32) {
            var limit = timeval(tv_sec: BackupSocket.patience, tv_usec: 0)
            setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
            setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
            var lines = SocketLines(client)
            guard let target = lines.next(limit: BackupSocket.requestLimit) else { return }
            guard target.hasPrefix("/") else { return _ = lines.send("error the target must be an absolute path") }
            do throws(StoreError) {
                try backup(target) { progress in
                    _ = lines.send(
                        "progress \(progress.shard) \(progress.shardCount) \(progress.files) \(progress.fileCount)")
                }
                _ = lines.send("done")
            } catch {
                _ = lines.send("error \(error)")
            }
        }
    }
}
