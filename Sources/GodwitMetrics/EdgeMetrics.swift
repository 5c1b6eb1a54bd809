/// The families that the edge and its core count in. Meanings and label values: docs/operations.md.
///
/// Event loops look their children up once and keep them; only what is rare is looked up when it happens.
package struct EdgeMetrics: Sendable {
    // What the user wanted, and each try to get it.
    package let tasks: CounterFamily
    package let attempts: CounterFamily
    package let requestDuration: HistogramFamily

    // What clients report about tries that never arrived.
    package let clientAttempts: CounterFamily
    package let clientTasks: CounterFamily
    package let clientReports: CounterFamily
    package let clientReportsDropped: CounterFamily
    package let clientReportAge: HistogramFamily

    // Sessions and their carriers.
    package let sessions: GaugeFamily
    package let sessionsOpened: CounterFamily
    package let sessionsExpired: CounterFamily
    package let connections: GaugeFamily
    package let handshakes: CounterFamily
    package let resumptions: CounterFamily
    package let tickets: CounterFamily
    package let earlyData: CounterFamily
    package let migrations: CounterFamily
    package let ackedMessages: CounterFamily
    package let redeliveries: CounterFamily

    // Datagrams and bytes.
    package let datagramsReceived: CounterFamily
    package let datagramsSent: CounterFamily
    package let batches: CounterFamily
    package let batchedDatagrams: CounterFamily
    package let batchesRefused: CounterFamily
    package let datagramsDropped: CounterFamily
    package let statelessResets: CounterFamily
    package let retries: CounterFamily
    package let bytesReceived: CounterFamily
    package let bytesSent: CounterFamily
    package let packetsLost: CounterFamily
    package let probes: CounterFamily
    package let keepAlives: CounterFamily
    package let congestionMarks: CounterFamily
    package let ecnPaths: CounterFamily
    package let datagramsMarked: CounterFamily
    package let keyUpdates: CounterFamily
    package let mtuProbes: CounterFamily
    package let blackHoles: CounterFamily
    package let copiesSent: CounterFamily
    package let repairsSent: CounterFamily
    package let repairBytesSent: CounterFamily
    package let messagesSavedByRepair: CounterFamily
    package let messagesRecovered: CounterFamily
    package let copyBytesSent: CounterFamily
    package let messagesSavedByCopies: CounterFamily
    package let datagramsSavedByCopies: CounterFamily
    package let messagesGivenUp: CounterFamily

    // Admission.
    package let shed: CounterFamily

    package let tunnels: TunnelMetrics
    package let store: StoreMetrics
    package let im: IMMetrics

    package init(registry: Registry) {
        tasks = registry.counter(
            "godwit_tasks_total", "Requests of clients, after retries.", labels: ["result", "command_class"])
        attempts = registry.counter(
            "godwit_attempts_total", "Tries on one carrier that reached this server.",
            labels: ["carrier", "phase", "result"])
        requestDuration = registry.histogram(
            "godwit_request_duration_seconds", "From a request's arrival to its response being queued.",
            labels: ["command"])

        clientAttempts = registry.counter(
            "godwit_client_attempts_total", "Tries that clients reported afterwards.",
            labels: ["carrier", "phase", "result", "type"], maximumChildren: 256)
        clientTasks = registry.counter(
            "godwit_client_tasks_total", "Tasks that clients reported afterwards.", labels: ["result", "type"])
        clientReports = registry.counter("godwit_client_reports_total", "Reports received from clients.")
        clientReportsDropped = registry.counter(
            "godwit_client_reports_dropped_total", "Reports, or entries in them, not counted.", labels: ["reason"])
        clientReportAge = registry.histogram(
            "godwit_client_report_age_seconds", "Age of the oldest failure in a report.",
            upperBounds: Histogram.ageSeconds)

        sessions = registry.gauge("godwit_sessions", "Sessions kept.", labels: ["carrier", "state"])
        sessionsOpened = registry.counter(
            "godwit_sessions_opened_total", "Sessions opened on a carrier.", labels: ["resumption"])
        sessionsExpired = registry.counter(
            "godwit_sessions_expired_total", "Sessions forgotten before their client closed them.", labels: ["reason"])
        connections = registry.gauge("godwit_connections", "Carrier connections, established.", labels: ["carrier"])
        handshakes = registry.counter(
            "godwit_handshakes_total", "TLS handshakes finished.", labels: ["carrier", "result"])
        resumptions = registry.counter(
            "godwit_handshakes_resumed_total", "TLS handshakes that went by a ticket.", labels: ["carrier"])
        tickets = registry.counter("godwit_tickets_total", "Session tickets of TLS.", labels: ["event"])
        earlyData = registry.counter(
            "godwit_early_data_total", "First flights of known clients with requests in them.", labels: ["result"])
        migrations = registry.counter(
            "godwit_migrations_total", "Clients that changed their address.", labels: ["cause"])
        ackedMessages = registry.counter("godwit_acked_messages_total", "Messages whose receipt clients confirmed.")
        redeliveries = registry.counter("godwit_redeliveries_total", "Messages sent again after a resume.")

        datagramsReceived = registry.counter("godwit_datagrams_received_total", "UDP datagrams received.")
        datagramsSent = registry.counter("godwit_datagrams_sent_total", "UDP datagrams sent.")
        batches = registry.counter(
            "godwit_datagram_batches_total", "Datagrams joined for one way through the kernel, as one each.",
            labels: ["direction"])
        batchedDatagrams = registry.counter(
            "godwit_datagrams_batched_total", "UDP datagrams in such batches.", labels: ["direction"])
        batchesRefused = registry.counter(
            "godwit_datagram_batches_refused_total", "Event loops whose kernel refused a batch; they send singly since."
        )
        datagramsDropped = registry.counter(
            "godwit_datagrams_dropped_total", "UDP datagrams received and not used.", labels: ["reason"])
        retries = registry.counter(
            "godwit_retries_total", "Clients asked to show that they are at their address.", labels: ["event"])
        statelessResets = registry.counter(
            "godwit_stateless_resets_total", "Clients told that their connection is not known here.")
        bytesReceived = registry.counter(
            "godwit_bytes_received_total", "UDP payload or TCP bytes received.", labels: ["carrier"])
        bytesSent = registry.counter("godwit_bytes_sent_total", "UDP payload or TCP bytes sent.", labels: ["carrier"])
        packetsLost = registry.counter("godwit_packets_lost_total", "Packets sent and declared lost.")
        probes = registry.counter("godwit_probes_total", "Times a missing answer had something sent again.")
        keepAlives = registry.counter(
            "godwit_keepalives_sent_total", "Silent datagram clients asked whether they are there.")
        congestionMarks = registry.counter(
            "godwit_congestion_marks_total", "Acknowledgements that told of a router's congestion mark.")
        ecnPaths = registry.counter(
            "godwit_ecn_paths_total", "Paths on which congestion marks were found to arrive, or not.",
            labels: ["result"])
        datagramsMarked = registry.counter(
            "godwit_datagrams_marked_total", "UDP datagrams received with a mark in their IP header.", labels: ["mark"])
        keyUpdates = registry.counter(
            "godwit_key_updates_total", "Times a datagram connection's packet keys were replaced.", labels: ["by"])
        mtuProbes = registry.counter("godwit_mtu_probes_sent_total", "Datagrams that only tried a larger size.")
        blackHoles = registry.counter(
            "godwit_mtu_black_holes_total", "Paths on which a confirmed datagram size no longer arrived.")
        copiesSent = registry.counter("godwit_copies_sent_total", "Copies of messages sent before one was missed.")
        copyBytesSent = registry.counter("godwit_copy_bytes_sent_total", "Message bytes in copies.")
        messagesSavedByCopies = registry.counter(
            "godwit_messages_saved_by_copies_total", "Messages of which a copy was acknowledged first.")
        datagramsSavedByCopies = registry.counter(
            "godwit_datagrams_saved_by_copies_total", "Unreliable datagrams that arrived only as copies.")
        repairsSent = registry.counter("godwit_repairs_sent_total", "Repair symbols sent behind large messages.")
        repairBytesSent = registry.counter("godwit_repair_bytes_sent_total", "Bytes of repair symbols sent.")
        messagesSavedByRepair = registry.counter(
            "godwit_messages_saved_by_repair_total", "Messages sent that the client completed by repair.")
        messagesRecovered = registry.counter(
            "godwit_messages_recovered_total", "Messages received that were completed by repair.")
        messagesGivenUp = registry.counter(
            "godwit_messages_given_up_total", "Messages of datagram carriers that were ended before they arrived.",
            labels: ["reason"])

        shed = registry.counter("godwit_shed_total", "Work refused to protect the rest.", labels: ["reason"])

        tunnels = TunnelMetrics(registry: registry)
        store = StoreMetrics(registry: registry)
        im = IMMetrics(registry: registry)
    }
}
