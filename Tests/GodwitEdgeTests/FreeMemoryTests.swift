import Testing

@testable import GodwitEdge

@Suite("Free memory")
struct FreeMemoryTests {
    @Test("it goes back once, when a storm of clients is over")
    func storm() {
        var memory = FreeMemory()
        let handshakes = [0, 4000, 5000, 5500, 5500, 6499]
        let due = handshakes.map { memory.isDue(handshakes: $0, connections: min($0, 5500)) }
        #expect(due == [false, false, false, true, false, false])
    }

    @Test("steady coming and going counts as a part of the connections that stand")
    func churn() {
        var memory = FreeMemory()
        var handshakes = 100_000
        var due: [Int] = []
        // The storm of the first interval is over in the second.
        for interval in 1...300 {
            if interval > 2 { handshakes += 200 }
            if memory.isDue(handshakes: handshakes, connections: 100_000) { due.append(interval) }
        }
        #expect(due == [2, 127, 252])
    }
}
