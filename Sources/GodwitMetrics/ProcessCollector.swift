#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

extension Registry {
    /// Adds the `process_*` families, read from `/proc` while the page is written. Elsewhere than on Linux the page
    /// goes without them.
    package func collectProcessFigures() {
        #if os(Linux)
        let ticksPerSecond = Int(sysconf(Int32(_SC_CLK_TCK)))
        let pageBytes = Int(sysconf(Int32(_SC_PAGESIZE)))
        let bootSeconds = ProcFile.read("/proc/stat").flatMap(ProcessFigures.bootSeconds)
        collect { text in
            guard let stat = ProcFile.read("/proc/self/stat"),
                let figures = ProcessFigures(stat: stat, ticksPerSecond: ticksPerSecond, pageBytes: pageBytes)
            else { return }
            func gauge(_ name: String, _ help: String, _ value: Int) {
                text.family(name, help: help, kind: .gauge)
                text.sample(name, .empty, value)
            }
            text.family("process_cpu_seconds_total", help: "User and system CPU time spent.", kind: .counter)
            text.sample("process_cpu_seconds_total", .empty, figures.cpuSeconds)
            if let soft = ProcFile.descriptorLimit() {
                gauge("process_max_fds", "File descriptors that may be open.", soft)
            }
            if let open = ProcFile.openDescriptors() {
                gauge("process_open_fds", "File descriptors that are open.", open)
            }
            gauge("process_resident_memory_bytes", "Memory in RAM.", figures.residentBytes)
            if let bootSeconds {
                text.family("process_start_time_seconds", help: "Start of the process since 1970.", kind: .gauge)
                let sinceBoot = Double(figures.startTicks) / Double(ticksPerSecond)
                text.sample("process_start_time_seconds", .empty, Double(bootSeconds) + sinceBoot)
            }
            gauge("process_threads", "Threads of the process.", figures.threads)
            gauge("process_virtual_memory_bytes", "Address space.", figures.virtualBytes)
        }
        #endif
    }

    /// Adds `godwit_build_info`, always 1: what runs is in its labels.
    package func setBuildInfo(version: String, revision: String) {
        gauge("godwit_build_info", "What is running; always 1.", labels: ["version", "revision"])
            .child(version, revision).set(1)
    }
}

#if os(Linux)
/// The few reads of `/proc` that the page needs.
private enum ProcFile {
    /// A file of `/proc` has no size to ask for, and those read here are short: at most 64 KiB are taken.
    static func read(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        var filled = 0
        while filled < bytes.count {
            let space = bytes.count - filled
            let count = bytes.withUnsafeMutableBytes { buffer in
                // Within the buffer: `filled` never passes its count, so the base address exists.
                systemRead(descriptor, buffer.baseAddress.map { $0 + filled }, space)
            }
            guard count > 0 else { break }
            filled += count
        }
        return String(decoding: bytes[..<filled], as: UTF8.self)
    }

    static func openDescriptors() -> Int? {
        guard let directory = opendir("/proc/self/fd") else { return nil }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        // Not counted: ".", ".." and the directory's own descriptor.
        return max(0, count - 3)
    }

    static func descriptorLimit() -> Int? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
        return Int(clamping: limit.rlim_cur)
    }
}

/// `read(2)` under a name that ``ProcFile/read(_:)`` does not hide.
private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    read(descriptor, buffer, count)
}
#endif
