/// Events since the start, summed over the shards.
package struct IMServiceCounters: Equatable, Sendable {
    /// Messages acknowledged to their senders, without duplicates.
    package var messagesAcknowledged = 0
    /// Sends that were repeats of an earlier one.
    package var duplicates = 0
    package var readReceipts = 0
    package var loginsSucceeded = 0
    package var loginsFailed = 0
    package var accountsCreated = 0
    package var syncs = 0
    /// Syncs with a key of another timeline or of the future.
    package var resyncs = 0
    package var notifies = 0
    package var badRequests = 0
    package var overloaded = 0
    package var unavailable = 0
    /// Deliveries that an earlier process left behind, done after the start.
    package var deliveriesRecovered = 0
    /// Deliveries kept aside because the recipient's timeline is damaged: an operator must look.
    package var deadLetters = 0
    /// Shards that stopped after a failed sync: their users get `unavailable` until the process starts again.
    package var shardsFailed = 0
    /// Sessions attached now.
    package var sessionsAttached = 0

    package init() {}
}
