/// The store itself, over any disk.
final class Engine<Disk: FileSystem> {
    /// Encoded bytes of one atomic batch: it must be written by one call and fit in any file.
    static var maximumBatchBytes: Int { 64 << 20 }

    let disk: Disk
    let directory: String
    let options: BitcaskOptions
    let storeID: [UInt8]
    let corruptions: [BitcaskCorruption]
    private let lock: Disk.File

    var index: StoreIndex
    var descriptors: DescriptorCache<Disk>
    var merge: MergeJob<Disk>?
    /// Files that a merge replaced and that may still be there.
    var unremoved: Set<UInt32> = []
    var counters = BitcaskStatistics()
    private(set) var active: ActiveFile<Disk>
    private var nextSequence: UInt64
    private var nextFileID: UInt32
    private var failure: String?
    private var isClosed = false
    private var encoded: [UInt8] = []
    private var readBuffer: [UInt8] = []

    init(directory: String, options: BitcaskOptions, disk: Disk) throws(BitcaskError) {
        self.disk = disk
        self.directory = directory
        self.options = options.bounded
        try attempt(directory) { () throws(SystemError) in try disk.createDirectory(directory) }
        lock = try disk.lock("\(directory)/\(FileName.lock)")
        do throws(BitcaskError) {
            var recovery = Recovery(disk: disk, directory: directory)
            try recovery.run()
            storeID = recovery.storeID ?? (0..<16).map { _ in UInt8.random(in: 0...255) }
            corruptions = recovery.corruptions
            counters.corruptRecords = corruptions.count
            counters.tornTailBytes = recovery.tornTailBytes
            counters.hintsRebuilt = recovery.hintsRebuilt
            index = recovery.index
            nextSequence = recovery.nextSequence
            nextFileID = recovery.nextFileID
            descriptors = DescriptorCache(disk: disk, directory: directory, limit: options.maximumOpenFiles)
            active = try Self.activeFile(
                after: recovery, index: index, storeID: storeID, disk: disk, directory: directory)
        } catch {
            disk.close(lock)
            throw error
        }
        if index.files[active.header.fileID] == nil {
            index.files[active.header.fileID] = DataFile(header: active.header)
            nextFileID = active.header.fileID + 1
        }
    }

    deinit {
        if !isClosed { closeFiles() }
    }

    private static func activeFile(
        after recovery: Recovery<Disk>, index: StoreIndex, storeID: [UInt8], disk: Disk, directory: String
    ) throws(BitcaskError) -> ActiveFile<Disk> {
        if let newest = recovery.newest, let known = index.files[newest.id] {
            let path = "\(directory)/\(FileName.ofData(newest.id))"
            let file = try attempt(path) { () throws(SystemError) in try disk.open(path) }
            return ActiveFile(
                header: known.header, file: file, path: path, length: known.length, durable: known.length,
                hint: newest.hint, endsInMarker: newest.endsInMarker)
        }
        let header = FileHeader(
            kind: .log, salt: .random(in: 0 ... .max), storeID: storeID, fileID: recovery.nextFileID,
            floor: recovery.nextSequence - 1)
        do throws(FileCreationError) {
            return try ActiveFile.create(header, disk: disk, directory: directory)
        } catch {
            switch error {
            case .refused(let error), .unknown(let error): throw error
            }
        }
    }

    // MARK: Reading

    func get(_ key: [UInt8]) throws(BitcaskError) -> [UInt8]? {
        guard !isClosed else { throw .closed }
        guard let location = index.keydir[key] else { return nil }
        return try value(of: key, at: location)
    }

    func value(of key: [UInt8], at location: Location) throws(BitcaskError) -> [UInt8] {
        let path = path(of: location.fileID)
        let isActive = location.fileID == active.header.fileID
        if let failure, isActive, UInt64(location.offset) >= active.durable { throw .failed(reason: failure) }
        let length = RecordHeader.recordLength(key: key.count, value: Int(location.valueLength))
        if readBuffer.count < length { readBuffer = [UInt8](repeating: 0, count: max(length, 64 << 10)) }
        let count = try attempt(path) { () throws(SystemError) in
            let file = isActive ? active.file : try descriptors.file(location.fileID)
            return try disk.read(file, into: &readBuffer, count: length, at: UInt64(location.offset))
        }
        guard count == length, let salt = index.files[location.fileID]?.header.salt,
            Self.isSound(readBuffer.span.bytes.extracting(0..<length), key: key, location: location, salt: salt)
        else {
            counters.corruptRecords += 1
            index.files[location.fileID]?.isDamaged = true
            throw .corruptRecord(path: path, offset: UInt64(location.offset))
        }
        let value = Array(readBuffer[RecordHeader.length + key.count..<length])
        // One large value should not cost its size for ever.
        if readBuffer.count > 1 << 20 { readBuffer = [] }
        return value
    }

