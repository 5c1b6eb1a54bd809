/// Opening: from a directory's files to an index, whatever a crash left behind.
struct Recovery<Disk: FileSystem> {
    private let disk: Disk
    private let directory: String

    private(set) var index: StoreIndex
    private(set) var storeID: [UInt8]?
    private(set) var nextSequence: UInt64 = 1
    private(set) var nextFileID: UInt32 = 1
    private(set) var corruptions: [BitcaskCorruption] = []
    private(set) var tornTailBytes: UInt64 = 0
    private(set) var hintsRebuilt = 0
    /// The newest log, to go on with.
    private(set) var newest: (slot: UInt16, endsInMarker: Bool)?
    private let sequences: RecoveredKeys
    private var prefixes: [(prefix: [UInt8], sequence: UInt64)] = []

    init(disk: Disk, directory: String, keydir: Keydir) {
        self.disk = disk
        self.directory = directory
        index = StoreIndex(keydir: keydir)
        sequences = RecoveredKeys(arena: keydir.arena)
    }

    mutating func run() throws(BitcaskError) {
        var headers = try readHeaders()
        try removeReplaced(&headers)
        let newestLog = headers.values.filter { $0.kind == .log }.map(\.fileID).max()
        for id in headers.keys.sorted() {
            guard let header = headers[id] else { continue }
            nextSequence = max(nextSequence, header.floor + 1)
            if id == newestLog { try recoverNewest(header) } else { try recoverClosed(header) }
        }
        settle()
        // Renames of the last run may still be in memory only.
        try attempt(directory) { () throws(SystemError) in try disk.syncDirectory(directory) }
    }

    // MARK: Which files there are

    private mutating func readHeaders() throws(BitcaskError) -> [UInt32: FileHeader] {
        var headers: [UInt32: FileHeader] = [:]
        var hints: [UInt32] = []
        let names = try attempt(directory) { () throws(SystemError) in try disk.names(in: directory) }
        for name in names.sorted() {
            switch FileName(name) {
            case .data(let id): headers[id] = try readHeader(id)
            case .hint(let id): hints.append(id)
            case .temporary: try remove(name)
            case nil: continue
            }
        }
        for id in hints where headers[id] == nil { try remove(FileName.ofHint(id)) }
        return headers
    }

    private mutating func readHeader(_ id: UInt32) throws(BitcaskError) -> FileHeader {
        let header = try FileHeader.read(disk: disk, directory: directory, id: id)
        guard storeID == nil || storeID == header.storeID else {
            throw .foreignFile(path: path(FileName.ofData(id)))
        }
        storeID = header.storeID
        nextFileID = max(nextFileID, id + 1)
        return header
    }

    /// A merged file names the files it stands for; those that a crash kept from being removed go now.
    private mutating func removeReplaced(_ headers: inout [UInt32: FileHeader]) throws(BitcaskError) {
        let replaced = try ReplacedFiles.all(of: headers.values, disk: disk, directory: directory)
        let present = replaced.filter { headers[$0] != nil }
        guard !present.isEmpty else { return }
        for id in present.sorted() {
            headers[id] = nil
            try remove(FileName.ofHint(id))
            try remove(FileName.ofData(id))
        }
        try attempt(directory) { () throws(SystemError) in try disk.syncDirectory(directory) }
    }

    // MARK: What is in them

    private mutating func recoverClosed(_ header: FileHeader) throws(BitcaskError) {
        let path = path(FileName.ofData(header.fileID))
        let disk = disk
        let length = try attempt(path) { () throws(SystemError) in
            try disk.withFile(path) { file throws(SystemError) in try disk.size(of: file) }
        }
        let file = try add(header, length: length, isSealed: true)
        if let hint = HintFile.read(disk: disk, directory: directory, header: header, dataLength: length) {
            try index.keydir.reserve(index.keydir.count + hint.count)
            try enter(hint, in: file)
            nextSequence = max(nextSequence, hint.maximumSequence + 1)
            file.hasHint = true
            return
        }
        var hint = HintFile.Builder()
        _ = try scan(header) { step throws(BitcaskError) in
            switch step {
            case .record(let record):
                try take(record, in: file)
                if record.header.flags.isDisjoint(with: .service) {
                    hint.add(record.header, at: record.offset, key: record.key)
                }
            case .damage(let offset, let bytes): report(file, offset: offset, bytes: bytes)
            case .end: break
            }
        }
        guard !file.isDamaged else { return }
        hintsRebuilt += 1
        let bytes = hint.finish(for: header, dataLength: length)
        // Without a hint the next opening is slower, nothing else.
        file.hasHint =
            (try? HintFile.write(bytes, disk: disk, directory: directory, fileID: header.fileID)) != nil
    }

    /// Looking a key up waits for memory; a few entries ahead it is asked for, so that it is there.
    private mutating func enter(_ hint: HintFile, in file: DataFile) throws(BitcaskError) {
        let ahead = 16
        var waiting: [HintFile.Entry] = []
        waiting.reserveCapacity(ahead)
        var left = hint.count
        try hint.forEach { entry throws(BitcaskError) in
            index.keydir.prefetch(entry.key)
            waiting.append(entry)
            left -= 1
            if waiting.count == ahead || left == 0 { try enter(&waiting, in: file) }
        }
    }

    private mutating func enter(_ entries: inout [HintFile.Entry], in file: DataFile) throws(BitcaskError) {
        for entry in entries {
            try enter(
                entry.key, entry.location(in: file.slot), entry.flags, sequence: entry.sequence, expiry: entry.expiry,
                in: file)
        }
        entries.removeAll(keepingCapacity: true)
    }

