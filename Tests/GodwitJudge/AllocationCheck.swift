import CAllocationCounter
import GodwitSimulation

/// What an echo of 200 bytes allocates in both ends' transport, in steady state. The number depends on neither machine nor load.
enum AllocationCheck {
    /// There and back, a message is copied out of its packet twice, an object and its bytes each; the rest is what the queues of messages
    /// cost.
    static let limit = 14.0

    /// - Returns: allocations an echo.
    static func run() throws -> Double {
        let pair = try DirectPair()
        _ = try pair.echo(300)
        let before = godwit_allocations()
        let back = try pair.echo(1_000)
        return Double(godwit_allocations() - before) / Double(back)
    }
}
