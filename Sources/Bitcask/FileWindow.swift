/// A moving view of a file: whoever walks it asks for bytes at an offset and gets them from one large read.
final class FileWindow<Disk: FileSystem> {
    private static var readAhead: Int { 256 << 10 }

    private let disk: Disk
    private let file: FileHandle
    let size: UInt64
    private var buffer: UnsafeMutableRawBufferPointer
    private var start: UInt64 = 0
    private var filled = 0

    init(disk: Disk, file: FileHandle, size: UInt64) {
        self.disk = disk
        self.file = file
        self.size = size
        let capacity = Int(min(UInt64(Self.readAhead), max(size, 1)))
        buffer = .allocate(byteCount: capacity, alignment: 8)
    }

    deinit {
        buffer.deallocate()
    }

    /// The bytes from `offset`, as many of `count` as the file has; good until the next call.
    @inline(__always)
    func bytes(at offset: UInt64, count: Int) throws(SystemError) -> UnsafeRawBufferPointer {
        let wanted = offset < size ? Int(min(UInt64(count), size - offset)) : 0
        if offset < start || offset + UInt64(wanted) > start + UInt64(filled) { try fill(at: offset, wanted) }
        let from = Int(offset - start)
        return UnsafeRawBufferPointer(rebasing: buffer[from..<min(from + wanted, max(filled, from))])
    }

    private func fill(at offset: UInt64, _ wanted: Int) throws(SystemError) {
        let length = Int(min(UInt64(max(wanted, Self.readAhead)), size - min(offset, size)))
        if buffer.count < length {
            buffer.deallocate()
            buffer = .allocate(byteCount: length, alignment: 8)
        }
        start = offset
        filled = 0
        filled = try disk.read(file, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<length]), at: offset)
    }
}
