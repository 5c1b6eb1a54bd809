/// The keydir, the order of its keys, the files it points into with the books of live and dead bytes, and what open
/// snapshots still see. Everything here runs under the store's lock; readers go to the keydir directly.
struct StoreIndex {
    typealias Handle = KeyArena.Handle

    let keydir: Keydir
    private(set) var order: KeyOrder?
    private(set) var files: [DataFile?] = []
    private var freeSlots: [UInt16] = []
    /// Keys with a location.
    private(set) var liveKeys = 0
    var snapshots = SnapshotBook()

    init(keydir: Keydir) {
        self.keydir = keydir
    }

    var arena: KeyArena { keydir.arena }
    var allFiles: [DataFile] { files.compactMap { $0 } }

    // MARK: Files

    /// A slot for a new file.
    mutating func takeSlot() -> UInt16? {
        if let slot = freeSlots.popLast() { return slot }
        guard let slot = UInt16(exactly: files.count) else { return nil }
        files.append(nil)
        return slot
    }

    mutating func add(_ file: DataFile) {
        files[Int(file.slot)] = file
    }

    /// The file no longer counts; its slot stays taken until `release`.
    mutating func drop(_ slot: UInt16) {
        files[Int(slot)] = nil
    }

    mutating func release(slot: UInt16) {
        files[Int(slot)] = nil
        freeSlots.append(slot)
    }

    // MARK: Keys

    /// Points `key` at a new record. For a key that may be new, `keydir.makeRoom` was called.
    @discardableResult
    mutating func place(_ key: UnsafeRawBufferPointer, at location: Location, expiry: UInt64) -> Handle {
        count(location, expiry: expiry)
        if let handle = keydir.find(key) {
            let before = arena.location(handle)
            snapshots.note(handle, before)
            forget(before)
            if before.isAbsent { liveKeys += 1 }
            arena.setLocation(handle, location)
            return handle
        }
        let handle = keydir.insert(key, location)
        snapshots.note(handle, .absent)
        order?.insert(handle)
        liveKeys += 1
        return handle
    }

    /// Takes `key` away.
    mutating func bury(_ key: UnsafeRawBufferPointer) {
        if let handle = keydir.find(key) { bury(handle) }
    }

    /// Takes the key of an entry away.
    mutating func bury(_ handle: Handle) {
        let before = arena.location(handle)
        guard !before.isAbsent else { return }
        clear(handle)
        if snapshots.isEmpty {
            remove(handle)
        } else {
            snapshots.note(handle, before)
            snapshots.ghosts.append(handle)
        }
    }

    /// While files are read: remembers that the key is gone, in an entry without a location. Room as for `place`.
    mutating func bury(keepingEntry key: UnsafeRawBufferPointer) -> Handle {
        guard let handle = keydir.find(key) else { return keydir.insert(key, .absent) }
        clear(handle)
        return handle
    }

    /// When all files are read: takes out an entry that is gone.
    mutating func settle(_ handle: Handle, isBuried: Bool) {
        if isBuried { clear(handle) }
        if arena.location(handle).isAbsent { remove(handle) }
    }

    private mutating func clear(_ handle: Handle) {
        let before = arena.location(handle)
        guard !before.isAbsent else { return }
        liveKeys -= 1
        forget(before)
        arena.setLocation(handle, .absent)
    }

    /// Takes every key away that begins with `prefix`, all at once.
    mutating func bury(prefix: UnsafeRawBufferPointer) {
        for handle in handles(prefix: Array(prefix)) { bury(handle) }
    }

    /// A merge copied the key's record: points at the copy, unless a write has come in between.
    mutating func move(_ key: UnsafeRawBufferPointer, to location: Location, expiry: UInt64, from inputs: Set<UInt16>) {
        guard let handle = keydir.find(key) else { return }
        let before = arena.location(handle)
        guard !before.isAbsent, inputs.contains(before.slot) else { return }
        forget(before)
        arena.setLocation(handle, location)
        count(location, expiry: expiry)
    }

    /// A merge left the key's expired value out.
    mutating func expire(_ key: UnsafeRawBufferPointer, from inputs: Set<UInt16>) {
        guard let handle = keydir.find(key) else { return }
        let before = arena.location(handle)
        if !before.isAbsent, inputs.contains(before.slot) { bury(key) }
    }

    private mutating func remove(_ handle: Handle) {
        let key = arena.key(handle)
        order?.remove(key)
        keydir.remove(key)
    }

    private func count(_ location: Location, expiry: UInt64) {
        guard let file = files[Int(location.slot)] else { return }
        let length = UInt64(location.lengthBound)
        file.liveBytes += length
        if expiry > 0 {
            file.expiringBytes += length
            file.lastExpiry = max(file.lastExpiry, expiry)
        }
    }

    private func forget(_ location: Location) {
        guard !location.isAbsent, let file = files[Int(location.slot)] else { return }
        let length = UInt64(location.lengthBound)
        file.liveBytes -= min(length, file.liveBytes)
        if location.expires { file.expiringBytes -= min(length, file.expiringBytes) }
    }

    // MARK: Order

    /// Begins to keep the keys in order.
    mutating func buildOrder() {
        order = KeyOrder(arena: arena, sorting: allHandles())
    }

    /// All entries' handles, in no order. Freed entries are told apart by looking them up.
    func allHandles() -> [Handle] {
        var handles: [Handle] = []
        handles.reserveCapacity(keydir.count)
        var position: UInt64 = 0
        while let handle = arena.next(&position) {
            if !arena.location(handle).isAbsent || keydir.find(arena.key(handle)) == handle { handles.append(handle) }
        }
        return handles
    }

    /// Calls `body` with the keys' handles in order until it says no. Without an order kept, one is made for the occasion.
    func walk(prefix: [UInt8], after: [UInt8]?, descending: Bool, _ body: (Handle) -> Bool) {
        let order = order ?? KeyOrder(arena: arena, sorting: handles(prefix: prefix))
        order.walk(prefix: prefix, after: after, descending: descending, body)
    }

    private func handles(prefix: [UInt8]) -> [Handle] {
        var found: [Handle] = []
        if let order {
            order.walk(prefix: prefix, after: nil, descending: false) {
                found.append($0)
                return true
            }
        } else {
            found = allHandles().filter { handle in
                prefix.withUnsafeBytes { ByteOrder.begins(arena.key(handle), with: $0) }
            }
        }
        return found
    }

    // MARK: Snapshots

    /// A piece of what ended snapshots leave to do, of `limit` entries at most; false when nothing is left, or nothing before
    /// another one ends.
    mutating func tidy(limit: Int) -> Bool {
        if snapshots.handDown(limit: limit) { return true }
        guard snapshots.isEmpty else { return false }
        for _ in 0..<limit {
            guard let handle = snapshots.ghosts.popLast() else { return false }
            // Its key may have a value again, or be gone by an earlier mention, and its room may be another key's by now.
            if arena.location(handle).isAbsent, keydir.find(arena.key(handle)) == handle { remove(handle) }
        }
        return true
    }
}
