import Synchronization

/// A closed file mapped into memory, so that a read of what the page cache has is no system call.
///
/// A page of a map that the disk cannot give ends the process with SIGBUS, where `pread` has an error. So the map covers only
/// closed files, which nothing truncates, and a page is touched only after `FileSystem.load` has brought it in without an
/// error; where that fails the read goes through `pread`, which tells why. What remains is a page that could be read, was
/// dropped from memory, and can be read no more: the next process meets it as an error.
struct FileMap: ~Copyable {
    private static let pageBits = 12

    let start: UnsafeRawPointer
    let length: Int
    /// A bit for each page that may be touched.
    private let loaded: UnsafeMutablePointer<Atomic<UInt64>>
    private let words: Int

    init(start: UnsafeRawPointer, length: Int) {
        self.start = start
        self.length = length
        words = length >> (Self.pageBits + 6) + 1
        loaded = .allocate(capacity: words)
        for index in 0..<words { (loaded + index).initialize(to: Atomic(0)) }
    }

    deinit {
        loaded.deinitialize(count: words)
        loaded.deallocate()
    }

    /// The bytes at a record's location, as many as the file has; nil when they cannot be touched.
    @inline(__always)
    func bytes(at location: Location, disk: some FileSystem) -> UnsafeRawBufferPointer? {
        let from = Int(location.offset)
        guard from < length else { return nil }
        let bytes = UnsafeRawBufferPointer(start: start + from, count: min(location.lengthBound, length &- from))
        let first = from >> Self.pageBits
        let last = (from &+ max(bytes.count, 1) &- 1) >> Self.pageBits
        if isLoaded(first), first == last || isLoaded(last) && last &- first == 1 { return bytes }
        return load(first, last, disk) ? bytes : nil
    }

    @inline(__always)
    private func isLoaded(_ page: Int) -> Bool {
        loaded[page >> 6].load(ordering: .relaxed) & 1 << UInt64(page & 63) != 0
    }

    private func load(_ first: Int, _ last: Int, _ disk: some FileSystem) -> Bool {
        if (first...last).allSatisfy({ isLoaded($0) }) { return true }
        let from = first << Self.pageBits
        let end = min((last + 1) << Self.pageBits, length)
        guard disk.load(UnsafeRawBufferPointer(start: start + from, count: end - from)) else { return false }
        for page in first...last { loaded[page >> 6].bitwiseOr(1 << UInt64(page & 63), ordering: .relaxed) }
        return true
    }
}
