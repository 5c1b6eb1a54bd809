import Foundation

/// What the kernel counts about this process.
package enum ProcessCounters {
    /// Monotonic time in nanoseconds.
    @inline(__always)
    package static var nanoseconds: UInt64 { read(CLOCK_MONOTONIC) }

    /// User and system time of all threads.
    package static var cpuSeconds: Double { Double(read(CLOCK_PROCESS_CPUTIME_ID)) / 1e9 }

    @inline(__always)
    private static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }

    /// Resident memory in bytes.
    package static var residentBytes: Int { (number("VmRSS:", in: "/proc/self/status") ?? 0) * 1_024 }

    /// Bytes handed to `write` and its kin since the process began. Stores that write through `mmap` are not counted; none of
    /// those measured here does.
    package static var writtenBytes: Int { number("wchar:", in: "/proc/self/io") ?? 0 }

    package static func sleep(seconds: UInt32) { _ = Foundation.sleep(seconds) }

    private static func number(_ name: String, in path: String) -> Int? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        while fgets(&line, 256, file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            guard text.hasPrefix(name) else { continue }
            return text.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }
        }
        return nil
    }

    /// What the files in `directory` and below occupy on disk.
    package static func diskBytes(of directory: String) -> Int {
        guard let walk = FileManager.default.enumerator(atPath: directory) else { return 0 }
        var bytes = 0
        for case let name as String in walk {
            var status = stat()
            if lstat("\(directory)/\(name)", &status) == 0 { bytes += Int(status.st_blocks) * 512 }
        }
        return bytes
    }
}
