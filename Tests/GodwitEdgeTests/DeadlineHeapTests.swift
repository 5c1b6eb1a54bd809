import NIOCore
import Testing

@testable import GodwitEdge

@Suite("Deadlines of a loop")
struct DeadlineHeapTests {
    private func at(_ seconds: UInt64) -> NIODeadline { .uptimeNanoseconds(seconds * 1_000_000_000) }

    @Test("what is due comes in the order of its deadlines, the rest stays")
    func order() {
        var heap = DeadlineHeap<String>()
        for (name, second) in [("c", UInt64(3)), ("a", 1), ("d", 9), ("b", 2)] { heap.add(name, at: at(second)) }
        #expect(heap.earliest == at(1))
        var due: [String] = []
        while let next = heap.popDue(now: at(3)) { due.append(next.owner) }
        #expect(due == ["a", "b", "c"])
        #expect(heap.count == 1)
        #expect(heap.earliest == at(9))
    }

    @Test("an entry keeps the deadline it was made for, which tells a stale one")
    func stale() {
        var heap = DeadlineHeap<Int>()
        heap.add(7, at: at(5))
        heap.add(7, at: at(2))
        #expect(heap.popDue(now: at(6))?.deadline == at(2))
        #expect(heap.popDue(now: at(6))?.deadline == at(5))
        #expect(heap.popDue(now: at(6)) == nil)
    }
}
