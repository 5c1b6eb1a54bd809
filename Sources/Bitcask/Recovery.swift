/// Opening: from a directory's files to an index, whatever a crash left behind.
struct Recovery<Disk: FileSystem> {
    private let disk: Disk
    private let directory: String

    private(set) var index = StoreIndex()
    private(set) var storeID: [UInt8]?
    private(set) var nextSequence: UInt64 = 1
    private(set) var nextFileID: UInt32 = 1
    private(set) var corruptions: [BitcaskCorruption] = []
    private(set) var tornTailBytes: UInt64 = 0
    private(set) var hintsRebuilt = 0
    /// The newest log, to go on with.
    private(set) var newest: (id: UInt32, hint: HintFile.Builder, endsInMarker: Bool)?
    /// The newest deletion of each key met so far, so that files may be read in any order.
    private var tombstones: [[UInt8]: UInt64] = [:]

    init(disk: Disk, directory: String) {
        self.disk = disk
        self.directory = directory
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
        tombstones = [:]
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
        let path = path(FileName.ofData(id))
        let bytes = try withFile(path) { disk, file throws(SystemError) in
            var bytes = [UInt8](repeating: 0, count: FileHeader.length)
            let count = try disk.read(file, into: &bytes, count: bytes.count, at: 0)
            return bytes.prefix(count)
        }
        let header: FileHeader
        do throws(FileHeader.Refusal) {
            header = try FileHeader(decoding: bytes)
        } catch {
            switch error {
            case .damaged: throw .corruptHeader(path: path)
            case .version(let version): throw .unsupportedVersion(path: path, version: version)
            }
        }
        guard header.fileID == id, storeID == nil || storeID == header.storeID else { throw .foreignFile(path: path) }
        storeID = header.storeID
        nextFileID = max(nextFileID, id + 1)
        return header
    }

    /// A merged file names the files it stands for; those that a crash kept from being removed go now.
    private mutating func removeReplaced(_ headers: inout [UInt32: FileHeader]) throws(BitcaskError) {
        var replaced: Set<UInt32> = []
        for header in headers.values where header.kind == .merged {
            let path = path(FileName.ofData(header.fileID))
            replaced.formUnion(
                try withFile(path) { disk, file throws(SystemError) in
                    var reader = RecordReader(
                        window: FileWindow(disk: disk, file: file, size: try disk.size(of: file)), header: header)
                    return try ReplacedFiles.read(&reader)
                })
        }
        let present = replaced.filter { headers[$0] != nil }
        guard !present.isEmpty else { return }
        for id in present {
            headers[id] = nil
            try remove(FileName.ofHint(id))
            try remove(FileName.ofData(id))
        }
        try attempt(directory) { () throws(SystemError) in try disk.syncDirectory(directory) }
    }

    // MARK: What is in them

    private mutating func recoverClosed(_ header: FileHeader) throws(BitcaskError) {
        let path = path(FileName.ofData(header.fileID))
        let (length, hint) = try withFile(path) { disk, file throws(SystemError) in
            let length = try disk.size(of: file)
            return (length, Self.readHint(disk, directory: directory, header: header, dataLength: length))
        }
        index.files[header.fileID] = DataFile(header: header, length: length)
        if let hint {
            for entry in hint.entries { enter(entry.key, entry.location, isTombstone: entry.isTombstone) }
            nextSequence = max(nextSequence, hint.maximumSequence + 1)
            return
        }
        let scan = try scan(header)
        apply(scan.events, of: header)
        guard index.files[header.fileID]?.isDamaged == false else { return }
        hintsRebuilt += 1
        // Without a hint the next opening is slower, nothing else.
        try? HintWriter(disk: disk, directory: directory).write(scan.hint, for: header, dataLength: length)
    }

    private mutating func recoverNewest(_ header: FileHeader) throws(BitcaskError) {
        let path = path(FileName.ofData(header.fileID))
        var scan = try scan(header)
        let cut = TornTail.cut(scan.events, fileLength: scan.length)
        let disk = disk
        let length = scan.length
        try withFile(path) { _, file throws(SystemError) in
            if cut < length { try disk.truncate(file, to: cut) }
            // What a crash left in the page cache becomes a promise once it has been read.
            try disk.sync(file)
        }
        if cut < length {
            tornTailBytes = length - cut
            scan.events.removeAll { $0.offset >= cut }
        }
        index.files[header.fileID] = DataFile(header: header, length: cut)
        apply(scan.events, of: header)
        var hint = HintFile.Builder()
        var endsInMarker = false
        for case .record(let record) in scan.events {
            endsInMarker = record.header.flags.contains(.marker)
            if !endsInMarker { hint.add(record, in: header.fileID) }
        }
        newest = (header.fileID, hint, endsInMarker)
    }

