import Bitcask

/// `store.meta`: what must not change between two starts on the same data.
///
///     godwit-store 1
///     id 00112233445566778899aabbccddeeff
///     shards 4
///     crc32c 1a2b3c4d
///
/// The last line is the CRC-32C of the bytes before it, so that a damaged file is never obeyed.
package struct StoreMetadata: Equatable, Sendable {
    package static let fileName = "store.meta"
    static let version = 1
    /// Far above what the four lines need.
    static let sizeLimit = 4_096

    package let storeID: [UInt8]
    package let shardCount: Int

    /// Why the bytes were refused.
    enum Refusal: Error, Equatable {
        case damaged
        case version(Int)
    }

    init(storeID: [UInt8], shardCount: Int) {
        self.storeID = storeID
        self.shardCount = shardCount
    }

    func encoded() -> [UInt8] {
        let text = "godwit-store \(Self.version)\nid \(Self.hex(storeID))\nshards \(shardCount)\n"
        let checksum = DataDirectory.checksum(Array(text.utf8))
        let bytes = (0..<4).map { UInt8(truncatingIfNeeded: checksum >> UInt32(24 - 8 * $0)) }
        return Array((text + "crc32c \(Self.hex(bytes))\n").utf8)
    }

    init(decoding bytes: [UInt8]) throws(Refusal) {
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        guard let first = lines.first, first.hasPrefix("godwit-store "), let version = Int(first.dropFirst(13)) else {
            throw .damaged
        }
        guard version == Self.version else { throw .version(version) }
        guard lines.count == 4, lines[1].hasPrefix("id "), let storeID = Self.bytes(lines[1].dropFirst(3)),
            storeID.count == 16, lines[2].hasPrefix("shards "), let shardCount = Int(lines[2].dropFirst(7)),
            (1...ShardedStore.shardCountLimit).contains(shardCount)
        else { throw .damaged }
        self.init(storeID: storeID, shardCount: shardCount)
        guard encoded() == bytes else { throw .damaged }
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private static func bytes(_ hex: Substring) -> [UInt8]? {
        let digits = Array(hex.utf8)
        guard digits.count % 2 == 0 else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let byte = UInt8(String(decoding: digits[index..<index + 2], as: UTF8.self), radix: 16) else {
                return nil
            }
            bytes.append(byte)
        }
        return bytes
    }
}

extension StoreMetadata {
    /// Reads the directory's metadata, or writes them when the directory is new.
    static func claim(_ directory: DataDirectory, shardCount: Int) throws(StoreError) -> StoreMetadata {
        let path = "\(directory.path)/\(fileName)"
        let found: [UInt8]?
        let names: [String]
        do throws(BitcaskError) {
            found = try directory.read(fileName, limit: sizeLimit)
            names = try directory.names()
        } catch {
            throw .storage(error)
        }
        if let found { return try check(found, path: path, shardCount: shardCount) }
        // Shards without the word on how many there are: a new count could be wrong, and would hide their keys.
        guard !names.contains(where: { $0.hasPrefix("shard-") }) else { throw .damagedMetadata(path: path) }
        let fresh = StoreMetadata(storeID: (0..<16).map { _ in UInt8.random(in: 0...255) }, shardCount: shardCount)
        do throws(BitcaskError) {
            try directory.replace(fileName, with: fresh.encoded())
        } catch {
            throw .storage(error)
        }
        return fresh
    }

    private static func check(
        _ bytes: [UInt8], path: String, shardCount: Int
    ) throws(StoreError) -> StoreMetadata {
        let stored = try decoded(bytes, path: path)
        guard stored.shardCount == shardCount else {
            throw .shardCountMismatch(path: path, stored: stored.shardCount, configured: shardCount)
        }
        return stored
    }

    /// What the bytes of the file at `path` say, or what is wrong with it.
    package static func decoded(_ bytes: [UInt8], path: String) throws(StoreError) -> StoreMetadata {
        do throws(Refusal) {
            return try StoreMetadata(decoding: bytes)
        } catch {
            switch error {
            case .damaged: throw .damagedMetadata(path: path)
            case .version(let version): throw .unsupportedVersion(path: path, version: version)
            }
        }
    }
}
