/// The embedded store's figures, copied from its statistics before a scrape.
package struct StoreMetrics: Sendable {
    package let keys: Gauge
    package let liveBytes: Gauge
    package let deadBytes: Gauge
    package let corruptRecords: Counter
    package let syncs: Counter
    package let files: Gauge
    package let merges: Counter
    package let mergeFailures: Counter
    package let mergedBytes: Counter
    package let scrubbedBytes: Counter
    package let scrubFindings: Counter
    package let closedShards: Gauge

    package init(registry: Registry) {
        keys = registry.gauge("godwit_store_keys", "Keys in memory.").child()
        liveBytes = registry.gauge("godwit_store_live_bytes", "Bytes on disk that reads can reach.").child()
        deadBytes = registry.gauge("godwit_store_dead_bytes", "Bytes on disk that a merge would free.").child()
        corruptRecords = registry.counter(
            "godwit_store_corrupt_records_total", "Records whose checksum was wrong."
        ).child()
        syncs = registry.counter("godwit_store_syncs_total", "Calls of fdatasync.").child()
        files = registry.gauge("godwit_store_files", "Data files of the store.").child()
        merges = registry.counter("godwit_store_merges_total", "Merges finished.").child()
        mergeFailures = registry.counter(
            "godwit_store_merge_failures_total", "Merges that the disk refused; each is tried again."
        ).child()
        mergedBytes = registry.counter("godwit_store_merged_bytes_total", "Bytes that merges have written.").child()
        scrubbedBytes = registry.counter(
            "godwit_store_scrubbed_bytes_total", "Bytes read again to find damage before someone needs them."
        ).child()
        scrubFindings = registry.counter(
            "godwit_store_scrub_findings_total", "Damaged stretches that the scrubber was the first to find."
        ).child()
        closedShards = registry.gauge(
            "godwit_store_closed_shards", "Shards closed after a failed write or sync; restart to recover."
        ).child()
    }
}
