/// A merge on its way: copies what is still needed of sealed files into one new file, a slice at a time.
///
/// It holds no lock: its inputs change no more, its output is nobody else's, and what is current it asks the keydir like any
/// reader. Until the new file has its name, giving up costs nothing but the work.
struct MergeJob<Disk: FileSystem> {
    struct Input {
        let header: FileHeader
        let slot: UInt16
    }

    enum Progress {
        case more
        case copied
        /// An input failed a check: nothing may replace it.
        case damaged(slot: UInt16)
    }

    let inputs: [Input]
    let slots: Set<UInt16>
    let slot: UInt16
    private(set) var header: FileHeader
    private(set) var length = UInt64(FileHeader.length)
    private(set) var tombstoneBytes: UInt64 = 0
    private(set) var maximumSequence: UInt64 = 0
    private(set) var hint = HintFile.Builder()
    /// Keys whose value has expired; they leave the keydir once the new file counts.
    private(set) var expired: [[UInt8]] = []
    /// How far the keydir has taken the copies; nil before the new file counts.
    var moved: Int?
    /// Bytes read so far, for whoever shows progress.
    private(set) var bytesRead: UInt64 = 0

    private let disk: Disk
    private let directory: String
    /// Tombstones at or below it bury nothing outside the inputs.
    private let floorOutside: UInt64
    private let now: UInt64
    private let file: FileHandle
    private var reading: (file: FileHandle, reader: RecordReader<Disk>)?
    private var nextInput = 0
    private var encoded: [UInt8] = []
    private var minimumSequence: UInt64
    private var isOpen = true
    /// How much of the output the device has been given.
    private var writtenOut: UInt64 = 0

    /// Begins the output with the list of what it replaces.
    init(
        inputs: [MergeCandidate], alsoReplacing others: [UInt32], header: FileHeader, slot: UInt16,
        floorOutside: UInt64, now: UInt64, disk: Disk, directory: String
    ) throws(SystemError) {
        self.inputs = inputs.map { Input(header: $0.header, slot: $0.slot) }
        slots = Set(inputs.map(\.slot))
        self.header = header
        self.slot = slot
        self.floorOutside = floorOutside
        self.now = now
        self.disk = disk
        self.directory = directory
        minimumSequence = max(inputs.map(\.maximumSequence).max() ?? 1, 1)
        file = try disk.create(Self.temporary(header, directory))
        let replaced = ReplacedFiles.encode((inputs.map(\.id) + others).sorted())
        let record = RecordHeader(
            sequence: minimumSequence, flags: .replaces, keyLength: 0, valueLength: replaced.count)
        replaced.withUnsafeBytes { append(record, UnsafeRawBufferPointer(start: nil, count: 0), $0) }
    }

    /// Copies until about `budget` bytes were read, and writes them out. Only `publish` makes them durable, with one sync for all: each
    /// sync is a commit of the file system's journal and a flush of the device's cache, which everybody's syncs queue behind.
    mutating func copy(budget: Int, keydir: Keydir, epochs: Epochs) throws(SystemError) -> Progress {
        var left = budget
        while left > 0 {
            guard nextInput < inputs.count else {
                try flush()
                return .copied
            }
            switch try step() {
            case .record(let record) where record.isValueSound:
                left -= record.header.recordLength
                bytesRead += UInt64(record.header.recordLength)
                let visit = epochs.enter()
                consider(record, keydir: keydir)
                epochs.leave(visit)
                if encoded.count >= 1 << 20 { try write() }
            case .record, .damage:
                return .damaged(slot: inputs[nextInput].slot)
            case .end:
                closeInput()
                nextInput += 1
            }
        }
        try flush()
        return .more
    }

    /// Gives the output its final header and its name; durable once the directory is synced.
    mutating func publish() throws(SystemError) {
        header = FileHeader(
            kind: .merged, salt: header.salt, storeID: header.storeID, fileID: header.fileID,
            floor: minimumSequence - 1)
        try disk.write(file, header.encoded(), at: 0)
        try disk.sync(file)
        try disk.rename(Self.temporary(header, directory), to: "\(directory)/\(FileName.ofData(header.fileID))")
        disk.close(file)
        isOpen = false
    }

