import Synchronization

/// From a file's slot to its bytes, for readers without a lock: a map of a closed file where the disk can, else an open
/// descriptor. At most so many descriptors are open, the least recently used closed first (by the clock algorithm).
///
/// `@unchecked Sendable`: readers touch atomics, and fields that were written before any location with the slot was
/// published and stay until the epoch has passed in which the last one was taken away. The rest is behind a mutex.
final class DescriptorTable<Disk: FileSystem>: @unchecked Sendable {
    static var slotLimit: Int { 1 << 16 }

    /// Files that are mapped at a time: far below what the kernel allows a process (65,530), and 128 GiB in files of 256 MiB.
    private static var mapLimit: Int { 512 }
    /// In place of a map: the file is not to be mapped, or cannot be.
    private static var unmappable: UInt { 1 }

    private struct Slot: ~Copyable {
        /// The address of a `FileMap`, 0 when nobody has asked yet, or `unmappable`.
        let map: Atomic<UInt>
        /// The descriptor, or -1.
        let descriptor: Atomic<Int32>
        let wasUsed: Atomic<Bool>
        let salt: UInt32
        let fileID: UInt32
    }

    private struct Opened {
        /// Slots with an open descriptor that may be closed.
        var slots: [UInt16] = []
        var hand = 0
        /// Closed to readers; the epoch must pass before it is closed for good.
        var retired: [(stamp: Int, file: FileHandle)] = []
        /// Slots with a map.
        var mapped: Set<UInt16> = []
    }

    private let disk: Disk
    private let directory: String
    private let limit: Int
    private let maps: Bool
    private let epochs: Epochs
    private let slots: UnsafeMutablePointer<Slot>
    private let opened = Mutex(Opened())

    init(disk: Disk, directory: String, limit: Int, maps: Bool, epochs: Epochs) throws(BitcaskError) {
        self.disk = disk
        self.directory = directory
        self.limit = limit
        self.maps = maps
        self.epochs = epochs
        // Slots are given their content by `assign`, and have nothing to take down.
        slots = try ZeroedMemory.allocate(bytes: Self.slotLimit * MemoryLayout<Slot>.stride).bindMemory(
            to: Slot.self, capacity: Self.slotLimit)
    }

    deinit {
        ZeroedMemory.free(slots, bytes: Self.slotLimit * MemoryLayout<Slot>.stride)
    }

    /// Gives a slot to a file, before any location names it. A descriptor given here stays open until `unpin`.
    func assign(_ slot: UInt16, fileID: UInt32, salt: UInt32, pinned file: FileHandle?) {
        // A file that grows is pinned, and not mapped.
        let isMappable = maps && file == nil
        (slots + Int(slot)).initialize(
            to: Slot(
                map: Atomic(isMappable ? 0 : Self.unmappable), descriptor: Atomic(file?.raw ?? -1),
                wasUsed: Atomic(false), salt: salt, fileID: fileID))
    }

    @inline(__always)
    func salt(_ slot: UInt16) -> UInt32 { slots[Int(slot)].salt }

    func fileID(_ slot: UInt16) -> UInt32 { slots[Int(slot)].fileID }

    func path(_ slot: UInt16) -> String { "\(directory)/\(FileName.ofData(fileID(slot)))" }

    // MARK: Maps

    /// A record's bytes in the map of its file; good for the visit that the caller is on. Nil when they must be read.
    @inline(__always)
    func mapped(_ location: Location) -> UnsafeRawBufferPointer? {
        let word = slots[Int(location.slot)].map.load(ordering: .acquiring)
        if word > Self.unmappable, let map = UnsafePointer<FileMap>(bitPattern: word) {
            return map.pointee.bytes(at: location, disk: disk)
        }
        guard word == 0, let map = map(location.slot) else { return nil }
        return map.pointee.bytes(at: location, disk: disk)
    }

    private func map(_ slot: UInt16) -> UnsafePointer<FileMap>? {
        opened.withLock { opened in
            let known = slots[Int(slot)].map.load(ordering: .acquiring)
            guard known == 0 else { return known == Self.unmappable ? nil : UnsafePointer(bitPattern: known) }
            guard opened.mapped.count < Self.mapLimit, let (start, length) = mapFile(slot) else {
                slots[Int(slot)].map.store(Self.unmappable, ordering: .releasing)
                return nil
            }
            let map = UnsafeMutablePointer<FileMap>.allocate(capacity: 1)
            map.initialize(to: FileMap(start: start, length: length))
            slots[Int(slot)].map.store(UInt(bitPattern: map), ordering: .releasing)
            opened.mapped.insert(slot)
            return UnsafePointer(map)
        }
    }

