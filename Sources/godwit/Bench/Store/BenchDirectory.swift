import Foundation
import StoreBench

/// The directory of a run, gone when the run is over.
struct BenchDirectory {
    let path: String

    init(in parent: String, needs bytes: Int) throws {
        var room = statvfs()
        guard statvfs(parent, &room) == 0 else {
            throw BenchFailure("\(parent): \(String(cString: strerror(errno))); choose another --directory")
        }
        let free = Int(clamping: UInt64(room.f_bavail) * UInt64(room.f_frsize))
        guard free >= bytes else {
            throw BenchFailure(
                "\(parent) has \(free >> 30) GiB free and \(bytes >> 30) are needed; choose another --directory or fewer --keys"
            )
        }
        path = URL(fileURLWithPath: parent).standardizedFileURL.path + "/godwit-bench-\(getpid())"
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        } catch {
            throw BenchFailure("\(path) cannot be made: \(error.localizedDescription)")
        }
    }

    /// A new, empty directory.
    func make(_ name: String) throws -> String {
        let directory = "\(path)/\(name)"
        clear(directory)
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        return directory
    }

    func clear(_ directory: String) { try? FileManager.default.removeItem(atPath: directory) }
    func remove() { clear(path) }
}

/// The machine in a line, so that figures can be judged.
enum Machine {
    static var description: String {
        let load = (try? String(contentsOfFile: "/proc/loadavg", encoding: .utf8))?.split(separator: " ").first ?? "?"
        let memory = ProcessInfo.processInfo.physicalMemory >> 30
        return "\(ProcessInfo.processInfo.activeProcessorCount) processors, \(memory) GiB of memory, load \(load)"
    }
}
