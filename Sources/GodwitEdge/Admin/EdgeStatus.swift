import GodwitMetrics

/// The body of `/status`: who this server is and whom it serves, for people and the page at `/`.
package struct EdgeStatus: Equatable, Sendable {
    package var version: String
    package var uptimeSeconds: Int
    /// Where clients connect, as bound.
    package var listen: String
    /// The public-key pin that clients verify; public by design.
    package var pin: String
    /// Sessions on a carrier now, by the carrier's name.
    package var attachedSessions: [String: Int]
    /// Sessions kept for clients that are away.
    package var detachedSessions: Int
    package var acknowledgedMessages: Int
    package var redeliveries: Int

    package init(
        version: String, uptimeSeconds: Int, listen: String, pin: String, attachedSessions: [String: Int],
        detachedSessions: Int, acknowledgedMessages: Int, redeliveries: Int
    ) {
        self.version = version
        self.uptimeSeconds = uptimeSeconds
        self.listen = listen
        self.pin = pin
        self.attachedSessions = attachedSessions
        self.detachedSessions = detachedSessions
        self.acknowledgedMessages = acknowledgedMessages
        self.redeliveries = redeliveries
    }

    func json(readiness: Readiness) -> String {
        var text = JSONText()
        text.object { text in
            text.member("version", version)
            text.member("uptime_seconds", uptimeSeconds)
            text.member("listen", listen)
            text.member("pin", pin)
            switch readiness {
            case .ready: text.member("ready", true)
            case .notReady(let reason):
                text.member("ready", false)
                text.member("reason", reason)
            }
            text.object("sessions") { text in
                text.object("attached") { text in
                    for (carrier, count) in attachedSessions.sorted(by: { $0.key < $1.key }) {
                        text.member(carrier, count)
                    }
                }
                text.member("detached", detachedSessions)
            }
            text.member("acknowledged_messages", acknowledgedMessages)
            text.member("redeliveries", redeliveries)
        }
        return text.text
    }
}
