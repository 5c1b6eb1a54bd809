/// The decoders of what lies in files, for fuzzing: each takes any bytes, mends the checksums that chance would never hit, and
/// stops the process where a decoder breaks its word.
package enum DecoderChecks {
    private static let salt: UInt32 = 0x0102_0304
    private static let storeID = [UInt8](0..<16)

    /// A record as it stands at the beginning of a file.
    package static func record(_ bytes: [UInt8]) {
        let mended = mend(bytes)
        mended.withUnsafeBytes { bytes in
            guard let header = RecordHeader(unverified: bytes),
                header.isHeaderSound(bytes, salt: salt, offset: UInt32(FileHeader.length))
            else { return }
            _ = header.key(bytes)
            guard header.isValueSound(bytes) else { return }
            var again = [UInt8](repeating: 0, count: RecordHeader.maximumLength + bytes.count)
            let length = again.withUnsafeMutableBytes { again in
                guard let target = again.baseAddress else { return 0 }
                return header.write(
                    key: header.key(bytes), value: header.value(bytes), salt: salt, offset: UInt32(FileHeader.length),
                    to: target)
            }
            precondition(again[..<length].elementsEqual(bytes.prefix(header.recordLength)), "\(header) changed")
            if header.flags.contains(.replaces) { _ = ReplacedFiles.decode(header.value(bytes)) }
        }
    }

    /// A data file's header.
    package static func header(_ bytes: [UInt8]) {
        _ = try? FileHeader(decoding: bytes)
        guard bytes.count == FileHeader.length else { return }
        let mended = Array(bytes[..<60]) + littleEndian(CRC32C.checksum(Array(bytes[..<60])))
        guard let header = try? FileHeader(decoding: mended) else { return }
        let again = try? FileHeader(decoding: header.encoded())
        precondition(again == header, "\(header) became \(String(describing: again))")
    }

    /// A hint file: its largest sequence (8 bytes), the number of its entries (2), and the entries.
    package static func hint(_ bytes: [UInt8]) {
        let header = FileHeader(kind: .log, salt: salt, storeID: storeID, fileID: 9, floor: 0)
        let dataLength: UInt64 = 1 << 20
        _ = HintFile(decoding: bytes, for: header, dataLength: dataLength)
        guard bytes.count >= 10 else { return }
        var mended = Array(HintFile.Builder().finish(for: header, dataLength: dataLength).dropLast(4))
        mended.replaceSubrange(40..<48, with: bytes[..<8])
        mended.replaceSubrange(48..<50, with: bytes[8..<10])
        mended += bytes[10...]
        mended += littleEndian(CRC32C.checksum(mended))
        guard let hint = HintFile(decoding: mended, for: header, dataLength: dataLength) else { return }
        var count = 0
        try? hint.forEach { entry throws(BitcaskError) in
            count += 1
            precondition(entry.sequence <= hint.maximumSequence, "a sequence above the largest")
            precondition(UInt64(entry.offset) + UInt64(entry.recordLength) <= dataLength, "a record behind the end")
            precondition(entry.key.count <= RecordHeader.maximumKeyBytes, "a key too long")
        }
        precondition(count == hint.count, "\(count) entries, not \(hint.count)")
    }

    /// The data file number 1 with these bytes for records, whose checksums are mended as far as records can be told.
    package static func log(_ bytes: [UInt8]) -> [UInt8] {
        FileHeader(kind: .log, salt: salt, storeID: storeID, fileID: 1, floor: 0).encoded() + mend(bytes)
    }

    private static func mend(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        bytes.withUnsafeMutableBytes { all in
            var start = 0
            while start < all.count, let base = all.baseAddress {
                let rest = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(all)[start...])
                guard let header = RecordHeader(unverified: rest), header.recordLength <= rest.count else { return }
                let offset = UInt32(truncatingIfNeeded: FileHeader.length + start)
                let end = header.length + header.keyLength
                let headerCRC = CRC32C.checksum(
                    UnsafeRawBufferPointer(rebasing: rest[8..<end]),
                    seed: RecordHeader.seed(salt: salt, offset: offset))
                let recordCRC = CRC32C.checksum(
                    UnsafeRawBufferPointer(rebasing: rest[end..<header.recordLength]), seed: headerCRC)
                (base + start).storeBytes(of: headerCRC.littleEndian, as: UInt32.self)
                (base + start + 4).storeBytes(of: recordCRC.littleEndian, as: UInt32.self)
                start += header.recordLength
            }
        }
        return bytes
    }

    private static func littleEndian(_ value: UInt32) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendLittleEndian(value)
        return bytes
    }
}
