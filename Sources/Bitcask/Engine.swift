import Synchronization

/// The store itself, over any disk.
///
/// Three parties meet here. *Writers* hold `lock` and own everything marked so; group commit lets it go for the length of an
/// `fdatasync`. *Readers* hold nothing: on an epoch visit they go from the keydir to a location, and to the tail in memory
/// or a descriptor. *Maintenance* (merge, hints, scrub, backup) holds `maintenanceLock` for as long as it works and
/// `lock` for moments; it never takes them the other way round.
///
/// `@unchecked Sendable`: each field below is constant, atomic, or says which lock guards it.
final class Engine<Disk: FileSystem>: @unchecked Sendable {
    /// Encoded bytes of one atomic batch: it must fit in any file.
    static var maximumBatchBytes: Int { 64 << 20 }

    let disk: Disk
    let directory: String
    let options: BitcaskOptions
    let storeID: [UInt8]

    // For readers.
    let epochs: Epochs
    let keydir: Keydir
    let descriptors: DescriptorTable<Disk>
    let tail = Atomic<UInt>(0)
    let isClosed = Atomic<Bool>(false)
    /// Slot and offset, as in a location's word, from which on a failed sync made the newest log unreadable; `max` for nowhere.
    let unreadableFrom = Atomic<UInt64>(.max)
    /// Records that failed a check when they were read.
    let damagedReads = Atomic<Int>(0)

    /// Where synced writes wait. Its own lock is taken by nobody who holds another.
    let commits = CommitQueue()

    /// Guards all down to the next mark.
    let lock = WriterLock()
    var index: StoreIndex
    var log: ActiveLog
    var nextSequence: UInt64
    var nextFileID: UInt32
    /// Every record up to this sequence is on disk.
    var durableSequence: UInt64
    /// A writer has let the lock go to sync the newest log.
    var isSyncing = false
    /// A writer has let the lock go to make the next log; nobody writes meanwhile.
    var isRotating = false
    /// While all keys with a prefix are being deleted: the next sequence when that began, so that the deletion's record and all that
    /// is written after it have this one or a later.
    var deletingFrom: UInt64?
    /// Threads that wait for the deletion's end to take a snapshot.
    var snapshotsAwaited = 0
    var failure: String?
    var counters = BitcaskStatistics()
    var corruptions: [BitcaskCorruption]
    /// Files that no longer count, waiting for readers and snapshots to let them go.
    var doomed: [DoomedFile] = []
    /// Tails that were replaced, waiting for readers.
    var oldTails: [(stamp: Int, tail: UnsafeMutablePointer<Tail>)] = []
    /// Called, with the lock held, when there may be something to maintain.
    var onWork: (@Sendable () -> Void)?

    /// Guards all down to the next mark. Taken before `lock`.
    let maintenanceLock = WriterLock()
    var merge: MergeJob<Disk>?
    var scrub: ScrubJob<Disk>?

    /// The directory's lock, until the store is closed.
    private let directoryLock: FileHandle

    init(directory: String, options: BitcaskOptions, disk: Disk) throws(BitcaskError) {
        self.disk = disk
        self.directory = directory
        self.options = options.bounded
        try attempt(directory) { () throws(SystemError) in try disk.createDirectory(directory) }
        directoryLock = try disk.lock("\(directory)/\(FileName.lock)")
        do throws(BitcaskError) {
            let epochs = Epochs()
            let keydir = try Keydir(epochs: epochs)
            var recovery = Recovery(disk: disk, directory: directory, keydir: keydir)
            try recovery.run()
            let descriptors = try DescriptorTable(
                disk: disk, directory: directory, limit: self.options.maximumOpenFiles,
                maps: self.options.mapsClosedFiles, epochs: epochs)
            for file in recovery.index.allFiles where file.slot != recovery.newest?.slot {
                descriptors.assign(file.slot, fileID: file.id, salt: file.header.salt, pinned: nil)
            }
            var index = recovery.index
            if self.options.keepsOrder { index.buildOrder() }
            let storeID = recovery.storeID ?? (0..<16).map { _ in UInt8.random(in: 0...255) }
            log = try Self.openLog(
                after: recovery, index: &index, storeID: storeID, disk: disk, directory: directory,
                descriptors: descriptors)
            self.epochs = epochs
            self.keydir = keydir
            self.descriptors = descriptors
            self.index = index
            self.storeID = storeID
            corruptions = recovery.corruptions
            counters.tornTailBytes = recovery.tornTailBytes
            counters.hintsRebuilt = recovery.hintsRebuilt
            nextSequence = recovery.nextSequence
            nextFileID = max(recovery.nextFileID, log.file.id + 1)
            durableSequence = recovery.nextSequence - 1
        } catch {
            disk.close(directoryLock)
            throw error
        }
        tail.store(UInt(bitPattern: log.tail), ordering: .releasing)
    }

