import GodwitTLS
import GodwitWire
import NIOCore

/// Where the keys of session tickets come from: from nowhere, at each start, or from a file that several edges share.
enum TicketSecret {
    /// In characters. `openssl rand -hex 32` writes 64.
    static let minimumLength = 32
    private static let maximumLength = 4_096

    /// - Parameter file: empty for a secret of this process alone.
    static func issuer(file: String, now: NIODeadline, wallSeconds: Int64) throws(EdgeError) -> TicketIssuer {
        guard !file.isEmpty else {
            return TicketIssuer(TicketIssuer.Configuration(secret: RandomSource.system.bytes(32)))
        }
        let text: String?
        do throws(WholeFile.Failure) {
            text = try WholeFile.read(file, limit: maximumLength)
        } catch {
            throw .ticketSecret(path: file, reason: error.reason)
        }
        guard let text else { throw .ticketSecret(path: file, reason: "there is no such file") }
        guard text.utf8.count >= minimumLength else {
            throw .ticketSecret(path: file, reason: "it has fewer than \(minimumLength) characters")
        }
        var configuration = TicketIssuer.Configuration(secret: KeyDerivation.sha256(Array(text.utf8)))
        configuration.clockOffset = wallSeconds - Int64(now.uptimeNanoseconds / 1_000_000_000)
        // What this edge saw before its start it has forgotten, but its keys are as they were.
        configuration.earlyDataFrom = now + TicketIssuer.Configuration.amnesia
        return TicketIssuer(configuration)
    }
}
