import GodwitWire

/// A connection's place in a `ServerEndpoint`; a removed connection's handle never names a later one.
package struct ConnectionHandle: Hashable, Sendable {
    fileprivate let slot: UInt32
    fileprivate let generation: UInt32
}

/// Connections by handle and by connection ID.
struct ConnectionTable {
    private struct Slot {
        var connection: ServedConnection?
        var generation: UInt32 = 0
    }

    private var slots: ContiguousArray<Slot> = []
    private var free: ContiguousArray<UInt32> = []
    private var handles: [ConnectionID: ConnectionHandle] = [:]

    var count: Int { slots.count - free.count }

    var idCount: Int { handles.count }

    subscript(id: ConnectionID) -> ConnectionHandle? { handles[id] }

    subscript(handle: ConnectionHandle) -> ServedConnection? {
        guard Int(handle.slot) < slots.count else { return nil }
        let slot = slots[Int(handle.slot)]
        return slot.generation == handle.generation ? slot.connection : nil
    }

    /// Enters a connection under its own ID and the one its client chose.
    mutating func insert(_ connection: ServedConnection) -> ConnectionHandle {
        let index = free.popLast() ?? UInt32(slots.count)
        if Int(index) == slots.count { slots.append(Slot()) }
        slots[Int(index)].connection = connection
        let handle = ConnectionHandle(slot: index, generation: slots[Int(index)].generation)
        connection.forEachID { handles[$0] = handle }
        return handle
    }

    /// One more ID of a connection that is entered.
    mutating func add(_ id: ConnectionID, for handle: ConnectionHandle) { handles[id] = handle }

    mutating func remove(_ id: ConnectionID) { handles[id] = nil }

    mutating func remove(_ handle: ConnectionHandle) -> ServedConnection? {
        guard let connection = self[handle] else { return nil }
        connection.forEachID { handles[$0] = nil }
        slots[Int(handle.slot)].connection = nil
        slots[Int(handle.slot)].generation &+= 1
        free.append(handle.slot)
        return connection
    }
}
