/// What opening needs to know of a closed data file without reading it (docs/bitcask-format.md).
///
///      0  8  magic "GODWITHT"       32  8  length of the data file
///      8  2  version, 2             40  8  largest sequence
///     10  2  zero                   48  4  number of entries
///     12  4  file number            52  4  salt of the data file
///     16 16  store id               56  .  entries, then CRC-32C of everything before it
///
/// An entry: flags 1, sequence 8, then varints: record offset, record length, expiry (with *expires*), key length; key.
struct HintFile {
    struct Entry {
        let flags: RecordHeader.Flags
        let sequence: UInt64
        let offset: UInt32
        let recordLength: Int
        /// Milliseconds since 1970; 0 for never.
        let expiry: UInt64
        /// Good while the file's bytes are.
        let key: UnsafeRawBufferPointer

        func location(in slot: UInt16) -> Location {
            Location(slot: slot, offset: offset, recordLength: recordLength, expires: expiry > 0)
        }
    }

    static let version: UInt16 = 2
    private static let magic = Array("GODWITHT".utf8)
    private static let headerLength = 56
    /// Kept in an entry; the others say nothing that opening needs.
    private static let keptFlags: RecordHeader.Flags = [.tombstone, .prefix, .expires]

    private let bytes: [UInt8]
    let count: Int
    let maximumSequence: UInt64

    /// Collects entries, already in the file's bytes.
    struct Builder {
        private(set) var encoded: [UInt8] = []
        private var count: UInt32 = 0
        private var maximumSequence: UInt64 = 0

        mutating func add(_ header: RecordHeader, at offset: UInt32, key: UnsafeRawBufferPointer) {
            encoded.append(header.flags.intersection(keptFlags).rawValue)
            encoded.appendLittleEndian(header.sequence)
            encoded.appendVarint(UInt64(offset))
            encoded.appendVarint(UInt64(header.recordLength))
            if header.expiry > 0 { encoded.appendVarint(header.expiry) }
            encoded.appendVarint(UInt64(key.count))
            encoded.append(contentsOf: key)
            count += 1
            maximumSequence = max(maximumSequence, header.sequence)
        }

        /// The whole file, for a data file of `dataLength` bytes with this header.
        func finish(for header: FileHeader, dataLength: UInt64) -> [UInt8] {
            var bytes = HintFile.magic
            bytes.reserveCapacity(HintFile.headerLength + encoded.count + 4)
            bytes.appendLittleEndian(HintFile.version)
            bytes.appendLittleEndian(0 as UInt16)
            bytes.appendLittleEndian(header.fileID)
            bytes += header.storeID
            bytes.appendLittleEndian(dataLength)
            bytes.appendLittleEndian(maximumSequence)
            bytes.appendLittleEndian(count)
            bytes.appendLittleEndian(header.salt)
            bytes += encoded
            bytes.appendLittleEndian(CRC32C.checksum(bytes))
            return bytes
        }
    }

