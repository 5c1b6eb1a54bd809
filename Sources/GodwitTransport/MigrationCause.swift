/// Why a server sends to another address of its client from now on.
package enum MigrationCause: Int, Sendable, CaseIterable {
    /// The same ID from another address: an address translator has forgotten the client.
    case rebinding
    /// A fresh ID: the client knows that it is on another network.
    case deliberate
    /// The new address did not answer; back to the last one that did.
    case returned

    /// The label value in metrics.
    package var name: String {
        switch self {
        case .rebinding: "rebinding"
        case .deliberate: "deliberate"
        case .returned: "returned"
        }
    }
}

/// One plain counter for each `MigrationCause`.
package struct MigrationCounters: Sendable, Equatable {
    private var rebinding: UInt32 = 0
    private var deliberate: UInt32 = 0
    private var returned: UInt32 = 0

    package init() {}

    package subscript(cause: MigrationCause) -> UInt64 {
        switch cause {
        case .rebinding: UInt64(rebinding)
        case .deliberate: UInt64(deliberate)
        case .returned: UInt64(returned)
        }
    }

    mutating func count(_ cause: MigrationCause) {
        switch cause {
        case .rebinding: rebinding &+= 1
        case .deliberate: deliberate &+= 1
        case .returned: returned &+= 1
        }
    }
}
