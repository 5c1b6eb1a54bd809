import NIOCore

/// Repair symbols that go behind messages of which everything has been sent and something may be lost. In the middle of a message
/// a lost piece is sent again before the end would have come; at its end every loss costs a round trip, and each loss of what is sent
/// again another. There so many symbols follow that the end needs no answer.
struct Repairs {
    private struct Tail {
        let message: UInt64
        /// The same for all symbols of a message.
        let symbolBytes: Int
        var next: UInt8 = 0
        /// Sent and not known to be lost: the peer has or will have so many.
        var standing = 0
    }

    /// A repair symbol to write.
    struct Order {
        let message: UInt64
        let symbolBytes: Int
        let index: UInt8
    }

    /// More messages than this at their end at once are left to loss detection.
    static let maximumMessages = 16

    private var tails: ContiguousArray<Tail> = []

    var isEmpty: Bool { tails.isEmpty }

    /// All of the message has been sent, now or again.
    mutating func reachedEnd(of message: UInt64, symbolBytes: Int) {
        guard tails.count < Self.maximumMessages, !tails.contains(where: { $0.message == message }) else { return }
        tails.append(Tail(message: message, symbolBytes: symbolBytes))
    }

    /// The next symbol that is worth its bytes. `awaited` says how many symbols of a message are not acknowledged.
    func next(_ loss: PathLoss, awaited: (UInt64, Int) -> Int) -> Order? {
        for tail in tails {
            let count = awaited(tail.message, tail.symbolBytes)
            if count > 0, tail.standing < RedundancyPolicy.repairs(for: count, loss) {
                return Order(message: tail.message, symbolBytes: tail.symbolBytes, index: tail.next)
            }
        }
        return nil
    }

    mutating func sent(_ order: Order) {
        guard let index = tails.firstIndex(where: { $0.message == order.message }) else { return }
        tails[index].next = (tails[index].next + 1) & 0x7f
        tails[index].standing += 1
    }

    mutating func lost(of message: UInt64) {
        guard let index = tails.firstIndex(where: { $0.message == message }) else { return }
        tails[index].standing -= 1
    }

    mutating func forget(_ message: UInt64) { tails.removeAll { $0.message == message } }

    /// Messages may end in other ways than by arriving.
    mutating func keep(where isPending: (UInt64) -> Bool) { tails.removeAll { !isPending($0.message) } }
}