    deinit {
        if !isClosed.load(ordering: .relaxed) { closeFiles() }
        Tail.free(log.tail)
        for old in oldTails { Tail.free(old.tail) }
    }

    private static func openLog(
        after recovery: Recovery<Disk>, index: inout StoreIndex, storeID: [UInt8], disk: Disk, directory: String,
        descriptors: DescriptorTable<Disk>
    ) throws(BitcaskError) -> ActiveLog {
        if let newest = recovery.newest, let known = index.files[Int(newest.slot)] {
            let path = "\(directory)/\(FileName.ofData(known.id))"
            let handle = try attempt(path) { () throws(SystemError) in try disk.open(path) }
            descriptors.assign(known.slot, fileID: known.id, salt: known.header.salt, pinned: handle)
            return try ActiveLog(file: known, handle: handle, path: path, endsInMarker: newest.endsInMarker)
        }
        guard let slot = index.takeSlot() else { throw .tooManyFiles(limit: DescriptorTable<Disk>.slotLimit) }
        let header = FileHeader(
            kind: .log, salt: .random(in: 0 ... .max), storeID: storeID, fileID: recovery.nextFileID,
            floor: recovery.nextSequence - 1)
        let log: ActiveLog
        do throws(FileCreationError) {
            log = try ActiveLog.create(header, slot: slot, disk: disk, directory: directory)
        } catch {
            switch error {
            case .refused(let error), .unknown(let error): throw error
            }
        }
        descriptors.assign(slot, fileID: header.fileID, salt: header.salt, pinned: log.handle)
        index.add(log.file)
        return log
    }

    // MARK: State, with the lock held

    func checkWritable() throws(BitcaskError) {
        guard !isClosed.load(ordering: .relaxed) else { throw .closed }
        if let failure { throw .failed(reason: failure) }
    }

    /// Stops all further writes.
    func fail(_ reason: String) -> BitcaskError {
        if failure == nil { failure = reason }
        lock.announce()
        return .failed(reason: failure ?? reason)
    }

    func path(of id: UInt32) -> String { "\(directory)/\(FileName.ofData(id))" }

    func newHeader(_ kind: FileHeader.Kind, floor: UInt64) -> FileHeader {
        defer { nextFileID += 1 }
        return FileHeader(
            kind: kind, salt: .random(in: 0 ... .max), storeID: storeID, fileID: nextFileID, floor: floor)
    }

    // MARK: Closing

    /// Makes everything durable and lets the directory go. Nobody may be inside a call other than a read.
    func close() throws(BitcaskError) {
        maintenanceLock.lock()
        defer { maintenanceLock.unlock() }
        guard !isClosed.load(ordering: .relaxed) else { return }
        lock.lock()
        defer { lock.unlock() }
        while isRotating || deletingFrom != nil { lock.wait() }
        defer { closeFiles() }
        guard failure == nil else { return }
        try syncAll()
        guard !log.isEmpty, !log.endsInMarker else { return }
        // Proof for the next opening that everything before is durable: damage there is then damage, not a torn tail.
        let marker = RecordHeader(
            sequence: nextSequence, flags: .marker, keyLength: 0, valueLength: 0,
            undurable: UInt32(truncatingIfNeeded: log.end - log.durable))
        let target = try reserve(RecordHeader.maximumLength, mayRotate: false)
        let empty = UnsafeRawBufferPointer(start: nil, count: 0)
        let length = marker.write(
            key: empty, value: empty, salt: log.file.header.salt, offset: UInt32(truncatingIfNeeded: log.end),
            to: target)
        log.end += UInt64(length)
        try flush()
        try syncAll()
    }

    private func closeFiles() {
        isClosed.store(true, ordering: .sequentiallyConsistent)
        merge?.abandon()
        merge = nil
        scrub?.close()
        scrub = nil
        // Readers that are inside finish first; later ones see that it is closed.
        let stamp = epochs.stamp
        while !epochs.isPast(stamp) { yieldProcessor() }
        forget(remove(reclaimable))
        descriptors.closeAll()
        disk.close(log.handle)
        disk.close(directoryLock)
        lock.announce()
    }
}
