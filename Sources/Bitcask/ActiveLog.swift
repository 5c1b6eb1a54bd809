/// The newest log: the one file that grows. Under the store's lock.
struct ActiveLog {
    let file: DataFile
    let handle: FileHandle
    let path: String
    var tail: UnsafeMutablePointer<Tail>
    /// Where the next record goes.
    var end: UInt64
    /// How much of it the operating system has.
    var flushed: UInt64
    /// How much of it a sync has made durable.
    var durable: UInt64
    /// Nothing was written since the last closing.
    var endsInMarker: Bool

    var isEmpty: Bool { end <= UInt64(FileHeader.length) }

    init(file: DataFile, handle: FileHandle, path: String, endsInMarker: Bool) throws(BitcaskError) {
        self.file = file
        self.handle = handle
        self.path = path
        self.endsInMarker = endsInMarker
        end = file.length
        flushed = file.length
        durable = file.length
        // Nothing is in it yet; the first write makes one with room.
        tail = try Tail.make(slot: file.slot, start: file.length, capacity: 1)
    }

    /// Makes an empty, durable file that has its name only once its header is sound.
    static func create<Disk: FileSystem>(
        _ header: FileHeader, slot: UInt16, disk: Disk, directory: String
    ) throws(FileCreationError) -> ActiveLog {
        let path = "\(directory)/\(FileName.ofData(header.fileID))"
        let temporary = FileName.ofTemporary(for: path)
        let handle: FileHandle
        do throws(SystemError) {
            handle = try disk.create(temporary)
        } catch {
            throw .refused(error.at(path))
        }
        do throws(SystemError) {
            try disk.write(handle, header.encoded(), at: 0)
            try disk.sync(handle)
            try disk.rename(temporary, to: path)
        } catch {
            disk.close(handle)
            try? disk.remove(temporary)
            throw .refused(error.at(path))
        }
        do throws(SystemError) {
            try disk.syncDirectory(directory)
        } catch {
            disk.close(handle)
            throw .unknown(error.at(directory))
        }
        let file = DataFile(header: header, slot: slot, isSealed: false)
        do throws(BitcaskError) {
            return try ActiveLog(file: file, handle: handle, path: path, endsInMarker: false)
        } catch {
            disk.close(handle)
            // An empty log that the next opening goes on with.
            throw .unknown(error)
        }
    }
}

/// What became of a file that could not be created.
enum FileCreationError: Error {
    /// Nothing is left of it.
    case refused(BitcaskError)
    /// It has its name in memory, but nobody knows whether it has it on disk.
    case unknown(BitcaskError)
}