    private func scan(
        _ header: FileHeader
    ) throws(BitcaskError) -> (events: [ScanEvent<Disk>], length: UInt64, hint: HintFile.Builder) {
        let path = path(FileName.ofData(header.fileID))
        return try withFile(path) { disk, file throws(SystemError) in
            let length = try disk.size(of: file)
            var reader = RecordReader(window: FileWindow(disk: disk, file: file, size: length), header: header)
            var events: [ScanEvent<Disk>] = []
            var hint = HintFile.Builder()
            while true {
                switch try reader.next() {
                case .record(let record):
                    events.append(.record(record))
                    if record.header.flags.isDisjoint(with: [.marker, .replaces]) {
                        hint.add(record, in: header.fileID)
                    }
                case .damage(let offset, let bytes): events.append(.damage(offset: offset, bytes: bytes))
                case .end: return (events, length, hint)
                }
            }
        }
    }

    private mutating func apply(_ events: [ScanEvent<Disk>], of header: FileHeader) {
        for event in events {
            switch event {
            case .damage(let offset, let bytes):
                report(header.fileID, offset: offset, bytes: bytes)
            case .record(let record):
                if !record.isValueSound {
                    report(header.fileID, offset: UInt64(record.offset), bytes: UInt64(record.header.recordLength))
                }
                nextSequence = max(nextSequence, record.header.sequence + 1)
                guard record.header.flags.isDisjoint(with: [.marker, .replaces]) else { continue }
                // A damaged value keeps its place: better an error for its key than the value before it.
                enter(
                    record.key, record.location(in: header.fileID),
                    isTombstone: record.header.flags.contains(.tombstone))
            }
        }
    }

    /// Enters a record unless a newer one of its key is known; sequences decide, not the order of files.
    private mutating func enter(_ key: [UInt8], _ location: Location, isTombstone: Bool) {
        let known = max(index.keydir[key]?.sequence ?? 0, tombstones[key] ?? 0)
        if isTombstone {
            if location.sequence > known {
                tombstones[key] = location.sequence
                index.bury(key, at: location)
            } else {
                index.count(tombstone: key, at: location)
            }
        } else if location.sequence > known {
            tombstones[key] = nil
            index.place(key, at: location)
        }
    }

    private mutating func report(_ id: UInt32, offset: UInt64, bytes: UInt64) {
        corruptions.append(BitcaskCorruption(path: path(FileName.ofData(id)), offset: offset, bytes: bytes))
        index.files[id]?.isDamaged = true
    }

    // MARK: Small change

    private static func readHint(
        _ disk: Disk, directory: String, header: FileHeader, dataLength: UInt64
    ) -> HintFile? {
        guard let file = try? disk.open("\(directory)/\(FileName.ofHint(header.fileID))") else { return nil }
        defer { disk.close(file) }
        guard let size = try? disk.size(of: file), let count = Int(exactly: size) else { return nil }
        var bytes = [UInt8](repeating: 0, count: count)
        guard (try? disk.read(file, into: &bytes, count: count, at: 0)) == count else { return nil }
        return HintFile(decoding: bytes, for: header, dataLength: dataLength)
    }

    private func path(_ name: String) -> String { "\(directory)/\(name)" }

    private func remove(_ name: String) throws(BitcaskError) {
        try attempt(path(name)) { () throws(SystemError) in try disk.remove(path(name)) }
    }

    private func withFile<R>(
        _ path: String, _ body: (Disk, Disk.File) throws(SystemError) -> R
    ) throws(BitcaskError) -> R {
        try attempt(path) { () throws(SystemError) in
            let file = try disk.open(path)
            defer { disk.close(file) }
            return try body(disk, file)
        }
    }
}

/// Runs `body` and gives its error the file's name.
func attempt<R>(_ path: String, _ body: () throws(SystemError) -> R) throws(BitcaskError) -> R {
    do throws(SystemError) {
        return try body()
    } catch {
        throw error.at(path)
    }
}
