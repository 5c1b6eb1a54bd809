/// What the operating system said when it refused.
struct SystemError: Error, Equatable {
    let operation: BitcaskError.Operation
    let errno: Int32
}

/// The seam between the store and the disk, so that tests can tear, lose and refuse at every operation.
///
/// A type parameter of the store, never an existential: the calls are direct in the shipped program.
protocol FileSystem {
    /// An open file.
    associatedtype File

    /// Creates the directory and its parents; an existing one is fine.
    func createDirectory(_ path: String) throws(SystemError)
    /// The names in a directory, in no particular order.
    func names(in directory: String) throws(SystemError) -> [String]
    /// Makes creations, renames and removals in the directory durable.
    func syncDirectory(_ path: String) throws(SystemError)

    /// Opens an existing file for reading and writing.
    func open(_ path: String) throws(SystemError) -> File
    /// Creates an empty file, emptying one left over from before.
    func create(_ path: String) throws(SystemError) -> File
    func close(_ file: File)
    func size(of file: File) throws(SystemError) -> UInt64
    /// Fills the first bytes of `buffer`, which holds at least `count`; fewer than `count` only at the file's end.
    func read(_ file: File, into buffer: inout [UInt8], count: Int, at offset: UInt64) throws(SystemError) -> Int
    /// Writes all of `bytes`; when it throws, some of them may be there.
    func write(_ file: File, _ bytes: RawSpan, at offset: UInt64) throws(SystemError)
    func truncate(_ file: File, to size: UInt64) throws(SystemError)
    /// Makes the file's bytes and length durable.
    func sync(_ file: File) throws(SystemError)

    func rename(_ path: String, to newPath: String) throws(SystemError)
    func remove(_ path: String) throws(SystemError)

    /// Takes the directory's lock, or says who has it.
    func lock(_ path: String) throws(BitcaskError) -> File
}

extension SystemError {
    /// The error with the file's name, for people.
    func at(_ path: String) -> BitcaskError {
        // ENOSPC 28, EDQUOT 122 on Linux; both mean that freeing space helps.
        errno == 28 || errno == 122 ? .outOfSpace(path: path) : .io(operation, path: path, errno: errno)
    }
}
