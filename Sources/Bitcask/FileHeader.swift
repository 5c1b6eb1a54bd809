/// The first 64 bytes of a data file (docs/bitcask-format.md).
///
///      0  8  magic "GODWITBC"      32  4  file number          CRC: CRC-32C of bytes 0..<60
///      8  2  version, 2            36  4  zero
///     10  1  kind                  40  8  floor: every record's sequence is above it
///     11  1  zero                  48 12  zero
///     12  4  salt                  60  4  CRC
///     16 16  store id
struct FileHeader: Equatable {
    enum Kind: UInt8 {
        /// Appended to by writes; only the newest of these may end in a torn record.
        case log = 0
        /// Written by a merge, complete before it got its name.
        case merged = 1
    }

    static let length = 64
    /// Numbers stop here, so that counting on never overflows.
    static let maximumFileID: UInt32 = 1 << 31
    static let version: UInt16 = 2
    private static let magic = Array("GODWITBC".utf8)

    let kind: Kind
    /// Seeds the checksums of this file's records, so that record images inside values or left over from other files
    /// are never taken for records.
    let salt: UInt32
    let storeID: [UInt8]
    let fileID: UInt32
    /// A sequence that no record of the file goes below or equals.
    let floor: UInt64

    /// Why a header was refused.
    enum Refusal: Error, Equatable {
        case damaged
        case version(UInt16)
    }

    func encoded() -> [UInt8] {
        var bytes = Self.magic
        bytes.reserveCapacity(Self.length)
        bytes.appendLittleEndian(Self.version)
        bytes.append(kind.rawValue)
        bytes.append(0)
        bytes.appendLittleEndian(salt)
        bytes += storeID
        bytes.appendLittleEndian(fileID)
        bytes.appendLittleEndian(0 as UInt32)
        bytes.appendLittleEndian(floor)
        bytes += [UInt8](repeating: 0, count: 12)
        bytes.appendLittleEndian(CRC32C.checksum(bytes))
        return bytes
    }

    init(kind: Kind, salt: UInt32, storeID: [UInt8], fileID: UInt32, floor: UInt64) {
        self.kind = kind
        self.salt = salt
        self.storeID = storeID
        self.fileID = fileID
        self.floor = floor
    }

    init(decoding bytes: [UInt8]) throws(Refusal) {
        guard bytes.count == Self.length, bytes.starts(with: Self.magic) else { throw .damaged }
        let span = bytes.span.bytes
        guard CRC32C.checksum(Array(bytes[..<60])) == span.littleEndian(UInt32.self, at: 60) else { throw .damaged }
        let version = span.littleEndian(UInt16.self, at: 8)
        guard version == Self.version else { throw .version(version) }
        guard let kind = Kind(rawValue: span.littleEndian(UInt8.self, at: 10)),
            span.littleEndian(UInt32.self, at: 32) <= Self.maximumFileID,
            span.littleEndian(UInt64.self, at: 40) <= RecordHeader.maximumSequence
        else { throw .damaged }
        self.kind = kind
        salt = span.littleEndian(UInt32.self, at: 12)
        storeID = Array(bytes.dropFirst(16).prefix(16))
        fileID = span.littleEndian(UInt32.self, at: 32)
        floor = span.littleEndian(UInt64.self, at: 40)
    }
}

extension FileHeader {
    /// The header of a data file, refused when it is not what the file's name says.
    static func read<Disk: FileSystem>(disk: Disk, directory: String, id: UInt32) throws(BitcaskError) -> FileHeader {
        let path = "\(directory)/\(FileName.ofData(id))"
        let bytes = try attempt(path) { () throws(SystemError) in
            try disk.withFile(path) { file throws(SystemError) in try disk.read(file, upTo: length) }
        }
        let header: FileHeader
        do throws(Refusal) {
            header = try FileHeader(decoding: bytes)
        } catch {
            switch error {
            case .damaged: throw .corruptHeader(path: path)
            case .version(let version): throw .unsupportedVersion(path: path, version: version)
            }
        }
        guard header.fileID == id else { throw .foreignFile(path: path) }
        return header
    }
}
