import Synchronization

/// A directory held for this process, with small files that are replaced as a whole; for layers that keep several stores.
package final class DataDirectory: Sendable {
    package let path: String
    private let disk = PosixFileSystem()
    private let lock: Mutex<FileHandle?>

    /// Creates the directory when absent and takes its lock, or says who has it.
    package init(_ path: String) throws(BitcaskError) {
        self.path = path
        let disk = disk
        try attempt(path) { () throws(SystemError) in try disk.createDirectory(path) }
        let held = try disk.lock("\(path)/\(FileName.lock)")
        lock = Mutex(held)
    }

    deinit {
        release()
    }

    /// Lets the directory go; further calls do nothing.
    package func release() {
        let held = lock.withLock { lock in
            defer { lock = nil }
            return lock
        }
        if let held { disk.close(held) }
    }

    /// The names in the directory.
    package func names() throws(BitcaskError) -> [String] {
        try attempt(path) { () throws(SystemError) in try disk.names(in: path) }
    }

    /// The first `limit` bytes of a file; nil when there is no such file.
    package func read(_ name: String, limit: Int) throws(BitcaskError) -> [UInt8]? {
        guard try names().contains(name) else { return nil }
        return try attempt("\(path)/\(name)") { () throws(SystemError) in
            try disk.withFile("\(path)/\(name)") { file throws(SystemError) in try disk.read(file, upTo: limit) }
        }
    }

    /// Gives the file this content, durably: after a crash it has the old or the new one.
    package func replace(_ name: String, with bytes: [UInt8]) throws(BitcaskError) {
        let target = "\(path)/\(name)"
        try attempt(target) { () throws(SystemError) in
            let temporary = FileName.ofTemporary(for: target)
            let file = try disk.create(temporary)
            defer { disk.close(file) }
            try disk.write(file, bytes, at: 0)
            try disk.sync(file)
            try disk.rename(temporary, to: target)
            try disk.syncDirectory(path)
        }
    }

    /// Gives the finished directory its name, durably, and lets it go.
    package func complete(as target: String) throws(BitcaskError) {
        try attempt(target) { () throws(SystemError) in
            try disk.remove("\(path)/\(FileName.lock)")
            try disk.syncDirectory(path)
            try disk.rename(path, to: target)
            try disk.syncDirectory(target.lastIndex(of: "/").map { String(target[...$0]) } ?? ".")
        }
        release()
    }

    /// CRC-32C of `bytes`, for layers that keep their own small files.
    package static func checksum(_ bytes: [UInt8]) -> UInt32 {
        CRC32C.checksum(bytes)
    }
}