    /// Nil unless the bytes are whole, sound and about exactly this data file.
    init?(decoding bytes: [UInt8], for header: FileHeader, dataLength: UInt64) {
        let span = bytes.span.bytes
        let end = bytes.count - 4
        guard end >= Self.headerLength, bytes.starts(with: Self.magic),
            bytes.withUnsafeBytes({ CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[..<end])) })
                == span.littleEndian(UInt32.self, at: end),
            span.littleEndian(UInt16.self, at: 8) == Self.version,
            span.littleEndian(UInt32.self, at: 12) == header.fileID,
            bytes[16..<32].elementsEqual(header.storeID),
            span.littleEndian(UInt64.self, at: 32) == dataLength,
            span.littleEndian(UInt32.self, at: 52) == header.salt
        else { return nil }
        maximumSequence = span.littleEndian(UInt64.self, at: 40)
        count = Int(span.littleEndian(UInt32.self, at: 48))
        guard maximumSequence <= RecordHeader.maximumSequence else { return nil }
        self.bytes = bytes
        // The checksum holds, so what fails here is a writer's mistake; it costs a slower opening.
        var found = 0
        guard
            Self.walk(
                bytes, limit: dataLength, maximumSequence: maximumSequence,
                { _ in
                    found += 1
                    return true
                }), found == count
        else { return nil }
    }

    func forEach(_ body: (Entry) throws(BitcaskError) -> Void) throws(BitcaskError) {
        var refusal: BitcaskError?
        _ = Self.walk(bytes, limit: .max, maximumSequence: .max) { entry in
            do throws(BitcaskError) {
                try body(entry)
                return true
            } catch {
                refusal = error
                return false
            }
        }
        if let refusal { throw refusal }
    }

    /// The entries of a builder's bytes from `position` on, which moves; at most `limit` of them.
    static func forEach(
        encoded: [UInt8], from position: inout Int, limit: Int, _ body: (Entry) -> Void
    ) {
        encoded.withUnsafeBytes { encoded in
            for _ in 0..<limit {
                guard position < encoded.count, let entry = Entry(encoded, at: &position) else { return }
                body(entry)
            }
        }
    }

    private static func walk(
        _ bytes: [UInt8], limit: UInt64, maximumSequence: UInt64, _ body: (Entry) -> Bool
    ) -> Bool {
        bytes.withUnsafeBytes { all in
            let bytes = UnsafeRawBufferPointer(rebasing: all[..<(all.count - 4)])
            var offset = headerLength
            while offset < bytes.count {
                guard let entry = Entry(bytes, at: &offset), entry.sequence <= maximumSequence,
                    UInt64(entry.offset) + UInt64(entry.recordLength) <= limit, body(entry)
                else { return false }
            }
            return true
        }
    }
}

extension HintFile.Entry {
    fileprivate init?(_ bytes: UnsafeRawBufferPointer, at offset: inout Int) {
        guard bytes.count - offset >= 9 else { return nil }
        flags = RecordHeader.Flags(rawValue: bytes[offset])
        sequence = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 1, as: UInt64.self))
        offset += 9
        guard let place = Varint.read(bytes, at: &offset), let start = UInt32(exactly: place),
            let length = Varint.read(bytes, at: &offset), length <= UInt64(UInt32.max)
        else { return nil }
        self.offset = start
        recordLength = Int(length)
        if flags.contains(.expires) {
            guard let expiry = Varint.read(bytes, at: &offset), expiry > 0, expiry <= RecordHeader.maximumExpiry else {
                return nil
            }
            self.expiry = expiry
        } else {
            expiry = 0
        }
        guard let keyLength = Varint.read(bytes, at: &offset), keyLength <= UInt64(RecordHeader.maximumKeyBytes),
            bytes.count - offset >= Int(keyLength)
        else { return nil }
        key = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + Int(keyLength)])
        offset += Int(keyLength)
    }
}

extension HintFile {
    /// The hint of a data file, when it is there and good.
    static func read<Disk: FileSystem>(
        disk: Disk, directory: String, header: FileHeader, dataLength: UInt64
    ) -> HintFile? {
        let path = "\(directory)/\(FileName.ofHint(header.fileID))"
        let bytes = try? disk.withFile(path) { file throws(SystemError) in
            try disk.read(file, upTo: Int(clamping: min(try disk.size(of: file), 4 << 30)))
        }
        return bytes.flatMap { HintFile(decoding: $0, for: header, dataLength: dataLength) }
    }

    /// Writes a hint: whole under another name first, so that a half-written one is never met.
    static func write<Disk: FileSystem>(
        _ bytes: [UInt8], disk: Disk, directory: String, fileID: UInt32
    ) throws(SystemError) {
        let path = "\(directory)/\(FileName.ofHint(fileID))"
        let temporary = FileName.ofTemporary(for: path)
        do throws(SystemError) {
            let file = try disk.create(temporary)
            defer { disk.close(file) }
            try disk.write(file, bytes, at: 0)
            try disk.sync(file)
            try disk.rename(temporary, to: path)
        } catch {
            try? disk.remove(temporary)
            throw error
        }
    }
}
