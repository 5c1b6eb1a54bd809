import GodwitMetrics
import IMService

extension IMMetrics {
    /// Copies the core's totals before a scrape.
    func copy(_ counters: IMServiceCounters) {
        logins.child("ok").raise(to: counters.loginsSucceeded)
        logins.child("failed").raise(to: counters.loginsFailed)
        sends.child("acknowledged").raise(to: counters.messagesAcknowledged)
        sends.child("duplicate").raise(to: counters.duplicates)
        notifies.child("any").raise(to: counters.notifies)
        attachedSessions.set(counters.sessionsAttached)
    }
}
