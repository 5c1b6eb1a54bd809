@testable import Bitcask

/// A disk in memory that forgets what was not synced, tears writes, and refuses on demand.
///
/// `@unchecked Sendable`: a test keeps its disk, and the store on it, on one thread.
final class SimulatedDisk: FileSystem, @unchecked Sendable {
    final class Inode {
        enum Change {
            case write(offset: Int, bytes: [UInt8])
            case truncate(size: Int)
        }

        var durable: [UInt8]
        var current: [UInt8]
        var pending: [Change] = []

        init(_ content: [UInt8] = []) {
            durable = content
            current = content
        }

        func apply(_ change: Change) {
            Self.apply(change, to: &current)
            pending.append(change)
        }

        static func apply(_ change: Change, to content: inout [UInt8]) {
            switch change {
            case .write(let offset, let bytes):
                let end = offset + bytes.count
                if content.count < end { content += [UInt8](repeating: 0, count: end - content.count) }
                content.replaceSubrange(offset..<end, with: bytes)
            case .truncate(let size):
                if content.count > size {
                    content.removeLast(content.count - size)
                } else {
                    content += [UInt8](repeating: 0, count: size - content.count)
                }
            }
        }
    }

    private enum NameChange {
        case link(String, Inode)
        case unlink(String)
        case rename(String, String, Inode)
        case renameDirectory(String, String)
    }

    private(set) var names: [String: Inode] = [:]
    private var durableNames: [String: Inode] = [:]
    private var pendingNames: [NameChange] = []
    private var locks: Set<ObjectIdentifier> = []
    private var handles: [Int32: Inode] = [:]
    private var nextHandle: Int32 = 0
    var openFiles: Int { handles.count }
    /// Maps by their address: a copy of what the file held, since a mapped file never changes.
    private var maps: [UnsafeRawPointer: String] = [:]
    var mappedFiles: Int { maps.count }

    /// Changing operations so far.
    private(set) var operations = 0
    /// The operation in whose middle the power goes.
    var crashAt: Int?
    private(set) var isCrashed = false
    /// Called in the middle of every changing operation: what it changes is begun and not durable.
    var onOperation: (() -> Void)?
    /// Gives an error number for an operation that shall fail.
    var fault: (BitcaskError.Operation, String) -> Int32? = { _, _ in nil }
    /// Every third operation fails, in turn with EIO and ENOSPC, some of a write's bytes written.
    var isFaulty = false
    private var faults = 0
    /// How many bytes of a failing write are there nevertheless.
    var bytesOfFailedWrite = 7
    /// Syncs of data files that were refused.
    private(set) var failedSyncs = 0
    private(set) var paths: [ObjectIdentifier: String] = [:]

    init() {}

    /// Says whether this operation is the last of the power.
    private func begin(_ operation: BitcaskError.Operation, _ path: String) throws(SystemError) -> Bool {
        guard !isCrashed else { throw SystemError(operation: operation, errno: 5) }
        operations += 1
        if operations == crashAt {
            isCrashed = true
            return true
        }
        if let errno = fault(operation, path) { throw SystemError(operation: operation, errno: errno) }
        if isFaulty {
            faults += 1
            if faults % 3 == 0 { throw SystemError(operation: operation, errno: faults % 2 == 0 ? 5 : 28) }
        }
        return false
    }

    private func end(_ operation: BitcaskError.Operation, crashing: Bool) throws(SystemError) {
        if operation != .sync, operation != .directory { onOperation?() }
        if crashing { throw SystemError(operation: operation, errno: 5) }
    }

    // MARK: FileSystem

    func createDirectory(_ path: String) throws(SystemError) {}

    func names(in directory: String) throws(SystemError) -> [String] {
        names.keys.filter { $0.hasPrefix(directory + "/") }.map { String($0.dropFirst(directory.count + 1)) }
    }

    func syncDirectory(_ path: String) throws(SystemError) {
        let crashing = try begin(.directory, path)
        onOperation?()
        if !crashing {
            durableNames = names
            pendingNames = []
        }
        try end(.directory, crashing: crashing)
    }

    func open(_ path: String) throws(SystemError) -> FileHandle {
        guard !isCrashed, let inode = names[path] else { throw SystemError(operation: .open, errno: 2) }
        if let errno = fault(.open, path) { throw SystemError(operation: .open, errno: errno) }
        paths[ObjectIdentifier(inode)] = path
        return handle(inode)
    }

