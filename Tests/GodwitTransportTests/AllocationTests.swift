import CAllocationCounter
import GodwitSimulation
import GodwitWire
import NIOCore
import Testing

@testable import GodwitTransport

/// Counts what a message costs in steady state; the counts do not depend on the machine or its load.
@Suite("Allocations")
struct AllocationTests {
    /// Without optimisation each access to a generic value allocates a frame, so this number only tells of something gross. What counts is
    /// the release build, with 14: `make allocations`, a part of `make test`, checks it.
    private static let perEcho = 140

    @Test("an echo of a small message costs a known number of allocations")
    func echo() throws {
        let pair = try DirectPair()
        _ = try pair.echo(300)
        let echoes = 200
        let before = godwit_allocations()
        let back = try pair.echo(echoes)
        let each = Double(godwit_allocations() - before) / Double(echoes)
        #expect(back == echoes)
        #expect(each <= Double(Self.perEcho), "\(each) allocations an echo")
        // The counter counts: two copies of the message were made.
        #expect(each >= 4)
    }

    private func serverIsResting(_ pair: DirectPair) -> Bool { pair.server.map { $0.awake == nil } ?? false }

    @Test("a server's silent connection rests, and wakes with the next message")
    func rest() throws {
        let pair = try DirectPair()
        let message = ByteBuffer(repeating: 0x61, count: 200)
        for _ in 0..<3 {
            _ = try pair.client.send(message, now: pair.now)
            #expect(pair.pump() == (1, 1))
            #expect(!serverIsResting(pair))
            pair.elapse(.seconds(2))
            #expect(serverIsResting(pair))
        }
    }
}
