import COpenSSL

/// Sorts OpenSSL's hundreds of reasons into the few that need different action.
enum TLSFailure {
    /// OpenSSL reports a peer's alert as this plus the alert's code (`ssl.h`, SSL_AD_REASON_OFFSET).
    private static let alertOffset: Int32 = 1_000

    static func classify(_ cause: OpenSSLErrors.Cause) -> TLSError {
        guard cause.isTLS else { return .protocolFailure(reason: cause.text) }
        if let alert = UInt8(exactly: cause.reason - alertOffset) { return .peerAlert(code: alert) }
        switch cause.reason {
        case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, SSL_R_DECRYPTION_FAILED, SSL_R_BAD_DIGEST_LENGTH:
            return .badRecord
        case SSL_R_NO_APPLICATION_PROTOCOL:
            return .noCommonProtocol
        case SSL_R_WRONG_VERSION_NUMBER, SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST,
            SSL_R_UNKNOWN_PROTOCOL, SSL_R_PACKET_LENGTH_TOO_LONG, SSL_R_BAD_RECORD_TYPE:
            return .notTLS(reason: cause.text)
        default:
            return .protocolFailure(reason: cause.text)
        }
    }
}
