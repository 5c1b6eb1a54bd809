/// What reading every byte of a store's directory found.
public struct BitcaskVerification: Sendable, Equatable {
    /// Data files read.
    public var files = 0
    /// Bytes read.
    public var bytes: UInt64 = 0
    /// Sound records.
    public var records: UInt64 = 0
    /// Damaged stretches. At the end of the newest log this may be what a crash left unfinished.
    public var damage: [BitcaskCorruption] = []
    /// Damaged hint files; opening the store rebuilds them.
    public var damagedHints: [String] = []

    /// Whether nothing is damaged.
    public var isSound: Bool { damage.isEmpty && damagedHints.isEmpty }
}

extension Bitcask {
    /// Reads everything in `directory` without changing or locking it: a backup, or a store that nobody has open (in one that
    /// is being written to, the newest records may look unfinished).
    ///
    /// - Parameter progress: Called with the bytes read so far and the bytes in all.
    public static func verify(
        directory: String, progress: (_ done: UInt64, _ total: UInt64) -> Void = { _, _ in }
    ) throws(BitcaskError) -> BitcaskVerification {
        try Verifier(disk: PosixFileSystem(), directory: directory).run(progress)
    }
}

struct Verifier<Disk: FileSystem> {
    let disk: Disk
    let directory: String

    func run(_ progress: (_ done: UInt64, _ total: UInt64) -> Void) throws(BitcaskError) -> BitcaskVerification {
        let names = try attempt(directory) { () throws(SystemError) in try disk.names(in: directory) }
        var headers: [FileHeader] = []
        var hints: Set<UInt32> = []
        for name in names {
            switch FileName(name) {
            case .data(let id): headers.append(try FileHeader.read(disk: disk, directory: directory, id: id))
            case .hint(let id): hints.insert(id)
            case .temporary, nil: continue
            }
        }
        let replaced = try ReplacedFiles.all(of: headers, disk: disk, directory: directory)
        headers.removeAll { replaced.contains($0.fileID) }
        headers.sort { $0.fileID < $1.fileID }
        var sizes: [UInt64] = []
        for header in headers { sizes.append(try size(of: header)) }
        let total = sizes.reduce(0, +)
        var found = BitcaskVerification()
        for (header, size) in zip(headers, sizes) {
            let before = found.bytes
            try read(header, &found) { progress(before + $0, total) }
            found.files += 1
            found.bytes = before + size
            progress(found.bytes, total)
            if hints.contains(header.fileID),
                HintFile.read(disk: disk, directory: directory, header: header, dataLength: size) == nil
            {
                found.damagedHints.append("\(directory)/\(FileName.ofHint(header.fileID))")
            }
        }
        return found
    }

    private func path(_ header: FileHeader) -> String { "\(directory)/\(FileName.ofData(header.fileID))" }

    private func size(of header: FileHeader) throws(BitcaskError) -> UInt64 {
        try attempt(path(header)) { () throws(SystemError) in
            try disk.withFile(path(header)) { file throws(SystemError) in try disk.size(of: file) }
        }
    }

    private func read(
        _ header: FileHeader, _ found: inout BitcaskVerification, _ progress: (UInt64) -> Void
    ) throws(BitcaskError) {
        let path = path(header)
        try attempt(path) { () throws(SystemError) in
            try disk.withFile(path) { file throws(SystemError) in
                var reader = RecordReader(
                    window: FileWindow(disk: disk, file: file, size: try disk.size(of: file)), header: header)
                var told: UInt64 = 0
                while true {
                    switch try reader.next() {
                    case .record(let record):
                        if record.isValueSound {
                            found.records += 1
                        } else {
                            found.damage.append(
                                BitcaskCorruption(
                                    path: path, offset: UInt64(record.offset),
                                    bytes: UInt64(record.header.recordLength)))
                        }
                    case .damage(let offset, let bytes):
                        found.damage.append(BitcaskCorruption(path: path, offset: offset, bytes: bytes))
                    case .end: return
                    }
                    if reader.offset - told > 4 << 20 {
                        told = reader.offset
                        progress(told)
                    }
                }
            }
        }
    }
}
