/// A merge on its way: copies what is still needed of closed files into one new file, a slice at a time.
///
/// Until the new file has its name, giving up costs nothing but the work.
struct MergeJob<Disk: FileSystem> {
    /// A copied value, for the keydir once the new file counts.
    struct Move {
        let key: [UInt8]
        let from: Location
        let to: Location
    }

    enum Progress {
        case more
        case copied
        /// An input failed a check: nothing may replace it.
        case damaged(fileID: UInt32)
    }

    let inputs: [FileHeader]
    private(set) var header: FileHeader
    private(set) var length: UInt64
    private(set) var moves: [Move] = []
    private(set) var tombstones: [(key: [UInt8], location: Location)] = []
    private(set) var hint = HintFile.Builder()
    /// How many moves the keydir has taken; nil before the new file counts.
    var moved: Int?

    private let disk: Disk
    private let directory: String
    /// Tombstones at or below it bury nothing outside the inputs.
    private let floorOutside: UInt64
    private let file: Disk.File
    private var reading: (file: Disk.File, reader: RecordReader<Disk>)?
    private var nextInput = 0
    private var encoded: [UInt8] = []
    private var minimumSequence: UInt64
    private var isOpen = true

    /// Begins the output with the list of what it replaces.
    init(
        inputs: [DataFile], alsoReplacing others: Set<UInt32>, header: FileHeader, floorOutside: UInt64, disk: Disk,
        directory: String
    ) throws(SystemError) {
        self.inputs = inputs.map(\.header)
        self.header = header
        self.floorOutside = floorOutside
        self.disk = disk
        self.directory = directory
        length = UInt64(FileHeader.length)
        minimumSequence = max(inputs.map(\.maximumSequence).max() ?? 1, 1)
        file = try disk.create(Self.temporary(header, directory))
        let replaced = ReplacedFiles.encode((self.inputs.map(\.fileID) + others).sorted())
        append([], replaced[...], sequence: minimumSequence, flags: .replaces)
    }

    /// Copies until about `budget` bytes were read, and makes them durable.
    mutating func copy(budget: Int, keydir: Keydir) throws(SystemError) -> Progress {
        var left = budget
        while left > 0 {
            guard nextInput < inputs.count else {
                try flush()
                return .copied
            }
            switch try step() {
            case .record(let record) where record.isValueSound:
                left -= record.header.recordLength
                try consider(record, keydir: keydir)
            case .record, .damage:
                return .damaged(fileID: inputs[nextInput].fileID)
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
        try disk.write(file, header.encoded().span.bytes, at: 0)
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
            let file = try disk.open("\(directory)/\(FileName.ofData(inputs[nextInput].fileID))")
            do throws(SystemError) {
                let window = FileWindow(disk: disk, file: file, size: try disk.size(of: file))
                reading = (file, RecordReader(window: window, header: inputs[nextInput]))
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

    private mutating func consider(_ record: RecordReader<Disk>.Record, keydir: Keydir) throws(SystemError) {
        guard record.header.flags.isDisjoint(with: [.marker, .replaces]) else { return }
        let from = record.location(in: inputs[nextInput].fileID)
        let current = keydir[record.key]
        if record.header.flags.contains(.tombstone) {
            // A live key's newer value hides what the tombstone hid.
            guard current == nil, from.sequence > floorOutside else { return }
            let to = append(record.key, [], sequence: from.sequence, flags: .tombstone)
            tombstones.append((record.key, to))
        } else if current == from, let value = try reading?.reader.value(of: record) {
            let to = append(record.key, value, sequence: from.sequence, flags: [])
            moves.append(Move(key: record.key, from: from, to: to))
        }
        if encoded.count >= 1 << 20 { try write() }
    }

    @discardableResult
    private mutating func append(
        _ key: [UInt8], _ value: ArraySlice<UInt8>, sequence: UInt64, flags: RecordHeader.Flags
    ) -> Location {
        minimumSequence = min(minimumSequence, sequence)
        let offset = UInt32(truncatingIfNeeded: length + UInt64(encoded.count))
        let record = RecordHeader(
            sequence: sequence, durable: 0, valueLength: UInt32(truncatingIfNeeded: value.count),
            keyLength: UInt16(truncatingIfNeeded: key.count), flags: flags)
        record.append(key: key, value: value, salt: header.salt, offset: offset, to: &encoded)
        let location = Location(
            sequence: sequence, fileID: header.fileID, offset: offset, valueLength: record.valueLength)
        if !flags.contains(.replaces) {
            hint.add(key: key, location: location, isTombstone: flags.contains(.tombstone))
        }
        return location
    }

    private mutating func flush() throws(SystemError) {
        try write()
        try disk.sync(file)
    }

    private mutating func write() throws(SystemError) {
        try disk.write(file, encoded.span.bytes, at: length)
        length += UInt64(encoded.count)
        encoded.removeAll(keepingCapacity: true)
    }
}
