/// The embedded store's figures, copied from its statistics before a scrape.
package struct StoreMetrics: Sendable {
    package let keys: Gauge
    package let liveBytes: Gauge
    package let deadBytes: Gauge
    package let corruptRecords: Counter
    package let syncs: Counter
    package let closedShards: Gauge

    package init(registry: Registry) {
        keys = registry.gauge("godwit_store_keys", "Keys in memory.").child()
        liveBytes = registry.gauge("godwit_store_live_bytes", "Bytes on disk that reads can reach.").child()
        deadBytes = registry.gauge("godwit_store_dead_bytes", "Bytes on disk that a merge would free.").child()
        corruptRecords = registry.counter(
            "godwit_store_corrupt_records_total", "Records whose checksum was wrong."
        ).child()
        syncs = registry.counter("godwit_store_syncs_total", "Calls of fdatasync.").child()
        closedShards = registry.gauge(
            "godwit_store_closed_shards", "Shards closed after a failed write or sync; restart to recover."
        ).child()
    }
}
