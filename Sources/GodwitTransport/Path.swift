import GodwitWire
import NIOCore

/// Where packets go, and how far that address is trusted.
struct Path {
    private(set) var remote: Address
    var amplification: AmplificationLimit
    private(set) var validation: PathValidation?
    /// The last validated address, to go back to when the present one does not answer.
    private var fallback: Address?

    init(remote: Address, isValidated: Bool) {
        self.remote = remote
        amplification = AmplificationLimit(isValidated: isValidated)
    }

    /// It answers, and there is no other to go back to.
    var isSettled: Bool { amplification.isValidated && validation == nil && fallback == nil }

    /// The newest authentic packet came from `source`.
    ///
    /// - Returns: whether packets now go elsewhere.
    mutating func move(to source: Address, datagramBytes: Int, random: RandomSource) -> Bool {
        guard source != remote else { return false }
        let lastValidated = amplification.isValidated ? remote : fallback
        if source == lastValidated {
            self = Path(remote: source, isValidated: true)
            return true
        }
        remote = source
        fallback = lastValidated
        amplification = AmplificationLimit(isValidated: false)
        amplification.receive(datagramBytes)
        validation = PathValidation(random: random)
        return true
    }

    mutating func takeChallenge(now: NIODeadline, interval: TimeAmount) -> UInt64? {
        validation?.takeChallenge(now: now, interval: interval)
    }

    mutating func receiveResponse(_ token: UInt64) {
        guard let validation, validation.accepts(token) else { return }
        amplification.validate()
        self.validation = nil
        fallback = nil
    }

    enum TimeoutOutcome { case nothing, wentBack, noAddressLeft }

    mutating func handleTimeout(now: NIODeadline) -> TimeoutOutcome {
        guard validation != nil, validation?.handleTimeout(now: now) == false else { return .nothing }
        validation = nil
        guard let fallback else { return .noAddressLeft }
        self = Path(remote: fallback, isValidated: true)
        return .wentBack
    }
}
