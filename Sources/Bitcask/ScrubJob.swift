/// A pass over one sealed file that reads everything again, to find bits that have rotted before someone needs them.
struct ScrubJob<Disk: FileSystem> {
    let slot: UInt16
    let fileID: UInt32
    private let disk: Disk
    private let file: FileHandle
    private var reader: RecordReader<Disk>

    init(_ file: DataFile, disk: Disk, directory: String) throws(SystemError) {
        slot = file.slot
        fileID = file.id
        self.disk = disk
        let handle = try disk.open("\(directory)/\(FileName.ofData(file.id))")
        self.file = handle
        do throws(SystemError) {
            reader = RecordReader(
                window: FileWindow(disk: disk, file: handle, size: try disk.size(of: handle)), header: file.header)
        } catch {
            disk.close(handle)
            throw error
        }
    }

    /// Reads about `budget` bytes; what is damaged goes to `report`. True at the file's end.
    mutating func step(
        budget: Int, report: (_ offset: UInt64, _ bytes: UInt64) -> Void
    ) throws(SystemError) -> (bytes: UInt64, isDone: Bool) {
        let start = reader.offset
        while reader.offset - start < UInt64(budget) {
            switch try reader.next() {
            case .record(let record):
                if !record.isValueSound { report(UInt64(record.offset), UInt64(record.header.recordLength)) }
            case .damage(let offset, let bytes): report(offset, bytes)
            case .end: return (reader.offset - start, true)
            }
        }
        return (reader.offset - start, false)
    }

    func close() { disk.close(file) }
}
