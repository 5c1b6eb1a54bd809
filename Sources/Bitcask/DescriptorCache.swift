/// Open files for reading, the least recently used closed first.
struct DescriptorCache<Disk: FileSystem> {
    private let disk: Disk
    private let directory: String
    private let limit: Int
    private var open: [UInt32: (file: Disk.File, lastUse: UInt64)] = [:]
    private var uses: UInt64 = 0

    init(disk: Disk, directory: String, limit: Int) {
        self.disk = disk
        self.directory = directory
        self.limit = limit
    }

    mutating func file(_ id: UInt32) throws(SystemError) -> Disk.File {
        uses += 1
        if let known = open[id] {
            open[id]?.lastUse = uses
            return known.file
        }
        if open.count >= limit, let oldest = open.min(by: { $0.value.lastUse < $1.value.lastUse })?.key {
            close(oldest)
        }
        let file = try disk.open("\(directory)/\(FileName.ofData(id))")
        open[id] = (file, uses)
        return file
    }

    mutating func close(_ id: UInt32) {
        if let entry = open.removeValue(forKey: id) { disk.close(entry.file) }
    }

    mutating func closeAll() {
        for entry in open.values { disk.close(entry.file) }
        open = [:]
    }
}
