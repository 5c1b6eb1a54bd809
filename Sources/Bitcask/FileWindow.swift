/// A moving view of a file: whoever walks it asks for bytes at an offset and gets them from one large read.
struct FileWindow<Disk: FileSystem> {
    private static var readAhead: Int { 256 << 10 }

    private let disk: Disk
    private let file: Disk.File
    let size: UInt64
    private var buffer: [UInt8] = []
    private var start: UInt64 = 0
    private var filled = 0

    init(disk: Disk, file: Disk.File, size: UInt64) {
        self.disk = disk
        self.file = file
        self.size = size
    }

    /// The bytes from `offset`, as many of `count` as the file has.
    mutating func bytes(at offset: UInt64, count: Int) throws(SystemError) -> ArraySlice<UInt8> {
        let wanted = offset < size ? Int(min(UInt64(count), size - offset)) : 0
        if offset < start || offset + UInt64(wanted) > start + UInt64(filled) {
            let length = Int(min(UInt64(max(wanted, Self.readAhead)), size - min(offset, size)))
            if buffer.count < length { buffer = [UInt8](repeating: 0, count: length) }
            start = offset
            filled = 0
            filled = try disk.read(file, into: &buffer, count: length, at: offset)
        }
        let from = Int(offset - start)
        return buffer[from..<min(from + wanted, max(filled, from))]
    }
}
