/// The sequence of each entry's record while files are read in whatever order: the largest wins.
///
/// Beside each arena chunk lies a table with one number for every 16 bytes, the least that an entry takes; it is gone when
/// opening is done.
final class RecoveredKeys {
    private static let perChunk = 1 << 16

    private let arena: KeyArena
    private var chunks: [UnsafeMutablePointer<UInt64>] = []

    init(arena: KeyArena) {
        self.arena = arena
    }

    deinit {
        for chunk in chunks { ZeroedMemory.free(chunk, bytes: Self.perChunk * 8) }
    }

    subscript(handle: KeyArena.Handle) -> UInt64 {
        let chunk = Int(handle >> 17)
        return chunk < chunks.count ? chunks[chunk][Int(handle & 0x1_ffff) / 2] : 0
    }

    func set(_ handle: KeyArena.Handle, _ sequence: UInt64) throws(BitcaskError) {
        let chunk = Int(handle >> 17)
        while chunks.count <= chunk {
            let memory = try ZeroedMemory.allocate(bytes: Self.perChunk * 8)
            chunks.append(memory.bindMemory(to: UInt64.self, capacity: Self.perChunk))
        }
        chunks[chunk][Int(handle & 0x1_ffff) / 2] = sequence
    }
}
