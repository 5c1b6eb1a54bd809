#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The system's error numbers that mean something particular.
enum ErrorNumber {
    static let connectionRefused = ECONNREFUSED
    static let timedOut = ETIMEDOUT
}
