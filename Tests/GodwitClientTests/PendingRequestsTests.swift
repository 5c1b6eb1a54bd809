import NIOCore
import Testing

@testable import GodwitClient

@Suite("Requests that wait for an answer")
struct PendingRequestsTests {
    private static let begin = NIODeadline.uptimeNanoseconds(1_000_000_000)

    private static func waiting(until deadline: NIODeadline) -> PendingRequests.Pending {
        PendingRequests.Pending(
            request: ClientRequest(command: 1, body: ByteBuffer(), timeout: nil, replay: .resend), deadline: deadline
        ) { _ in }
    }

    @Test("the earliest deadline comes first and answered requests do not expire")
    func deadlines() {
        var requests = PendingRequests(limit: 10)
        requests.insert(Self.waiting(until: Self.begin + .seconds(3)), sequence: 1)
        requests.insert(Self.waiting(until: Self.begin + .seconds(1)), sequence: 2)
        requests.insert(Self.waiting(until: .distantFuture), sequence: 3)
        #expect(requests.nextDeadline() == Self.begin + .seconds(1))
        #expect(requests.take(2) != nil)
        #expect(requests.nextDeadline() == Self.begin + .seconds(3))
        #expect(requests.expire(now: Self.begin + .seconds(3)).map(\.sequence) == [1])
        #expect(requests.nextDeadline() == nil)
        #expect(requests.count == 1)
    }

    @Test("answered requests leave nothing behind that grows")
    func bounded() {
        var requests = PendingRequests(limit: 4)
        for sequence in 0..<10_000 as Range<UInt64> {
            requests.insert(Self.waiting(until: Self.begin + .seconds(40)), sequence: sequence)
            #expect(requests.take(sequence) != nil)
        }
        #expect(requests.count == 0)
        #expect(requests.nextDeadline() == nil)
    }

    @Test("a full table says so")
    func full() {
        var requests = PendingRequests(limit: 1)
        #expect(!requests.isFull)
        requests.insert(Self.waiting(until: .distantFuture), sequence: 1)
        #expect(requests.isFull)
        #expect(requests.removeAll().map(\.sequence) == [1])
        #expect(!requests.isFull)
    }
}
