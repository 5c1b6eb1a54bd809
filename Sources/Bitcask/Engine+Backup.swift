/// Online backup by hard links.
extension Engine {
    /// Copies nothing: data files never change once sealed, so a second name is a copy. Another file system gets real copies.
    /// Who opens the backup goes on in an empty log of its own: appended to a shared file, its records would be in both stores.
    ///
    /// The backup is complete or has the name `….partial`.
    func backup(to target: String, progress: (_ done: Int, _ total: Int) -> Void) throws(BitcaskError) {
        maintenanceLock.lock()
        defer { maintenanceLock.unlock() }
        let parent = Self.parent(of: target)
        let name = target.split(separator: "/").last.map(String.init) ?? target
        let existing = try? disk.names(in: parent)
        guard existing?.contains(name) != true else { throw .backupExists(path: target) }
        // A snapshot keeps the files of this moment from being removed.
        let (files, floor, snapshot) = try lock.locked { () throws(BitcaskError) -> ([UInt32], UInt64, UInt64) in
            try checkWritable()
            try awaitDurable(nextSequence - 1)
            // A store without a record has its id to keep.
            if !log.isEmpty || !index.allFiles.contains(where: \.isSealed) { try rotate() }
            let files = index.allFiles.filter(\.isSealed).map(\.id).sorted()
            return (files, nextSequence - 1, index.snapshots.take())
        }
        defer { release(snapshot: snapshot) }
        let partial = "\(target).partial"
        try attempt(partial) { () throws(SystemError) in
            try disk.createDirectory(partial)
            for name in try disk.names(in: partial) { try disk.remove("\(partial)/\(name)") }
        }
        for (index, id) in files.enumerated() {
            try copy(FileName.ofData(id), to: partial, isNeeded: true)
            try copy(FileName.ofHint(id), to: partial, isNeeded: false)
            progress(index + 1, files.count)
        }
        try addEmptyLog(after: files.last ?? 0, floor: floor, to: partial)
        try attempt(target) { () throws(SystemError) in
            try disk.syncDirectory(partial)
            try disk.rename(partial, to: target)
            try disk.syncDirectory(parent)
        }
    }

    private func copy(_ name: String, to target: String, isNeeded: Bool) throws(BitcaskError) {
        let source = "\(directory)/\(name)"
        do throws(SystemError) {
            try disk.link(source, to: "\(target)/\(name)")
        } catch {
            do throws(SystemError) {
                // EXDEV 18, EPERM 1, EMLINK 31: no links there. Anything else fails the copy as well.
                try disk.copy(source, to: "\(target)/\(name)")
            } catch {
                guard isNeeded else { return }
                throw error.at("\(target)/\(name)")
            }
        }
    }

    private func addEmptyLog(after last: UInt32, floor: UInt64, to target: String) throws(BitcaskError) {
        let header = FileHeader(
            kind: .log, salt: .random(in: 0 ... .max), storeID: storeID, fileID: last + 1, floor: floor)
        let path = "\(target)/\(FileName.ofData(header.fileID))"
        try attempt(path) { () throws(SystemError) in
            let file = try disk.create(path)
            defer { disk.close(file) }
            try disk.write(file, header.encoded(), at: 0)
            try disk.sync(file)
        }
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}

extension FileSystem {
    /// Makes a durable copy of a file.
    func copy(_ path: String, to newPath: String) throws(SystemError) {
        try withFile(path) { source throws(SystemError) in
            let target = try create(newPath)
            defer { close(target) }
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 8)
            defer { buffer.deallocate() }
            var offset: UInt64 = 0
            while true {
                let count = try read(source, into: buffer, at: offset)
                guard count > 0 else { break }
                try write(target, UnsafeRawBufferPointer(rebasing: buffer[..<count]), at: offset)
                offset += UInt64(count)
            }
            try sync(target)
        }
    }
}
