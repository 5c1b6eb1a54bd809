import NIOCore

extension ConnectPlan {
    /// How patient the plan is.
    struct Configuration: Sendable {
        var preference: CarrierPreference = .auto
        /// How long datagram runs alone without an answer.
        var streamJoinDelay: TimeAmount = .milliseconds(250)
        /// The whole time for connecting, handshake and opening. A handshake on a 32 kbit/s link with loss takes 5 s.
        var attemptTimeout: TimeAmount = .seconds(12)
        /// An attempt that has heard nothing for this long gets company.
        var companyDelay: TimeAmount = .milliseconds(1_200)
        /// The same for an attempt that has heard something.
        var stalledDelay: TimeAmount = .seconds(4)
        /// At most so many carriers of one kind at a time, a suspect one among them.
        var maximumAttemptsPerKind = 3
        /// Between the first flights of an attempt beside an open carrier. Nobody waits for it alone: a suspect carrier asks for the path's
        /// return itself, and with less; and a session that lives on the lesser kind lives.
        var sparseFlightInterval: TimeAmount { .nanoseconds(companyDelay.nanoseconds * Int64(maximumAttemptsPerKind)) }
        /// An attempt that has not opened the session after this long gives way to another that is ready.
        var openingPatience: TimeAmount = .seconds(1)
        /// Silence with data outstanding makes a carrier suspect after max(this, 6 RTT).
        var suspicion: TimeAmount = .seconds(3)
        static let suspicionRoundTrips: Int64 = 6
        /// Waits before datagram is tried again while the session lives on stream: first, and at most.
        var datagramRetryFirst: TimeAmount = .seconds(3)
        var datagramRetryCap: TimeAmount = .minutes(5)
        /// A carrier that lived this long proves that the server is well: the back-off starts afresh.
        var provenAfter: TimeAmount = .seconds(5)
    }
}