    /// Two walks: the first finds where the file ends, the second takes what is before.
    private mutating func recoverNewest(_ header: FileHeader) throws(BitcaskError) {
        let path = path(FileName.ofData(header.fileID))
        var tail = TornTail()
        let length = try scan(header) { step in
            switch step {
            case .record(let record): tail.see(record)
            case .damage(let offset, _): tail.seeDamage(at: offset)
            case .end: break
            }
        }
        let cut = tail.cut(length: length)
        let disk = disk
        try attempt(path) { () throws(SystemError) in
            try disk.withFile(path) { file throws(SystemError) in
                if cut < length { try disk.truncate(file, to: cut) }
                // What a crash left in the page cache becomes a promise once it has been read.
                try disk.sync(file)
            }
        }
        tornTailBytes = length - cut
        let file = try add(header, length: cut, isSealed: false)
        var endsInMarker = false
        _ = try scan(header) { step throws(BitcaskError) in
            switch step {
            case .record(let record):
                try take(record, in: file)
                endsInMarker = record.header.flags.contains(.marker)
            case .damage(let offset, let bytes):
                report(file, offset: offset, bytes: bytes)
                endsInMarker = false
            case .end: break
            }
        }
        newest = (file.slot, endsInMarker)
    }

    private mutating func add(
        _ header: FileHeader, length: UInt64, isSealed: Bool
    ) throws(BitcaskError) -> DataFile {
        guard let slot = index.takeSlot() else {
            throw .tooManyFiles(limit: DescriptorTable<Disk>.slotLimit)
        }
        let file = DataFile(header: header, slot: slot, length: length, isSealed: isSealed)
        index.add(file)
        return file
    }

    /// Walks a data file and returns its length.
    private func scan(
        _ header: FileHeader, _ body: (RecordReader<Disk>.Step) throws(BitcaskError) -> Void
    ) throws(BitcaskError) -> UInt64 {
        let path = path(FileName.ofData(header.fileID))
        let disk = disk
        let (file, length) = try attempt(path) { () throws(SystemError) in
            let file = try disk.open(path)
            do throws(SystemError) {
                return (file, try disk.size(of: file))
            } catch {
                disk.close(file)
                throw error
            }
        }
        defer { disk.close(file) }
        var reader = RecordReader(window: FileWindow(disk: disk, file: file, size: length), header: header)
        while true {
            let step = try attempt(path) { () throws(SystemError) in try reader.next() }
            if case .end = step { return length }
            try body(step)
        }
    }

    // MARK: What counts

    private mutating func take(_ record: RecordReader<Disk>.Record, in file: DataFile) throws(BitcaskError) {
        if !record.isValueSound {
            report(file, offset: UInt64(record.offset), bytes: UInt64(record.header.recordLength))
        }
        nextSequence = max(nextSequence, record.header.sequence + 1)
        guard record.header.flags.isDisjoint(with: .service) else { return }
        // A damaged value keeps its place: better an error for its key than the value before it.
        try enter(
            record.key, record.location(in: file.slot), record.header.flags, sequence: record.header.sequence,
            expiry: record.header.expiry, in: file)
    }

    /// Enters a record unless a newer one of its key is known; sequences decide, not the order of files.
    private mutating func enter(
        _ key: UnsafeRawBufferPointer, _ location: Location, _ flags: RecordHeader.Flags, sequence: UInt64,
        expiry: UInt64, in file: DataFile
    ) throws(BitcaskError) {
        file.maximumSequence = max(file.maximumSequence, sequence)
        if flags.contains(.tombstone) { file.tombstoneBytes += UInt64(location.lengthBound) }
        if flags.contains(.prefix) {
            prefixes.append((Array(key), sequence))
            return
        }
        let known = index.keydir.find(key)
        if let known, sequences[known] >= sequence { return }
        if known == nil { try index.keydir.makeRoom(for: key) }
        let handle =
            flags.contains(.tombstone)
            ? index.bury(keepingEntry: key) : index.place(key, at: location, expiry: expiry)
        try sequences.set(handle, sequence)
    }

    /// Lets deletions of whole prefixes take effect, and takes entries out that only remembered a deletion.
    private mutating func settle() {
        let arena = index.arena
        let lengths = Set(prefixes.map(\.prefix.count)).sorted()
        var latest: [[UInt8]: UInt64] = [:]
        for (prefix, sequence) in prefixes { latest[prefix] = max(sequence, latest[prefix] ?? 0) }
        var position: UInt64 = 0
        while let handle = arena.next(&position) {
            let key = arena.key(handle)
            let isBuried = lengths.contains { length in
                guard length <= key.count, let sequence = latest[Array(key[..<length])] else { return false }
                return sequence > sequences[handle]
            }
            index.settle(handle, isBuried: isBuried)
        }
        while index.keydir.reclaim() {}
    }

    private mutating func report(_ file: DataFile, offset: UInt64, bytes: UInt64) {
        corruptions.append(BitcaskCorruption(path: path(FileName.ofData(file.id)), offset: offset, bytes: bytes))
        file.isDamaged = true
    }

    // MARK: Small change

    private func path(_ name: String) -> String { "\(directory)/\(name)" }

    private func remove(_ name: String) throws(BitcaskError) {
        try attempt(path(name)) { () throws(SystemError) in try disk.remove(path(name)) }
    }
}
