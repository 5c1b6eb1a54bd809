/// What a store can refuse, with the facts a person needs to act on it.
public enum BitcaskError: Error, Sendable, Equatable {
    /// The step of the operating system's file interface that failed.
    public enum Operation: String, Sendable {
        /// Opening or creating a file.
        case open
        /// Reading bytes.
        case read
        /// Appending bytes.
        case write
        /// `fdatasync` or `fsync` of a file.
        case sync
        /// Cutting a file back.
        case truncate
        /// Giving a finished file its name.
        case rename
        /// Removing a file.
        case remove
        /// Giving a file a second name, for a backup.
        case link
        /// Listing, creating or syncing a directory.
        case directory
        /// Taking the lock.
        case lock
    }

    /// Another opener holds the directory; `pid` is what its lock file says.
    case locked(path: String, pid: Int32?)
    /// The operating system refused an operation.
    case io(Operation, path: String, errno: Int32)
    /// The device or quota is full; nothing of the write remains and the store stays usable.
    case outOfSpace(path: String)
    /// The key is longer than the format can hold.
    case keyTooLong(bytes: Int, limit: Int)
    /// The value is longer than the format allows.
    case valueTooLong(bytes: Int, limit: Int)
    /// The encoded batch is larger than one atomic write may be.
    case batchTooLarge(bytes: Int, limit: Int)
    /// The stored bytes of this record are damaged. No wrong value is ever returned in their place.
    case corruptRecord(path: String, offset: UInt64)
    /// The first bytes of a data file are damaged, so none of its records can be checked.
    case corruptHeader(path: String)
    /// The file has another format than this program reads.
    case unsupportedVersion(path: String, version: UInt16)
    /// The file belongs to another store, or carries another file's number.
    case foreignFile(path: String)
    /// The store has as many files as one can have.
    case tooManyFiles(limit: Int)
    /// The operating system has no memory for the key or the write's bytes; nothing of the write remains.
    case outOfMemory
    /// The keys fill all the memory that one store can address.
    case tooManyKeys(gibibytes: Int)
    /// The backup's directory is there already.
    case backupExists(path: String)
    /// A failed sync or an append that could not be undone: the store takes no more writes until it is opened again.
    case failed(reason: String)
    /// The store was closed.
    case closed
}

extension BitcaskError: CustomStringConvertible {
    /// The error in a sentence, with what to do next.
    public var description: String {
        switch self {
        case .locked(let path, let pid):
            let holder = pid.map { "process \($0)" } ?? "another process"
            return "\(path) is in use by \(holder); stop it, or choose another data directory"
        case .io(let operation, let path, let errno):
            return "\(operation.rawValue) of \(path) failed: \(describe(errno: errno))"
        case .outOfSpace(let path):
            return "no space left to write \(path); free some space, then try again"
        case .keyTooLong(let bytes, let limit):
            return "key of \(bytes) bytes is over the limit of \(limit)"
        case .valueTooLong(let bytes, let limit):
            return "value of \(bytes) bytes is over the limit of \(limit)"
        case .batchTooLarge(let bytes, let limit):
            return "batch of \(bytes) bytes is over the limit of \(limit); split it"
        case .corruptRecord(let path, let offset):
            return
                "the record at byte \(offset) of \(path) is damaged; restore the file from a backup or write the key again"
        case .corruptHeader(let path):
            return
                "the header of \(path) is damaged; restore the file from a backup, or move it away to open without its records"
        case .unsupportedVersion(let path, let version):
            return version < FileHeader.version
                ? "\(path) has format version \(version) of an early Godwit, which this program no longer reads; export it with the program that wrote it, or move the directory away to start anew"
                : "\(path) has format version \(version), which this program does not know; use a newer one"
        case .foreignFile(let path):
            return "\(path) belongs to another store or was renamed; move it out of the directory"
        case .tooManyFiles(let limit):
            return "the store has \(limit) files; let merges catch up, or raise the file size"
        case .outOfMemory:
            return "no memory left for another key; give the process more, or spread the keys over more stores"
        case .tooManyKeys(let gibibytes):
            return "the store's keys fill \(gibibytes) GiB, which is the most; spread them over more stores"
        case .backupExists(let path):
            return "\(path) is there already; choose a new directory for the backup"
        case .failed(let reason):
            return "the store stopped taking writes (\(reason)); check the disk, then open the store again"
        case .closed:
            return "the store is closed"
        }
    }
}
