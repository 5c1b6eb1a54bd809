/// What the operating system said when it refused.
struct SystemError: Error, Equatable {
    let operation: BitcaskError.Operation
    let errno: Int32
}

/// An open file: small enough for an atomic, so that readers find it without a lock.
struct FileHandle: Equatable, Sendable {
    /// The descriptor, or whatever number a simulated disk gave; never negative.
    let raw: Int32
}

/// The seam between the store and the disk, so that tests can tear, lose and refuse at every operation.
///
/// A type parameter of the store, never an existential: the calls are direct in the shipped program. Any thread calls it.
protocol FileSystem: Sendable {
    /// Creates the directory and its parents; an existing one is fine.
    func createDirectory(_ path: String) throws(SystemError)
    /// The names in a directory, in no particular order.
    func names(in directory: String) throws(SystemError) -> [String]
    /// Makes creations, renames and removals in the directory durable.
    func syncDirectory(_ path: String) throws(SystemError)

    /// Opens an existing file for reading and, where permissions allow, writing.
    func open(_ path: String) throws(SystemError) -> FileHandle
    /// Creates an empty file, emptying one left over from before.
    func create(_ path: String) throws(SystemError) -> FileHandle
    func close(_ file: FileHandle)
    func size(of file: FileHandle) throws(SystemError) -> UInt64
    /// Fills `buffer` from `offset`; fewer bytes than it holds only at the file's end.
    func read(_ file: FileHandle, into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(SystemError)
        -> Int
    /// Writes all of `bytes`; when it throws, some of them may be there.
    func write(_ file: FileHandle, _ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(SystemError)
    func truncate(_ file: FileHandle, to size: UInt64) throws(SystemError)
    /// Hands a range of the file to the device and waits for it, so that a later `sync` finds little to do. It promises nothing:
    /// the length, and where the bytes lie, are not durable before the sync. An error must not be ignored, since the sync
    /// may not tell it again.
    func writeOut(_ file: FileHandle, _ range: Range<UInt64>) throws(SystemError)
    /// Makes the file's bytes and length durable.
    func sync(_ file: FileHandle) throws(SystemError)

    /// Maps the file's first `length` bytes for reading; nil when that is not to be had.
    func map(_ file: FileHandle, length: Int) -> UnsafeRawPointer?
    func unmap(_ start: UnsafeRawPointer, length: Int)
    /// Brings bytes of a map into memory, beginning on a page; false when the disk cannot give them, and they must not be
    /// touched.
    func load(_ bytes: UnsafeRawBufferPointer) -> Bool

    func rename(_ path: String, to newPath: String) throws(SystemError)
    /// Removes the name; one that is not there is fine.
    func remove(_ path: String) throws(SystemError)
    /// Gives the file a second name.
    func link(_ path: String, to newPath: String) throws(SystemError)

    /// Takes the directory's lock, or says who has it.
    func lock(_ path: String) throws(BitcaskError) -> FileHandle
}

extension FileSystem {
    func write(_ file: FileHandle, _ bytes: [UInt8], at offset: UInt64) throws(SystemError) {
        try bytes.withBytes { bytes throws(SystemError) in try write(file, bytes, at: offset) }
    }

    /// At most `limit` bytes from the file's beginning.
    func read(_ file: FileHandle, upTo limit: Int) throws(SystemError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: limit)
        let result: Result<Int, SystemError> = bytes.withUnsafeMutableBytes { bytes in
            do throws(SystemError) {
                return .success(try read(file, into: bytes, at: 0))
            } catch {
                return .failure(error)
            }
        }
        bytes.removeLast(limit - (try result.get()))
        return bytes
    }

    /// Opens, does, closes.
    func withFile<R>(_ path: String, _ body: (FileHandle) throws(SystemError) -> R) throws(SystemError) -> R {
        let file = try open(path)
        defer { close(file) }
        return try body(file)
    }
}

extension SystemError {
    /// The error with the file's name, for people.
    func at(_ path: String) -> BitcaskError {
        // ENOSPC 28, EDQUOT 122 on Linux; both mean that freeing space helps.
        errno == 28 || errno == 122 ? .outOfSpace(path: path) : .io(operation, path: path, errno: errno)
    }
}

/// Runs `body` and gives its error the file's name.
func attempt<R>(_ path: String, _ body: () throws(SystemError) -> R) throws(BitcaskError) -> R {
    do throws(SystemError) {
        return try body()
    } catch {
        throw error.at(path)
    }
}
