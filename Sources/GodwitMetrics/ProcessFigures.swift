/// What `/proc` says about a process, under the names that all Prometheus clients use.
struct ProcessFigures: Equatable, Sendable {
    var cpuSeconds: Double
    var residentBytes: Int
    var virtualBytes: Int
    var threads: Int
    /// Clock ticks between the machine's boot and the start of the process.
    var startTicks: Int

    /// - Parameters:
    ///   - stat: the text of `/proc/[pid]/stat`, proc(5).
    ///   - ticksPerSecond: of the kernel's accounting clock, at least 1.
    init?(stat: String, ticksPerSecond: Int, pageBytes: Int) {
        // The second field is the program's name in parentheses and may hold anything, spaces and ")" included.
        guard ticksPerSecond > 0, let end = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[stat.index(after: end)...].split(separator: " ", omittingEmptySubsequences: true)
        // proc(5) numbers fields from 1; the state, field 3, is index 0 here.
        func field(_ number: Int) -> Int? {
            let index = number - 3
            return index < fields.count ? Int(fields[index]) : nil
        }
        guard let user = field(14), let system = field(15), let threads = field(20), let start = field(22),
            let virtual = field(23), let residentPages = field(24)
        else { return nil }
        cpuSeconds = (Double(user) + Double(system)) / Double(ticksPerSecond)
        residentBytes = residentPages.multipliedReportingOverflow(by: pageBytes).partialValue
        virtualBytes = virtual
        self.threads = threads
        startTicks = start
    }

    /// The wall time of the machine's boot, seconds since 1970, from the text of `/proc/stat`.
    static func bootSeconds(stat: String) -> Int? {
        for line in stat.split(separator: "\n") where line.hasPrefix("btime ") {
            return Int(line.dropFirst("btime ".count))
        }
        return nil
    }
}
