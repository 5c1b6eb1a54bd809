/// The newest log: the one file that grows.
struct ActiveFile<Disk: FileSystem> {
    let header: FileHeader
    let file: Disk.File
    let path: String
    var length: UInt64
    /// How much of it a sync has made durable.
    var durable: UInt64
    var hint: HintFile.Builder
    /// Nothing was written since the last closing.
    var endsInMarker: Bool

    var isEmpty: Bool { length <= UInt64(FileHeader.length) }

    /// Makes an empty, durable file that has its name only once its header is sound.
    static func create(
        _ header: FileHeader, disk: Disk, directory: String
    ) throws(FileCreationError) -> ActiveFile {
        let path = "\(directory)/\(FileName.ofData(header.fileID))"
        let temporary = FileName.ofTemporary(for: path)
        let bytes = header.encoded()
        let file: Disk.File
        do throws(SystemError) {
            file = try disk.create(temporary)
        } catch {
            throw .refused(error.at(path))
        }
        do throws(SystemError) {
            try disk.write(file, bytes.span.bytes, at: 0)
            try disk.sync(file)
            try disk.rename(temporary, to: path)
        } catch {
            disk.close(file)
            try? disk.remove(temporary)
            throw .refused(error.at(path))
        }
        do throws(SystemError) {
            try disk.syncDirectory(directory)
        } catch {
            disk.close(file)
            throw .unknown(error.at(directory))
        }
        let length = UInt64(bytes.count)
        return ActiveFile(
            header: header, file: file, path: path, length: length, durable: length, hint: HintFile.Builder(),
            endsInMarker: false)
    }
}

/// What became of a file that could not be created.
enum FileCreationError: Error {
    /// Nothing is left of it.
    case refused(BitcaskError)
    /// It has its name in memory, but nobody knows whether it has it on disk.
    case unknown(BitcaskError)
}
