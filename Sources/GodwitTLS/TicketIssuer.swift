import COpenSSL
import Glibc
import NIOCore
import Synchronization

/// A server's session tickets: seals and opens them, and lets each bring early data once. One for all loops and both carriers of
/// an edge, so that a session begun on UDP resumes on TCP.
///
/// It works in handshakes only, so its lock is on no message's way.
package final class TicketIssuer: Sendable {
    package struct Configuration: Sendable {
        /// What the keys come from; edges with the same open each other's tickets. At least 32 random bytes.
        package var secret: [UInt8]
        /// How long one key seals tickets, in seconds. Tickets live for two such periods.
        package var period: Int64 = 8 * 3_600
        /// The wall clock's seconds since 1970 less the monotonic clock's, at the start: edges agree on the wall clock only.
        package var clockOffset: Int64 = 0
        /// Bytes of early data that a client may send.
        package var maximumEarlyData: UInt32 = 16_384
        /// Before this, early data is refused: a server that was started again, with keys that it had before, does not remember what
        /// it has seen.
        package var earlyDataFrom = NIODeadline.distantPast

        package init(secret: [UInt8]) { self.secret = secret }

        /// How long a server with old keys must refuse early data after its start.
        package static let amnesia = TimeAmount.seconds(EarlyDataRegister.generation)
    }

    /// What has happened, since the start.
    package struct Counters: Sendable, Equatable {
        package var issued: UInt64 = 0
        package var resumed: UInt64 = 0
        /// Tickets that no key opens: forged, of another server, or too old.
        package var unknown: UInt64 = 0
        package var earlyAccepted: UInt64 = 0
        package var earlyReplayed: UInt64 = 0
        package var earlyRefused: UInt64 = 0
    }

    private struct State {
        var keys: TicketKeys
        var register = EarlyDataRegister()
        var counters = Counters()
    }

    private let configuration: Configuration
    private let state: Mutex<State>

    package init(_ configuration: Configuration) {
        self.configuration = configuration
        state = Mutex(State(keys: TicketKeys(secret: configuration.secret, period: configuration.period)))
    }

    package var counters: Counters { state.withLock { $0.counters } }

    private func seconds(_ now: NIODeadline) -> Int64 {
        Int64(now.uptimeNanoseconds / 1_000_000_000) + configuration.clockOffset
    }

    /// The context's owner keeps `self` alive for as long as the context.
    func install(in context: OpaquePointer) throws(TLSError) {
        let pointer = Unmanaged.passUnretained(self).toOpaque()
        // The register below replaces OpenSSL's own protection, which would keep every session in memory.
        SSL_CTX_set_options(context, godwit_SSL_OP_NO_ANTI_REPLAY)
        SSL_CTX_set_allow_early_data_cb(context, allowEarlyData, pointer)
        _ = godwit_SSL_CTX_set_timeout(context, Int(2 * configuration.period))
        guard SSL_CTX_set_num_tickets(context, 1) == 1,
            SSL_CTX_set_max_early_data(context, configuration.maximumEarlyData) == 1,
            SSL_CTX_set_recv_max_early_data(context, configuration.maximumEarlyData) == 1,
            SSL_CTX_set_tlsext_ticket_key_evp_cb(context, chooseTicketKey) == 1,
            SSL_CTX_set_session_ticket_cb(context, stampTicket, readTicket, pointer) == 1
        else { throw OpenSSLErrors.failure(of: "SSL_CTX_set_session_ticket_cb") }
    }

    // MARK: For the callbacks

    fileprivate func sealingKey(now: NIODeadline) -> TicketKeys.Key? {
        state.withLock { state in
            state.counters.issued += 1
            return state.keys.sealing(now: seconds(now))
        }
    }

    fileprivate func openingKey(name: UnsafeBufferPointer<UInt8>, now: NIODeadline) -> TicketKeys.Key? {
        state.withLock { state in
            let key = state.keys.opening(name: name, now: seconds(now))
            if key == nil { state.counters.unknown += 1 }
            return key
        }
    }

    /// Tickets carry our own clock's time of issue.
    fileprivate func stamp(_ session: OpaquePointer, now: NIODeadline) {
        SSL_SESSION_set_time(session, Int(seconds(now)))
    }

    /// OpenSSL judges a ticket's age by the system's clock, so the time of issue is translated into that.
    fileprivate func read(_ session: OpaquePointer, now: NIODeadline) {
        state.withLock { $0.counters.resumed += 1 }
        SSL_SESSION_set_time(session, time(nil) - Int(seconds(now)) + SSL_SESSION_get_time(session))
    }

    fileprivate func mayBringEarlyData(_ session: OpaquePointer, now: NIODeadline) -> Bool {
        // The ticket's key (RFC 8446 section 4.6.1) is different for each ticket, and known to its owner only.
        var key = [UInt8](repeating: 0, count: 64)
        let length = SSL_SESSION_get_master_key(session, &key, key.count)
        let digest = KeyDerivation.sha256(Array(key[..<length]))[..<8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return state.withLock { state in
            guard now >= configuration.earlyDataFrom else {
                state.counters.earlyRefused += 1
                return false
            }
            switch state.register.enter(digest, now: seconds(now)) {
            case .fresh:
                state.counters.earlyAccepted += 1
                return true
            case .replayed: state.counters.earlyReplayed += 1
            case .full: state.counters.earlyRefused += 1
            }
            return false
        }
    }
}

// MARK: Callbacks

/// The time of the engine's present call, which its owner gave.
private func givenTime(_ ssl: OpaquePointer) -> NIODeadline? { EngineRecord.attached(to: ssl)?.now }

private func issuer(_ pointer: UnsafeMutableRawPointer?) -> TicketIssuer? {
    pointer.map { Unmanaged<TicketIssuer>.fromOpaque($0).takeUnretainedValue() }
}

private func allowEarlyData(ssl: OpaquePointer?, pointer: UnsafeMutableRawPointer?) -> Int32 {
    guard let ssl, let now = givenTime(ssl), let issuer = issuer(pointer), let session = SSL_get_session(ssl),
        issuer.mayBringEarlyData(session, now: now)
    else { return 0 }
    return 1
}

private func stampTicket(ssl: OpaquePointer?, pointer: UnsafeMutableRawPointer?) -> Int32 {
    guard let ssl, let now = givenTime(ssl), let issuer = issuer(pointer), let session = SSL_get_session(ssl) else {
        return 0
    }
    issuer.stamp(session, now: now)
    return 1
}

private func readTicket(
    ssl: OpaquePointer?, session: OpaquePointer?, keyName: UnsafePointer<UInt8>?, keyNameLength: Int,
    status: SSL_TICKET_STATUS, pointer: UnsafeMutableRawPointer?
) -> SSL_TICKET_RETURN {
    guard status == SSL_TICKET_SUCCESS || status == SSL_TICKET_SUCCESS_RENEW, let ssl, let session,
        let now = givenTime(ssl), let issuer = issuer(pointer)
    else { return SSL_TICKET_RETURN_IGNORE_RENEW }
    issuer.read(session, now: now)
    // Tickets are for one use: each handshake gives a new one.
    return SSL_TICKET_RETURN_USE_RENEW
}

/// Sealing returns 1; opening 0 for a key that we do not have, which makes it a full handshake.
private func chooseTicketKey(
    ssl: OpaquePointer?, name: UnsafeMutablePointer<UInt8>?, iv: UnsafeMutablePointer<UInt8>?,
    cipher: OpaquePointer?, mac: OpaquePointer?, isSealing: Int32
) -> Int32 {
    guard let ssl, let name, let iv, let cipher, let mac, let record = EngineRecord.attached(to: ssl),
        let issuer = record.issuer
    else { return -1 }
    let key: TicketKeys.Key
    if isSealing == 1 {
        guard let newest = issuer.sealingKey(now: record.now),
            RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) == 1
        else { return -1 }
        key = newest
        for (index, byte) in key.name.enumerated() { name[index] = byte }
    } else {
        let presented = UnsafeBufferPointer(start: UnsafePointer(name), count: TicketKeys.nameLength)
        guard let known = issuer.openingKey(name: presented, now: record.now) else { return 0 }
        key = known
    }
    guard EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), nil, key.encryption, iv, isSealing) == 1,
        godwit_ticket_mac_init(mac, key.authentication, key.authentication.count) == 1
    else { return -1 }
    return 1
}
