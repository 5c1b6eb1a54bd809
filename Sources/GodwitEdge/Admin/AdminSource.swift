import GodwitMetrics

/// What the admin pages show. The edge conforms; each call may hop to every event loop and add up what it finds.
package protocol AdminSource: Sendable {
    /// The whole Prometheus page (`Registry.render()`), after plain integers of the loops were copied into it.
    func metricsText() async -> String
    func success() async -> SuccessReport
    /// Whether new clients should be sent here.
    func readiness() async -> Readiness
    func status() async -> EdgeStatus
}

package enum Readiness: Equatable, Sendable {
    case ready
    /// The reason is one line for people: `starting`, `draining`, `shard 3 is closed: …`.
    case notReady(reason: String)
}
