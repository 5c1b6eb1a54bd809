import Glibc

/// A variable of this process, without Foundation.
enum ProcessEnvironment {
    static subscript(name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