    /// Nil for any reason: reading the file then tells.
    private func mapFile(_ slot: UInt16) -> (start: UnsafeRawPointer, length: Int)? {
        try? disk.withFile(path(slot)) { file throws(SystemError) in
            let length = Int(clamping: try disk.size(of: file))
            return disk.map(file, length: length).map { ($0, length) }
        }
    }

    /// Takes the slot's map out of reach; `unmap` it, which for a large file takes milliseconds, without the mutex.
    private func takeMap(_ slot: UInt16, _ opened: inout Opened) -> UnsafeMutablePointer<FileMap>? {
        guard opened.mapped.remove(slot) != nil else { return nil }
        let word = slots[Int(slot)].map.exchange(Self.unmappable, ordering: .acquiringAndReleasing)
        return UnsafeMutablePointer<FileMap>(bitPattern: word)
    }

    private func unmap(_ map: UnsafeMutablePointer<FileMap>) {
        disk.unmap(map.pointee.start, length: map.pointee.length)
        map.deinitialize(count: 1)
        map.deallocate()
    }

    // MARK: Descriptors

    /// The file in the slot; good for the visit that the caller is on.
    @inline(__always)
    func file(_ slot: UInt16) throws(SystemError) -> FileHandle {
        let raw = slots[Int(slot)].descriptor.load(ordering: .acquiring)
        guard raw >= 0 else { return try open(slot) }
        // Looked at first: a store would take the line away from other readers each time.
        if !slots[Int(slot)].wasUsed.load(ordering: .relaxed) {
            slots[Int(slot)].wasUsed.store(true, ordering: .relaxed)
        }
        return FileHandle(raw: raw)
    }

    private func open(_ slot: UInt16) throws(SystemError) -> FileHandle {
        try opened.withLock { opened throws(SystemError) in
            let known = slots[Int(slot)].descriptor.load(ordering: .acquiring)
            if known >= 0 { return FileHandle(raw: known) }
            while opened.slots.count >= limit { evict(&opened) }
            reclaim(&opened)
            let file = try disk.open(path(slot))
            slots[Int(slot)].wasUsed.store(true, ordering: .relaxed)
            slots[Int(slot)].descriptor.store(file.raw, ordering: .releasing)
            opened.slots.append(slot)
            return file
        }
    }

    /// The open file grows no more: it may be mapped, and closed when others need its descriptor.
    func unpin(_ slot: UInt16) {
        opened.withLock { opened in
            if maps { slots[Int(slot)].map.store(0, ordering: .releasing) }
            opened.slots.append(slot)
            while opened.slots.count > limit { evict(&opened) }
            reclaim(&opened)
        }
    }

    /// Closes and unmaps the slot's file: nothing leads to it any more, and the epoch has passed.
    func clear(_ slot: UInt16) {
        // As a word, since a pointer does not leave the mutex.
        let map = opened.withLock { opened -> UInt in
            let map = UInt(bitPattern: takeMap(slot, &opened))
            opened.slots.removeAll { $0 == slot }
            let raw = slots[Int(slot)].descriptor.exchange(-1, ordering: .acquiringAndReleasing)
            if raw >= 0 { disk.close(FileHandle(raw: raw)) }
            reclaim(&opened)
            return map
        }
        if let map = UnsafeMutablePointer<FileMap>(bitPattern: map) { unmap(map) }
    }

    private func evict(_ opened: inout Opened) {
        while true {
            if opened.hand >= opened.slots.count { opened.hand = 0 }
            let slot = Int(opened.slots[opened.hand])
            if slots[slot].wasUsed.exchange(false, ordering: .relaxed) {
                opened.hand += 1
                continue
            }
            opened.slots.remove(at: opened.hand)
            let raw = slots[slot].descriptor.exchange(-1, ordering: .acquiringAndReleasing)
            if raw >= 0 { opened.retired.append((epochs.stamp, FileHandle(raw: raw))) }
            return
        }
    }

    private func reclaim(_ opened: inout Opened) {
        while let first = opened.retired.first, epochs.isPast(first.stamp) {
            disk.close(first.file)
            opened.retired.removeFirst()
        }
    }

    /// Closes everything; no reader is left.
    func closeAll() {
        opened.withLock { opened in
            for slot in opened.slots {
                let raw = slots[Int(slot)].descriptor.exchange(-1, ordering: .acquiringAndReleasing)
                if raw >= 0 { disk.close(FileHandle(raw: raw)) }
            }
            for retired in opened.retired { disk.close(retired.file) }
            for slot in opened.mapped { if let map = takeMap(slot, &opened) { unmap(map) } }
            opened = Opened()
        }
    }
}
