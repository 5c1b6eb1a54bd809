#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

extension ConfigurationLayers {
    /// The longest file that is read, in bytes.
    static let maximumFileBytes = 1_048_576

    /// Reads a file for ``ConfigurationLayers/file``.
    package static func read(path: String) throws(ConfigurationError) -> (name: String, text: String) {
        func unreadable(_ reason: String) -> ConfigurationError {
            ConfigurationError(problems: [.unreadable(file: path, reason: reason)])
        }
        guard let stream = fopen(path, "r") else { throw unreadable(String(cString: strerror(errno))) }
        defer { fclose(stream) }
        var bytes = [UInt8](repeating: 0, count: maximumFileBytes + 1)
        errno = 0
        let count = fread(&bytes, 1, bytes.count, stream)
        guard ferror(stream) == 0 else { throw unreadable(String(cString: strerror(errno))) }
        guard count <= maximumFileBytes else { throw unreadable("longer than \(maximumFileBytes) bytes") }
        guard let text = String(validating: bytes[..<count], as: UTF8.self) else { throw unreadable("not UTF-8") }
        return (path, text)
    }
}
