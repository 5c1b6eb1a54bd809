import GodwitMetrics
import IMService

extension IMMetrics {
    /// Copies the core's totals before a scrape.
    func copy(_ counters: IMServiceCounters) {
        accountsCreated.raise(to: counters.accountsCreated)
        logins.child("ok").raise(to: counters.loginsSucceeded)
        logins.child("failed").raise(to: counters.loginsFailed)
        sends.child("acknowledged").raise(to: counters.messagesAcknowledged)
        sends.child("duplicate").raise(to: counters.duplicates)
        notifies.raise(to: counters.notifies)
        syncs.raise(to: counters.syncs)
        resyncs.raise(to: counters.resyncs)
        readReceipts.raise(to: counters.readReceipts)
        deliveriesRecovered.raise(to: counters.deliveriesRecovered)
        deadLetters.raise(to: counters.deadLetters)
        attachedSessions.set(counters.sessionsAttached)
    }
}

extension StoreMetrics {
    /// Copies the store's figures before a scrape.
    func copy(_ figures: StoreFigures, shardsFailed: Int) {
        keys.set(figures.keys)
        liveBytes.set(figures.liveBytes)
        deadBytes.set(figures.deadBytes)
        corruptRecords.raise(to: figures.corruptRecords)
        syncs.raise(to: figures.syncs)
        files.set(figures.files)
        merges.raise(to: figures.merges)
        mergeFailures.raise(to: figures.mergeFailures)
        mergedBytes.raise(to: figures.mergedBytes)
        scrubbedBytes.raise(to: figures.scrubbedBytes)
        scrubFindings.raise(to: figures.scrubFindings)
        closedShards.set(shardsFailed)
    }
}
