/// Remembers which tickets have been used for early data, so that a recorded first flight does nothing when it is sent again
/// (RFC 8446 section 8.1).
///
/// TLS itself refuses early data whose ticket age is off by more than ten seconds, so a copy is dangerous for little longer than
/// that. Two generations of half the memory each: entries live for one to two generations.
struct EarlyDataRegister {
    /// In seconds. OpenSSL's allowance is 10 s, and ages are rounded to whole seconds.
    static let generation: Int64 = 12
    /// A whole generation's entries; more early data is refused, and comes again a round trip later.
    static let defaultLimit = 65_536

    private let limit: Int
    private var present: Set<UInt64> = []
    private var past: Set<UInt64> = []
    /// The generation that `present` belongs to.
    private var number: Int64 = .min

    enum Verdict { case fresh, replayed, full }

    init(limit: Int = defaultLimit) { self.limit = limit }

    /// Enters a ticket by its digest.
    ///
    /// - Parameter now: in seconds.
    mutating func enter(_ ticket: UInt64, now: Int64) -> Verdict {
        advance(to: now / Self.generation)
        guard !present.contains(ticket), !past.contains(ticket) else { return .replayed }
        guard present.count < limit else { return .full }
        present.insert(ticket)
        return .fresh
    }

    private mutating func advance(to generation: Int64) {
        guard generation > number else { return }
        // More than one generation later nothing of the old ones is left.
        past = number != .min && generation == number + 1 ? present : []
        present = []
        number = generation
    }
}
