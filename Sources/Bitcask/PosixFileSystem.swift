import CInstructions
import Glibc
import Synchronization

/// The real disk.
package struct PosixFileSystem: FileSystem, Sendable {
    /// Makes syncs fail, for tests of what sits above the store.
    package final class SyncFault: Sendable {
        /// The error number of every further sync; 0 for none.
        package let errno = Atomic<Int32>(0)

        package init() {}
    }

    private let syncFault: SyncFault?

    package init(syncFault: SyncFault? = nil) {
        self.syncFault = syncFault
    }

    func createDirectory(_ path: String) throws(SystemError) {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw SystemError(operation: .directory, errno: errno)
        }
        try createDirectory(String(path[..<slash]))
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw SystemError(operation: .directory, errno: errno)
        }
    }

    func names(in directory: String) throws(SystemError) -> [String] {
        guard let stream = opendir(directory) else { throw SystemError(operation: .directory, errno: errno) }
        defer { closedir(stream) }
        var names: [String] = []
        errno = 0
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
            errno = 0
        }
        guard errno == 0 else { throw SystemError(operation: .directory, errno: errno) }
        return names
    }

    func syncDirectory(_ path: String) throws(SystemError) {
        let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError(operation: .directory, errno: errno) }
        defer { _ = Glibc.close(descriptor) }
        guard fsync(descriptor) == 0 else { throw SystemError(operation: .directory, errno: errno) }
    }

    func open(_ path: String) throws(SystemError) -> FileHandle {
        do throws(SystemError) {
            return try open(path, flags: O_RDWR | O_CLOEXEC, operation: .open)
        } catch {
            // A backup on a read-only medium can still be read.
            guard error.errno == EROFS || error.errno == EACCES else { throw error }
            return try open(path, flags: O_RDONLY | O_CLOEXEC, operation: .open)
        }
    }

    func create(_ path: String) throws(SystemError) -> FileHandle {
        try open(path, flags: O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, operation: .open)
    }

    private func open(
        _ path: String, flags: Int32, operation: BitcaskError.Operation
    ) throws(SystemError) -> FileHandle {
        while true {
            let descriptor = Glibc.open(path, flags, 0o600)
            if descriptor >= 0 { return FileHandle(raw: descriptor) }
            guard errno == EINTR else { throw SystemError(operation: operation, errno: errno) }
        }
    }

    func close(_ file: FileHandle) {
        // EINTR leaves the descriptor closed on Linux: never again.
        _ = Glibc.close(file.raw)
    }

    func size(of file: FileHandle) throws(SystemError) -> UInt64 {
        var status = stat()
        guard fstat(file.raw, &status) == 0 else { throw SystemError(operation: .read, errno: errno) }
        return UInt64(clamping: status.st_size)
    }

    func read(
        _ file: FileHandle, into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64
    ) throws(SystemError) -> Int {
        var done = 0
        while done < buffer.count {
            let got = pread(
                file.raw, buffer.baseAddress?.advanced(by: done), buffer.count - done,
                off_t(clamping: offset) + off_t(done))
            if got > 0 {
                done += got
            } else if got == 0 {
                break
            } else if errno != EINTR {
                throw SystemError(operation: .read, errno: errno)
            }
        }
        return done
    }

    func write(_ file: FileHandle, _ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(SystemError) {
        var done = 0
        while done < bytes.count {
            let wrote = pwrite(
                file.raw, bytes.baseAddress?.advanced(by: done), bytes.count - done,
                off_t(clamping: offset) + off_t(done))
            if wrote > 0 {
                done += wrote
            } else if wrote == 0 {
                throw SystemError(operation: .write, errno: EIO)
            } else if errno != EINTR {
                throw SystemError(operation: .write, errno: errno)
            }
        }
    }

    func truncate(_ file: FileHandle, to size: UInt64) throws(SystemError) {
        while ftruncate(file.raw, off_t(clamping: size)) != 0 {
            guard errno == EINTR else { throw SystemError(operation: .truncate, errno: errno) }
        }
    }

    /// Unlike `fdatasync` it neither commits the file system's journal nor flushes the device's cache.
    func writeOut(_ file: FileHandle, _ range: Range<UInt64>) throws(SystemError) {
        let count = Int64(clamping: range.upperBound - range.lowerBound)
        guard count > 0 else { return }
        while godwit_write_out(file.raw, Int64(clamping: range.lowerBound), count) != 0 {
            // Where the call is not to be had the sync does all the work.
            if errno == ENOSYS || errno == EOPNOTSUPP { return }
            guard errno == EINTR else { throw SystemError(operation: .sync, errno: errno) }
        }
    }

    func sync(_ file: FileHandle) throws(SystemError) {
        if let code = syncFault?.errno.load(ordering: .relaxed), code != 0 {
            throw SystemError(operation: .sync, errno: code)
        }
        guard fdatasync(file.raw) == 0 else { throw SystemError(operation: .sync, errno: errno) }
    }

    /// `MADV_POPULATE_READ` of Linux 5.14: faults pages in and reports what a touch would answer with SIGBUS.
    private static let populate: Int32 = 22

    func map(_ file: FileHandle, length: Int) -> UnsafeRawPointer? {
        guard length > 0, let start = mmap(nil, length, PROT_READ, MAP_SHARED, file.raw, 0), start != MAP_FAILED else {
            return nil
        }
        // Reads go anywhere, so nothing is read ahead. Where the kernel cannot load safely, nothing is mapped.
        guard madvise(start, length, MADV_RANDOM) == 0, load(UnsafeRawBufferPointer(start: start, count: 1)) else {
            munmap(start, length)
            return nil
        }
        return UnsafeRawPointer(start)
    }

    func unmap(_ start: UnsafeRawPointer, length: Int) {
        munmap(UnsafeMutableRawPointer(mutating: start), length)
    }

    func load(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let start = UnsafeMutableRawPointer(mutating: bytes.baseAddress)
        while madvise(start, bytes.count, Self.populate) != 0 {
            guard errno == EINTR || errno == EAGAIN else { return false }
        }
        return true
    }

    func rename(_ path: String, to newPath: String) throws(SystemError) {
        guard Glibc.rename(path, newPath) == 0 else { throw SystemError(operation: .rename, errno: errno) }
    }

    func remove(_ path: String) throws(SystemError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw SystemError(operation: .remove, errno: errno) }
    }

    func link(_ path: String, to newPath: String) throws(SystemError) {
        guard Glibc.link(path, newPath) == 0 else { throw SystemError(operation: .link, errno: errno) }
    }

    func lock(_ path: String) throws(BitcaskError) -> FileHandle {
        let file: FileHandle
        do {
            file = try open(path, flags: O_RDWR | O_CREAT | O_CLOEXEC, operation: .lock)
        } catch {
            throw error.at(path)
        }
        guard flock(file.raw, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            defer { close(file) }
            guard code == EWOULDBLOCK else { throw .io(.lock, path: path, errno: code) }
            throw .locked(path: path, pid: holder(of: file))
        }
        // The number is only for people; the lock itself is the kernel's and ends with the process.
        let text = Array("\(getpid())\n".utf8)
        try? truncate(file, to: 0)
        try? write(file, text, at: 0)
        return file
    }

    private func holder(of file: FileHandle) -> Int32? {
        guard let text = try? read(file, upTo: 16) else { return nil }
        return Int32(String(decoding: text.prefix { $0 != 0x0a }, as: UTF8.self))
    }
}
