/// The counters behind ``IMServiceCounters``.
final class ServiceMeters: Sendable {
    let messagesAcknowledged = Meter()
    let duplicates = Meter()
    let readReceipts = Meter()
    let loginsSucceeded = Meter()
    let loginsFailed = Meter()
    let accountsCreated = Meter()
    let syncs = Meter()
    let resyncs = Meter()
    let notifies = Meter()
    let badRequests = Meter()
    let overloaded = Meter()
    let unavailable = Meter()
    let deliveriesRecovered = Meter()
    let deadLetters = Meter()
    let shardsFailed = Meter()
    let sessionsAttached = Meter()

    var snapshot: IMServiceCounters {
        var counters = IMServiceCounters()
        counters.messagesAcknowledged = messagesAcknowledged.value
        counters.duplicates = duplicates.value
        counters.readReceipts = readReceipts.value
        counters.loginsSucceeded = loginsSucceeded.value
        counters.loginsFailed = loginsFailed.value
        counters.accountsCreated = accountsCreated.value
        counters.syncs = syncs.value
        counters.resyncs = resyncs.value
        counters.notifies = notifies.value
        counters.badRequests = badRequests.value
        counters.overloaded = overloaded.value
        counters.unavailable = unavailable.value
        counters.deliveriesRecovered = deliveriesRecovered.value
        counters.deadLetters = deadLetters.value
        counters.shardsFailed = shardsFailed.value
        counters.sessionsAttached = sessionsAttached.value
        return counters
    }
}
