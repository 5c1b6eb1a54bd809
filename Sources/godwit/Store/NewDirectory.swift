import Foundation

/// A directory that is complete or has the name `….partial`.
struct NewDirectory {
    private static let chunkBytes = 1 << 20

    let target: String
    var partial: String { target + ".partial" }

    /// Begins it anew, with the directories above it; what an earlier attempt left is removed.
    init(_ target: String) throws {
        let there = try? FileManager.default.contentsOfDirectory(atPath: target)
        guard !FileManager.default.fileExists(atPath: target) || there?.isEmpty == true else {
            throw StoreToolError.exists(target)
        }
        self.target = target
        try? FileManager.default.removeItem(atPath: partial)
        let parent = URL(fileURLWithPath: target).deletingLastPathComponent().path
        try? FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
        try make(partial)
    }

    /// Makes a directory within it.
    func make(_ path: String) throws {
        guard mkdir(path, 0o700) == 0 else { throw StoreToolError.copy(path, errno: errno) }
    }

    /// Makes a durable copy of a file of the directory `source` in the directory `place` within.
    func copy(_ name: String, from source: String, to place: String = "", progress: (Int) -> Void = { _ in }) throws {
        let from = "\(source)/\(name)"
        let to = place.isEmpty ? "\(partial)/\(name)" : "\(partial)/\(place)/\(name)"
        let input = open(from, O_RDONLY | O_CLOEXEC)
        guard input >= 0 else { throw StoreToolError.copy(from, errno: errno) }
        defer { close(input) }
        let output = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard output >= 0 else { throw StoreToolError.copy(to, errno: errno) }
        defer { close(output) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.chunkBytes, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = read(input, buffer.baseAddress, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw StoreToolError.copy(from, errno: errno) }
            if count == 0 { break }
            var rest = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            while !rest.isEmpty {
                let wrote = write(output, rest.baseAddress, rest.count)
                if wrote < 0, errno == EINTR { continue }
                guard wrote > 0 else { throw StoreToolError.copy(to, errno: wrote == 0 ? EIO : errno) }
                rest = UnsafeRawBufferPointer(rebasing: rest[wrote...])
            }
            progress(count)
        }
        guard fsync(output) == 0 else { throw StoreToolError.copy(to, errno: errno) }
    }

    /// Gives it its name, durably. An empty directory of that name makes way.
    func complete() throws {
        try sync(partial)
        guard rename(partial, target) == 0 else { throw StoreToolError.copy(target, errno: errno) }
        try sync(URL(fileURLWithPath: target).deletingLastPathComponent().path)
    }

    /// Makes the names in a directory durable.
    func sync(_ path: String) throws {
        let directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw StoreToolError.copy(path, errno: errno) }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw StoreToolError.copy(path, errno: errno) }
    }
}
