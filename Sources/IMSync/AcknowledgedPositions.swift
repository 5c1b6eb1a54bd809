/// How far devices have read, as their sync keys say, kept in memory until it is worth a write.
package struct AcknowledgedPositions<Device: Hashable> {
    private let capacity: Int
    private var positions: [Device: UInt64] = [:]

    package init(capacity: Int) {
        self.capacity = capacity
    }

    /// True when it is time to write all of them.
    package mutating func note(_ device: Device, _ seq: UInt64) -> Bool {
        positions[device] = max(seq, positions[device] ?? 0)
        return positions.count >= capacity
    }

    package mutating func take(_ device: Device) -> UInt64? {
        positions.removeValue(forKey: device)
    }

    package mutating func takeAll() -> [Device: UInt64] {
        defer { positions = [:] }
        return positions
    }
}
