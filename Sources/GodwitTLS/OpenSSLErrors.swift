import COpenSSL

/// OpenSSL's error queue of the current thread, emptied into one value.
enum OpenSSLErrors {
    /// The earliest error in the queue, which is the cause; later ones are consequences.
    struct Cause {
        let code: UInt

        /// OpenSSL's reason number; unique only within a library.
        var reason: Int32 { godwit_ERR_GET_REASON(code) }

        /// True when the TLS part of OpenSSL reported it.
        var isTLS: Bool { godwit_ERR_GET_LIB(code) == ERR_LIB_SSL }

        var text: String {
            guard code != 0 else { return "no reason given" }
            guard let reason = ERR_reason_error_string(code) else { return "error \(code)" }
            return String(cString: reason)
        }
    }

    /// Takes the cause and empties the queue, so that no later call on this thread finds stale errors.
    static func take() -> Cause {
        let cause = Cause(code: ERR_get_error())
        ERR_clear_error()
        return cause
    }

    static func failure(of operation: String) -> TLSError {
        .library(operation: operation, reason: take().text)
    }
}