    func create(_ path: String) throws(SystemError) -> FileHandle {
        let crashing = try begin(.open, path)
        let inode = Inode()
        names[path] = inode
        pendingNames.append(.link(path, inode))
        try end(.open, crashing: crashing)
        paths[ObjectIdentifier(inode)] = path
        return handle(inode)
    }

    func close(_ file: FileHandle) {
        precondition(handles.removeValue(forKey: file.raw) != nil, "closed twice")
    }

    private func handle(_ inode: Inode) -> FileHandle {
        nextHandle += 1
        handles[nextHandle] = inode
        return FileHandle(raw: nextHandle)
    }

    private func inode(_ file: FileHandle) throws(SystemError) -> Inode {
        guard let inode = handles[file.raw] else { throw SystemError(operation: .read, errno: 9) }
        return inode
    }

    func size(of file: FileHandle) throws(SystemError) -> UInt64 { UInt64(try inode(file).current.count) }

    func read(
        _ file: FileHandle, into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64
    ) throws(SystemError) -> Int {
        guard !isCrashed else { throw SystemError(operation: .read, errno: 5) }
        if let errno = fault(.read, path(of: file)) { throw SystemError(operation: .read, errno: errno) }
        let inode = try inode(file)
        let start = min(Int(offset), inode.current.count)
        let end = min(start + buffer.count, inode.current.count)
        inode.current.withUnsafeBytes { content in
            UnsafeMutableRawBufferPointer(rebasing: buffer[..<(end - start)]).copyMemory(
                from: UnsafeRawBufferPointer(rebasing: content[start..<end]))
        }
        return end - start
    }

    func write(_ file: FileHandle, _ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(SystemError) {
        let bytes = Array(bytes)
        let inode = try inode(file)
        do throws(SystemError) {
            let crashing = try begin(.write, path(of: file))
            inode.apply(.write(offset: Int(offset), bytes: bytes))
            try end(.write, crashing: crashing)
        } catch {
            if !isCrashed, !bytes.isEmpty {
                inode.apply(.write(offset: Int(offset), bytes: Array(bytes.prefix(bytesOfFailedWrite))))
            }
            throw error
        }
    }

    func truncate(_ file: FileHandle, to size: UInt64) throws(SystemError) {
        let crashing = try begin(.truncate, path(of: file))
        try inode(file).apply(.truncate(size: Int(size)))
        try end(.truncate, crashing: crashing)
    }

    /// Nothing of it is durable: only a sync promises.
    func writeOut(_ file: FileHandle, _ range: Range<UInt64>) throws(SystemError) {
        let crashing = try begin(.sync, path(of: file))
        try end(.sync, crashing: crashing)
    }

    func sync(_ file: FileHandle) throws(SystemError) {
        let crashing: Bool
        do throws(SystemError) {
            crashing = try begin(.sync, path(of: file))
        } catch {
            if path(of: file).hasSuffix(".data") { failedSyncs += 1 }
            throw error
        }
        onOperation?()
        if !crashing {
            let inode = try inode(file)
            inode.durable = inode.current
            inode.pending = []
        }
        try end(.sync, crashing: crashing)
    }

    func rename(_ path: String, to newPath: String) throws(SystemError) {
        let crashing = try begin(.rename, newPath)
        guard let inode = names.removeValue(forKey: path) else {
            try renameDirectory(path, to: newPath)
            return try end(.rename, crashing: crashing)
        }
        names[newPath] = inode
        paths[ObjectIdentifier(inode)] = newPath
        pendingNames.append(.rename(path, newPath, inode))
        try end(.rename, crashing: crashing)
    }

    private func renameDirectory(_ path: String, to newPath: String) throws(SystemError) {
        guard names.keys.contains(where: { $0.hasPrefix(path + "/") }) else {
            throw SystemError(operation: .rename, errno: 2)
        }
        names = Self.renamed(names, from: path, to: newPath)
        pendingNames.append(.renameDirectory(path, newPath))
    }

    private static func renamed(_ names: [String: Inode], from: String, to: String) -> [String: Inode] {
        var result: [String: Inode] = [:]
        for (name, inode) in names {
            result[name.hasPrefix(from + "/") ? to + name.dropFirst(from.count) : name] = inode
        }
        return result
    }

    func remove(_ path: String) throws(SystemError) {
        let crashing = try begin(.remove, path)
        if names.removeValue(forKey: path) != nil { pendingNames.append(.unlink(path)) }
        try end(.remove, crashing: crashing)
    }

    func map(_ file: FileHandle, length: Int) -> UnsafeRawPointer? {
        guard let inode = handles[file.raw], length == inode.current.count else { return nil }
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: length, alignment: 4_096)
        memory.copyBytes(from: inode.current)
        guard let start = memory.baseAddress else { return nil }
        maps[UnsafeRawPointer(start)] = path(of: file)
        return UnsafeRawPointer(start)
    }