    private static func isSound(_ bytes: RawSpan, key: [UInt8], location: Location, salt: UInt32) -> Bool {
        guard let header = RecordHeader(unverified: bytes), header.sequence == location.sequence,
            header.valueLength == location.valueLength, Int(header.keyLength) == key.count,
            header.isHeaderSound(bytes, salt: salt, offset: location.offset), header.isValueSound(bytes)
        else { return false }
        let stored = bytes.extracting(RecordHeader.length..<RecordHeader.length + key.count)
        return stored.withUnsafeBytes { $0.elementsEqual(key) }
    }

    func scan(
        prefix: [UInt8], after: [UInt8]?, limit: Int, order: Bitcask.Order
    ) throws(BitcaskError) -> [Bitcask.Entry] {
        guard !isClosed else { throw .closed }
        let found = index.keydir.scan(prefix: prefix, after: after, limit: limit, descending: order == .descending)
        var entries: [Bitcask.Entry] = []
        entries.reserveCapacity(found.count)
        for (key, location) in found {
            entries.append(Bitcask.Entry(key: key, value: try value(of: key, at: location)))
        }
        return entries
    }

    // MARK: Writing

    func delete(_ key: [UInt8]) throws(BitcaskError) {
        try checkWritable()
        guard index.keydir[key] != nil else { return }
        try append([BitcaskBatch.Write(key: key, value: nil)])
    }

    func append(_ writes: [BitcaskBatch.Write]) throws(BitcaskError) {
        try checkWritable()
        guard !writes.isEmpty else { return }
        let length = try checkedLength(of: writes)
        if !active.isEmpty && active.length + UInt64(length) > UInt64(options.maximumFileBytes) { try rotate() }
        let locations = encode(writes)
        try writeEncoded()
        for (write, location) in zip(writes, locations) {
            let isTombstone = write.value == nil
            active.hint.add(key: write.key, location: location, isTombstone: isTombstone)
            if isTombstone {
                index.bury(write.key, at: location)
            } else {
                index.place(write.key, at: location)
            }
        }
        nextSequence += UInt64(writes.count)
        counters.writes += UInt64(writes.count)
        active.endsInMarker = false
    }

    private func checkedLength(of writes: [BitcaskBatch.Write]) throws(BitcaskError) -> Int {
        var length = 0
        for write in writes {
            let value = write.value?.count ?? 0
            guard write.key.count <= RecordHeader.maximumKeyBytes else {
                throw .keyTooLong(bytes: write.key.count, limit: RecordHeader.maximumKeyBytes)
            }
            guard value <= RecordHeader.maximumValueBytes else {
                throw .valueTooLong(bytes: value, limit: RecordHeader.maximumValueBytes)
            }
            length += RecordHeader.recordLength(key: write.key.count, value: value)
        }
        guard length <= Self.maximumBatchBytes else {
            throw .batchTooLarge(bytes: length, limit: Self.maximumBatchBytes)
        }
        return length
    }

    private func encode(_ writes: [BitcaskBatch.Write]) -> [Location] {
        encoded.removeAll(keepingCapacity: encoded.capacity <= 1 << 20)
        var locations: [Location] = []
        locations.reserveCapacity(writes.count)
        for (position, write) in writes.enumerated() {
            var flags: RecordHeader.Flags = write.value == nil ? .tombstone : []
            if position < writes.count - 1 { flags.insert(.continues) }
            locations.append(
                encode(write.key, write.value ?? [], sequence: nextSequence + UInt64(position), flags: flags))
        }
        return locations
    }

