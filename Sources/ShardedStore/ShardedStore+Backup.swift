import Bitcask
import Glibc

/// How far a backup is: files of one shard after the other.
package struct BackupProgress: Sendable, Equatable {
    package var shard: Int
    package var shardCount: Int
    package var files: Int
    package var fileCount: Int
}

extension ShardedStore {
    /// Makes a complete copy in `target`, which must not exist, while the store works. Each shard is of one moment, one a little
    /// after the other: what spans two shards goes through a record in the first, and opening the copy finishes it.
    ///
    /// The copy is complete or has the name `….partial`.
    package func backup(to target: String, progress: (BackupProgress) -> Void) throws(StoreError) {
        let partial = target + ".partial"
        guard access(target, F_OK) != 0 else { throw .storage(.backupExists(path: target)) }
        Self.clear(partial, depth: 2)
        do throws(BitcaskError) {
            let directory = try DataDirectory(partial)
            defer { directory.release() }
            for (index, store) in stores.enumerated() {
                try store.backup(to: "\(partial)/\(ShardIndex(index))") { done, total in
                    progress(BackupProgress(shard: index, shardCount: shardCount, files: done, fileCount: total))
                }
            }
            let metadata = StoreMetadata(storeID: storeID, shardCount: shardCount)
            try directory.replace(StoreMetadata.fileName, with: metadata.encoded())
            try directory.complete(as: target)
        } catch {
            throw .storage(error)
        }
    }

    /// Removes what an attempt before has left.
    private static func clear(_ directory: String, depth: Int) {
        guard depth > 0, let stream = opendir(directory) else { return }
        defer {
            closedir(stream)
            rmdir(directory)
        }
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name != ".", name != ".." else { continue }
            if unlink("\(directory)/\(name)") != 0 { clear("\(directory)/\(name)", depth: depth - 1) }
        }
    }
}
