import Synchronization

/// From a file's slot to its open descriptor, for readers without a lock; at most so many are open, the least recently used
/// closed first (by the clock algorithm).
///
/// `@unchecked Sendable`: readers touch atomics, and fields that were written before any location with the slot was
/// published and stay until the epoch has passed in which the last one was taken away. The rest is behind a mutex.
final class DescriptorTable<Disk: FileSystem>: @unchecked Sendable {
    static var slotLimit: Int { 1 << 16 }

    private struct Slot: ~Copyable {
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
    }

    private let disk: Disk
    private let directory: String
    private let limit: Int
    private let epochs: Epochs
    private let slots: UnsafeMutablePointer<Slot>
    private let opened = Mutex(Opened())

    init(disk: Disk, directory: String, limit: Int, epochs: Epochs) {
        self.disk = disk
        self.directory = directory
        self.limit = limit
        self.epochs = epochs
        // Slots are given their content by `assign`, and have nothing to take down.
        slots = ZeroedMemory.allocate(bytes: Self.slotLimit * MemoryLayout<Slot>.stride).bindMemory(
            to: Slot.self, capacity: Self.slotLimit)
    }

    deinit {
        ZeroedMemory.free(slots, bytes: Self.slotLimit * MemoryLayout<Slot>.stride)
    }

    /// Gives a slot to a file, before any location names it. A descriptor given here stays open until `unpin`.
    func assign(_ slot: UInt16, fileID: UInt32, salt: UInt32, pinned file: FileHandle?) {
        (slots + Int(slot)).initialize(
            to: Slot(descriptor: Atomic(file?.raw ?? -1), wasUsed: Atomic(false), salt: salt, fileID: fileID))
    }

    @inline(__always)
    func salt(_ slot: UInt16) -> UInt32 { slots[Int(slot)].salt }

    func fileID(_ slot: UInt16) -> UInt32 { slots[Int(slot)].fileID }

    func path(_ slot: UInt16) -> String { "\(directory)/\(FileName.ofData(fileID(slot)))" }

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

    /// The open file becomes one that may be closed when others need its descriptor.
    func unpin(_ slot: UInt16) {
        opened.withLock { opened in
            opened.slots.append(slot)
            while opened.slots.count > limit { evict(&opened) }
            reclaim(&opened)
        }
    }

    /// Closes the slot's file: nothing leads to it any more, and the epoch has passed.
    func clear(_ slot: UInt16) {
        opened.withLock { opened in
            opened.slots.removeAll { $0 == slot }
            let raw = slots[Int(slot)].descriptor.exchange(-1, ordering: .acquiringAndReleasing)
            if raw >= 0 { disk.close(FileHandle(raw: raw)) }
            reclaim(&opened)
        }
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
            opened = Opened()
        }
    }
}
