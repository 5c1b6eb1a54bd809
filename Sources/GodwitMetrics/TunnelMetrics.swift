/// What goes through tunnels.
package struct TunnelMetrics: Sendable {
    package let open: Gauge
    package let opened: CounterFamily
    package let ended: CounterFamily
    package let bytes: CounterFamily

    package init(registry: Registry) {
        open = registry.gauge("godwit_tunnels", "Tunnels open or being opened.").child()
        opened = registry.counter(
            "godwit_tunnel_opens_total", "Tunnels that clients asked for.", labels: ["result"])
        ended = registry.counter("godwit_tunnels_ended_total", "Tunnels that ended.", labels: ["reason"])
        bytes = registry.counter(
            "godwit_tunnel_bytes_total", "Bytes of the connections inside tunnels.", labels: ["direction"])
    }
}
