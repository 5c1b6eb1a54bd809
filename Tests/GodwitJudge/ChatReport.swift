/// The figures of many conversations on one network.
struct ChatReport {
    private var latencies: [Double] = []
    private var p99s: [Double] = []
    private var up = LinkUse()
    private var down = LinkUse()

    mutating func add(_ result: ChatWorkload.Result) {
        latencies += result.latencies
        p99s.append(percentile(result.latencies.sorted(), 0.99))
        up.add(result.up)
        down.add(result.down)
    }

    /// Latencies in ms; the middle of the conversations' own 99th percentiles is what a lab of few runs would see. Bytes and packets are
    /// a message's, up + down; those that passed are what an interface counts behind netem.
    static let heading = """
        profile       p50    p90    p99  median p99  p99.9     max   in 1 s  bytes sent   bytes passed  packets
        """

    func line(_ name: String) -> String {
        let sorted = latencies.sorted()
        let count = sorted.count
        let columns = [
            name.padded(8), ms(percentile(sorted, 0.5)), ms(percentile(sorted, 0.9)), ms(percentile(sorted, 0.99)),
            ms(percentile(p99s.sorted(), 0.5)).padded(11, left: true), ms(percentile(sorted, 0.999)),
            ms(sorted.last ?? 0).padded(7, left: true),
            (fixed(share(within: 1000, sorted) * 100, 1) + " %").padded(8, left: true),
            eachWay(up.bytes, down.bytes, of: count, decimals: 0).padded(11, left: true),
            eachWay(up.passedBytes, down.passedBytes, of: count, decimals: 0).padded(14, left: true),
            eachWay(up.packets, down.packets, of: count, decimals: 1).padded(9, left: true),
        ]
        return columns.joined(separator: " ")
    }
}
