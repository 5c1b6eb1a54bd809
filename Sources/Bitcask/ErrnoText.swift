import Glibc

/// The operating system's words for an error number.
func describe(errno code: Int32) -> String {
    var buffer = [CChar](repeating: 0, count: 128)
    guard strerror_r(code, &buffer, buffer.count - 1) == 0 else { return "errno \(code)" }
    let text = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    return "\(text) (errno \(code))"
}
