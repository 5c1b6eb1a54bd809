/// The instant-messaging core's figures.
package struct IMMetrics: Sendable {
    package let logins: CounterFamily
    package let sends: CounterFamily
    package let notifies: CounterFamily
    package let syncedItems: Counter
    package let attachedSessions: Gauge

    package init(registry: Registry) {
        logins = registry.counter("godwit_im_logins_total", "Logins, by outcome.", labels: ["result"])
        sends = registry.counter("godwit_im_sends_total", "Messages accepted or refused.", labels: ["result"])
        notifies = registry.counter("godwit_im_notifies_total", "Notifies pushed to sessions.", labels: ["content"])
        syncedItems = registry.counter("godwit_im_synced_items_total", "Timeline items pulled by clients.").child()
        attachedSessions = registry.gauge("godwit_im_attached_sessions", "Sessions that are logged in.").child()
    }
}