    func unmap(_ start: UnsafeRawPointer, length: Int) {
        precondition(maps.removeValue(forKey: start) != nil, "unmapped twice")
        start.deallocate()
    }

    func load(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard !isCrashed, let start = bytes.baseAddress else { return false }
        return fault(.read, maps[start] ?? "?") == nil
    }

    func lock(_ path: String) throws(BitcaskError) -> FileHandle {
        return handle(Inode())
    }

    func link(_ path: String, to newPath: String) throws(SystemError) {
        let crashing = try begin(.link, newPath)
        guard let inode = names[path] else { throw SystemError(operation: .link, errno: 2) }
        names[newPath] = inode
        pendingNames.append(.link(newPath, inode))
        try end(.link, crashing: crashing)
    }

    private func path(of file: FileHandle) -> String {
        handles[file.raw].flatMap { paths[ObjectIdentifier($0)] } ?? "?"
    }

    // MARK: After the power came back

    /// What the platter holds now: everything synced, and of the rest whatever chance lets survive.
    func afterPowerLoss(_ random: inout SeededGenerator) -> SimulatedDisk {
        let disk = SimulatedDisk()
        var survivors = durableNames
        for change in pendingNames where Bool.random(using: &random) {
            switch change {
            case .link(let path, let inode): survivors[path] = inode
            case .unlink(let path): survivors[path] = nil
            case .rename(let path, let newPath, let inode):
                survivors[path] = nil
                survivors[newPath] = inode
            case .renameDirectory(let path, let newPath):
                survivors = Self.renamed(survivors, from: path, to: newPath)
            }
        }
        for (path, inode) in survivors.sorted(by: { $0.key < $1.key }) {
            disk.names[path] = Inode(Self.content(of: inode, &random))
        }
        disk.durableNames = disk.names
        return disk
    }

    /// What the next process finds when only this one died: all of it.
    func afterProcessDeath() -> SimulatedDisk {
        let disk = SimulatedDisk()
        disk.names = names.mapValues { Inode($0.current) }
        disk.durableNames = disk.names
        return disk
    }

    private static func content(of inode: Inode, _ random: inout SeededGenerator) -> [UInt8] {
        var content = inode.durable
        switch UInt8.random(in: 0..<4, using: &random) {
        case 0: break
        case 1: content = inode.current
        case 2:
            // The first changes in order, the last of them torn.
            let kept = Int.random(in: 0...inode.pending.count, using: &random)
            for (index, change) in inode.pending.prefix(kept).enumerated() {
                if index == kept - 1, case .write(let offset, let bytes) = change {
                    let torn = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &random)))
                    Inode.apply(.write(offset: offset, bytes: torn), to: &content)
                } else {
                    Inode.apply(change, to: &content)
                }
            }
        default:
            // Sectors in any order; the others read as zeros.
            let sector = 64
            for change in inode.pending {
                guard case .write(let offset, let bytes) = change else {
                    Inode.apply(change, to: &content)
                    continue
                }
                for start in stride(from: 0, to: bytes.count, by: sector) where Bool.random(using: &random) {
                    let piece = Array(bytes[start..<min(start + sector, bytes.count)])
                    Inode.apply(.write(offset: offset + start, bytes: piece), to: &content)
                }
            }
        }
        return content
    }

    /// Changes bytes of a file behind the store's back.
    func damage(_ path: String, _ body: (inout [UInt8]) -> Void) {
        guard let inode = names[path] else { return }
        body(&inode.current)
        inode.durable = inode.current
    }
}
