/// Writes that become visible and durable together or not at all; later ones win over earlier ones of the same key.
public struct BitcaskBatch: Sendable {
    /// One write: a value, or nil for a deletion.
    struct Write: Sendable {
        let key: [UInt8]
        let value: [UInt8]?
    }

    private(set) var writes: [Write] = []

    /// An empty batch.
    public init() {}

    /// Whether there is nothing to write.
    public var isEmpty: Bool { writes.isEmpty }
    /// The number of writes.
    public var count: Int { writes.count }

    /// Adds a value.
    public mutating func put(_ key: [UInt8], _ value: [UInt8]) {
        writes.append(Write(key: key, value: value))
    }

    /// Adds a deletion; deleting an absent key is allowed.
    public mutating func delete(_ key: [UInt8]) {
        writes.append(Write(key: key, value: nil))
    }
}