    /// Gives up: nothing of the output stays. Does nothing once the output is published.
    mutating func abandon() {
        closeInput()
        guard isOpen else { return }
        isOpen = false
        disk.close(file)
        try? disk.remove(Self.temporary(header, directory))
    }

    private static func temporary(_ header: FileHeader, _ directory: String) -> String {
        FileName.ofTemporary(for: "\(directory)/\(FileName.ofData(header.fileID))")
    }

    private mutating func step() throws(SystemError) -> RecordReader<Disk>.Step {
        if reading == nil {
            let input = inputs[nextInput].header
            let file = try disk.open("\(directory)/\(FileName.ofData(input.fileID))")
            do throws(SystemError) {
                let window = FileWindow(disk: disk, file: file, size: try disk.size(of: file))
                reading = (file, RecordReader(window: window, header: input))
            } catch {
                disk.close(file)
                throw error
            }
        }
        return try reading?.reader.next() ?? .end
    }

    private mutating func closeInput() {
        if let reading { disk.close(reading.file) }
        reading = nil
    }

    private mutating func consider(_ record: RecordReader<Disk>.Record, keydir: Keydir) {
        let own = record.header
        guard own.flags.isDisjoint(with: .service) else { return }
        let key = record.key
        let current = keydir.location(of: key)
        if own.flags.contains(.tombstone) {
            // A live key's newer value hides what its tombstone hid; one of a prefix speaks of more keys than one.
            guard own.flags.contains(.prefix) || current.isAbsent else { return }
            bury(key, own.sequence, own.flags.intersection([.tombstone, .prefix]))
        } else if !current.isAbsent, current.slot == inputs[nextInput].slot, current.offset == record.offset {
            guard !own.isExpired(at: now) else {
                // Not just left out: an older value in another file would come back.
                bury(key, own.sequence, .tombstone)
                expired.append(Array(key))
                return
            }
            let copy = RecordHeader(
                sequence: own.sequence, flags: own.flags.intersection([.expires, .compressed]),
                keyLength: own.keyLength, valueLength: own.valueLength, expiry: own.expiry)
            append(copy, key, record.value)
        }
    }

    private mutating func bury(_ key: UnsafeRawBufferPointer, _ sequence: UInt64, _ flags: RecordHeader.Flags) {
        guard sequence > floorOutside else { return }
        let header = RecordHeader(sequence: sequence, flags: flags, keyLength: key.count, valueLength: 0)
        append(header, key, UnsafeRawBufferPointer(start: nil, count: 0))
        tombstoneBytes += UInt64(Location.rounded(header.recordLength))
    }

    private mutating func append(
        _ record: RecordHeader, _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
    ) {
        minimumSequence = min(minimumSequence, record.sequence)
        maximumSequence = max(maximumSequence, record.sequence)
        let offset = UInt32(truncatingIfNeeded: length + UInt64(encoded.count))
        let start = encoded.count
        encoded.append(contentsOf: repeatElement(0, count: record.recordLength))
        let salt = header.salt
        encoded.withUnsafeMutableBytes { encoded in
            guard let base = encoded.baseAddress else { return }
            _ = record.write(key: key, value: value, salt: salt, offset: offset, to: base + start)
        }
        if !record.flags.contains(.replaces) { hint.add(record, at: offset, key: key) }
    }

    private mutating func flush() throws(SystemError) {
        try write()
        try disk.writeOut(file, writtenOut..<length)
        writtenOut = length
    }

    private mutating func write() throws(SystemError) {
        guard !encoded.isEmpty else { return }
        try disk.write(file, encoded, at: length)
        length += UInt64(encoded.count)
        encoded.removeAll(keepingCapacity: true)
    }
}
