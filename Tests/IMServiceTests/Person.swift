import Foundation
import IMMessages
import IMRouting
import IMService
import SwiftProtobuf
import Synchronization
import Testing

/// A user on one device and one session of a core.
struct Person: Sendable {
    let core: CoreHarness
    let session: SessionAddress
    let principal: Principal
    var user: String { principal.user }

    private static let sessions = Mutex<UInt64>(0)

    static func newSession() -> SessionAddress {
        let number = sessions.withLock { number in
            number += 1
            return number
        }
        return SessionAddress(loop: UInt8(number % 4), session: number)
    }

    /// Logs in, making the account when it is missing.
    init(_ user: String, device: String = "phone", on core: CoreHarness) async throws {
        self.core = core
        session = Self.newSession()
        principal = Principal(user: user, device: device)
        let reply = try await core.call(session, nil, .login, Self.loginRequest(user, device: device))
        try #require(reply.status == .ok)
        #expect(reply.authenticated == principal)
    }

    static func loginRequest(
        _ user: String, device: String = "phone", password: String = "secret", create: Bool = true
    ) -> IMLoginRequest {
        var request = IMLoginRequest()
        request.user = user
        request.device = device
        request.password = password
        request.createIfMissing = create
        return request
    }

    static func sendRequest(_ to: String, _ body: String, id: String, after: String = "") -> IMSendRequest {
        var request = IMSendRequest()
        request.to = to
        request.body = body
        request.clientMessageID = id
        request.afterClientMessageID = after
        return request
    }

    func beginSend(
        _ to: String, _ body: String, id: String, after: String = ""
    ) throws -> Task<CoreHarness.Reply, Never> {
        let body: [UInt8] = try Self.sendRequest(to, body, id: id, after: after).serializedBytes()
        return core.begin(session, principal, UInt32(IMCommand.send.rawValue), body)
    }

    @discardableResult
    func send(_ to: String, _ body: String, id: String) async throws -> IMSendReply {
        let reply = try await core.call(session, principal, .send, Self.sendRequest(to, body, id: id))
        try #require(reply.status == .ok, "\(String(decoding: reply.body, as: UTF8.self))")
        return try reply.decoded()
    }

    func sync(_ key: Data = Data(), window: UInt32 = 0) async throws -> CoreHarness.Reply {
        var request = IMSyncRequest()
        request.key = key
        request.window = window
        return try await core.call(session, principal, .sync, request)
    }

    /// The whole timeline, window by window.
    func timeline(window: UInt32 = 0) async throws -> [IMItem] {
        var items: [IMItem] = []
        var key = Data()
        while true {
            let reply: IMSyncReply = try await sync(key, window: window).decoded()
            items += reply.items
            key = reply.nextKey
            guard reply.more else { return items }
        }
    }

    func read(_ peer: String, upTo seq: UInt64) async throws -> IMStatus {
        var request = IMReadRequest()
        request.peer = peer
        request.upToSeq = seq
        return try await core.call(session, principal, .read, request).status
    }
}
