/// The instant-messaging core's figures, copied from its counters before a scrape.
package struct IMMetrics: Sendable {
    package let accountsCreated: Counter
    package let logins: CounterFamily
    package let sends: CounterFamily
    package let notifies: Counter
    package let syncs: Counter
    package let resyncs: Counter
    package let readReceipts: Counter
    package let deliveriesRecovered: Counter
    package let deadLetters: Counter
    package let attachedSessions: Gauge

    package init(registry: Registry) {
        func counter(_ name: String, _ help: String) -> Counter { registry.counter(name, help).child() }
        accountsCreated = counter("godwit_im_accounts_created_total", "Accounts created by a first login.")
        logins = registry.counter("godwit_im_logins_total", "Logins, by outcome.", labels: ["result"])
        sends = registry.counter(
            "godwit_im_sends_total", "Messages acknowledged to their senders, and repeats of them.", labels: ["result"])
        notifies = counter("godwit_im_notifies_total", "Notifies pushed to sessions.")
        syncs = counter("godwit_im_syncs_total", "Pulls of a timeline.")
        resyncs = counter("godwit_im_resyncs_total", "Pulls that had to begin again from the start.")
        readReceipts = counter("godwit_im_read_receipts_total", "Read marks taken.")
        deliveriesRecovered = counter(
            "godwit_im_deliveries_recovered_total", "Deliveries that a crash left behind, done after the start.")
        deadLetters = counter(
            "godwit_im_dead_letters_total", "Deliveries kept aside because the recipient's timeline is damaged.")
        attachedSessions = registry.gauge("godwit_im_attached_sessions", "Sessions that are logged in.").child()
    }
}