    private func encode(
        _ key: [UInt8], _ value: [UInt8], sequence: UInt64, flags: RecordHeader.Flags
    ) -> Location {
        // Files end below 2 GiB plus one batch, so offsets fit 32 bits.
        let offset = UInt32(truncatingIfNeeded: active.length + UInt64(encoded.count))
        let header = RecordHeader(
            sequence: sequence, durable: UInt32(truncatingIfNeeded: active.durable),
            valueLength: UInt32(truncatingIfNeeded: value.count), keyLength: UInt16(truncatingIfNeeded: key.count),
            flags: flags)
        header.append(key: key, value: value, salt: active.header.salt, offset: offset, to: &encoded)
        return Location(
            sequence: sequence, fileID: active.header.fileID, offset: offset, valueLength: header.valueLength)
    }

    /// Appends `encoded`, or leaves the file as it was.
    private func writeEncoded() throws(BitcaskError) {
        do throws(SystemError) {
            try disk.write(active.file, encoded.span.bytes, at: active.length)
        } catch {
            let refused = error.at(active.path)
            do throws(SystemError) {
                try disk.truncate(active.file, to: active.length)
            } catch {
                throw fail("an append failed and could not be undone: \(refused)")
            }
            throw refused
        }
        active.length += UInt64(encoded.count)
        index.files[active.header.fileID]?.length = active.length
    }

    func sync() throws(BitcaskError) {
        try checkWritable()
        guard active.durable < active.length else { return }
        counters.syncs += 1
        do throws(SystemError) {
            try disk.sync(active.file)
        } catch {
            // The kernel may have marked the lost pages clean, so a second sync would lie. What was not durable goes.
            let reason = "sync failed: \(error.at(active.path))"
            try? disk.truncate(active.file, to: active.durable)
            throw fail(reason)
        }
        active.durable = active.length
    }

    private func rotate() throws(BitcaskError) {
        try sync()
        let header = newHeader(.log, floor: nextSequence - 1)
        let next: ActiveFile<Disk>
        do throws(FileCreationError) {
            next = try ActiveFile.create(header, disk: disk, directory: directory)
        } catch {
            switch error {
            case .refused(let error): throw error
            case .unknown(let error): throw fail("the directory could not be synced: \(error)")
            }
        }
        let closed = active
        active = next
        index.files[header.fileID] = DataFile(header: header)
        disk.close(closed.file)
        guard index.files[closed.header.fileID]?.isDamaged == false else { return }
        // Without a hint the next opening is slower, nothing else.
        try? HintWriter(disk: disk, directory: directory)
            .write(closed.hint, for: closed.header, dataLength: closed.length)
    }

    func newHeader(_ kind: FileHeader.Kind, floor: UInt64) -> FileHeader {
        defer { nextFileID += 1 }
        return FileHeader(
            kind: kind, salt: .random(in: 0 ... .max), storeID: storeID, fileID: nextFileID, floor: floor)
    }

    // MARK: State

    func checkWritable() throws(BitcaskError) {
        guard !isClosed else { throw .closed }
        if let failure { throw .failed(reason: failure) }
    }

    /// Stops all further writes.
    func fail(_ reason: String) -> BitcaskError {
        if failure == nil { failure = reason }
        return .failed(reason: failure ?? reason)
    }

    func path(of id: UInt32) -> String { "\(directory)/\(FileName.ofData(id))" }

    var statistics: BitcaskStatistics {
        var figures = counters
        figures.keys = index.keydir.count
        figures.files = index.files.count
        figures.liveBytes = index.liveBytes
        figures.deadBytes = index.deadBytes
        return figures
    }

    func close() throws(BitcaskError) {
        guard !isClosed else { return }
        defer { closeFiles() }
        guard failure == nil else { return }
        try sync()
        guard !active.isEmpty, !active.endsInMarker else { return }
        // Proof for the next opening that everything before is durable: damage there is then damage, not a torn tail.
        encoded.removeAll()
        _ = encode([], [], sequence: nextSequence, flags: .marker)
        try writeEncoded()
        try sync()
    }

    private func closeFiles() {
        isClosed = true
        merge?.abandon()
        merge = nil
        descriptors.closeAll()
        disk.close(active.file)
        disk.close(lock)
    }
}
