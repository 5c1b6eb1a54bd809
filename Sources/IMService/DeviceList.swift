import IMMessages
import IMSync
import ShardedStore

/// The devices that an account remembers, a bounded number of them.
struct DeviceList {
    private let user: String
    private var list: StoredDevices

    init(of user: String, in transaction: ShardTransaction) throws(SyncError) {
        self.user = user
        list = try transaction.record(.devices(user)) ?? StoredDevices()
    }

    func find(_ name: String) -> StoredDevice? {
        list.devices.first { $0.name == name }
    }

    func save(in transaction: inout ShardTransaction) throws(SyncError) {
        try transaction.put(.devices(user), record: list)
    }

    /// A login of `name`: it is remembered, with `generation` when it is new or had logged out. Returns its entry and
    /// the devices that had to be forgotten for it, with all that was kept for them.
    mutating func login(
        _ name: String, generation: UInt64, now: UInt64, devicesMax: Int, in transaction: inout ShardTransaction
    ) throws(SyncError) -> (device: StoredDevice, forgotten: [String]) {
        var device = find(name) ?? StoredDevice()
        if device.generation == 0 || device.loggedOut { device.generation = generation }
        device.name = name
        device.loggedOut = false
        device.seenMs = now
        list.devices.removeAll { $0.name == name }
        var forgotten: [String] = []
        while list.devices.count >= max(1, devicesMax),
            let oldest = list.devices.min(by: { $0.seenMs < $1.seenMs })
        {
            list.devices.removeAll { $0.name == oldest.name }
            try SentMessages(user: user, device: oldest.name).forgetAll(in: &transaction)
            forgotten.append(oldest.name)
        }
        list.devices.append(device)
        return (device, forgotten)
    }

    /// Revokes the device's tokens. The memory of what it sent stays, for when it logs in again.
    mutating func logout(_ name: String) {
        change(name) { $0.loggedOut = true }
    }

    mutating func seen(_ name: String, now: UInt64) {
        change(name) { $0.seenMs = max($0.seenMs, now) }
    }

    mutating func acknowledge(_ name: String, _ seq: UInt64) {
        change(name) { $0.acknowledgedSeq = max($0.acknowledgedSeq, seq) }
    }

    private mutating func change(_ name: String, _ body: (inout StoredDevice) -> Void) {
        guard let index = list.devices.firstIndex(where: { $0.name == name }) else { return }
        body(&list.devices[index])
    }
}
