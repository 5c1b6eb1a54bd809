import Foundation
import IMMessages
import IMRouting
import SwiftProtobuf
import Synchronization
import Testing

@testable import IMService

@Suite("Login")
struct LoginTests {
    private func login(_ core: CoreHarness, _ request: IMLoginRequest) async throws -> CoreHarness.Reply {
        try await core.call(Person.newSession(), nil, .login, request)
    }

    private func login(_ core: CoreHarness, token: Data) async throws -> CoreHarness.Reply {
        var request = IMLoginRequest()
        request.token = token
        return try await login(core, request)
    }

    @Test("the first login makes the account, the next finds it, also after a restart")
    func create() async throws {
        let core = try CoreHarness()
        let first: IMLoginReply = try await login(core, Person.loginRequest("anna")).decoded()
        #expect(first.created && first.user == "anna" && first.device == "phone" && !first.token.isEmpty)
        let second: IMLoginReply = try await login(core, Person.loginRequest("anna")).decoded()
        #expect(!second.created)
        try core.restart()
        let third: IMLoginReply = try await login(core, Person.loginRequest("anna", create: false)).decoded()
        #expect(!third.created)
    }

    @Test("a wrong password and an unknown name get the same answer")
    func wrong() async throws {
        let core = try CoreHarness()
        _ = try await Person("anna", on: core)
        let wrong = try await login(core, Person.loginRequest("anna", password: "Secret"))
        let unknown = try await login(core, Person.loginRequest("bert", create: false))
        #expect(wrong.status == .wrongPassword && unknown.status == .wrongPassword)
        #expect(wrong.body == unknown.body && wrong.authenticated == nil)
        #expect(core.counters.loginsFailed == 2 && core.counters.loginsSucceeded == 1)
    }

    @Test("of logins that race to make an account one makes it, and the others are let in or not by its password")
    func race() async throws {
        let core = try CoreHarness { $0.passwordThreads = 4 }
        let tasks = try (0..<12).map { number in
            let request = Person.loginRequest("anna", device: "d\(number)", password: number < 6 ? "one" : "two")
            return core.begin(Person.newSession(), nil, 16, try request.serializedBytes())
        }
        var created = 0
        var entered = 0
        for task in tasks {
            let reply = await task.value
            guard reply.status == .ok else {
                #expect(reply.status == .wrongPassword)
                continue
            }
            entered += 1
            if try reply.decoded(IMLoginReply.self).created { created += 1 }
        }
        #expect(created == 1 && entered == 6)
    }

    @Test("a token logs in after a restart, and a young one is not replaced")
    func token() async throws {
        let core = try CoreHarness()
        let first: IMLoginReply = try await login(core, Person.loginRequest("anna", device: "tablet")).decoded()
        try core.restart()
        let reply = try await login(core, token: first.token)
        #expect(reply.authenticated == Principal(user: "anna", device: "tablet"))
        #expect(try reply.decoded(IMLoginReply.self).token.isEmpty)
    }

    @Test("a token in the second half of its life is replaced, and an expired one refused")
    func tokenAges() async throws {
        let clock = SettableClock(1_800_000_000_000)
        let core = try CoreHarness { $0.clock = { clock.now } }
        let first: IMLoginReply = try await login(core, Person.loginRequest("anna")).decoded()
        clock.advance(seconds: 20 * 24 * 3_600)
        let second: IMLoginReply = try await login(core, token: first.token).decoded()
        #expect(!second.token.isEmpty && second.tokenExpiresMs > first.tokenExpiresMs)
        clock.advance(seconds: 11 * 24 * 3_600)
        #expect(try await login(core, token: first.token).status == .unauthenticated)
        #expect(try await login(core, token: second.token).status == .ok)
    }

    @Test("a token with any bit flipped is no token")
    func tampered() throws {
        let signer = TokenSigner(keyID: 1, key: Array(1...32))
        var content = StoredToken()
        content.user = "anna"
        content.device = "phone"
        content.expiresMs = 1_900_000_000_000
        let token = try #require(signer.sign(content))
        #expect(signer.verify(token) == content)
        for bit in 0..<token.count * 8 {
            var forged = token
            forged[bit / 8] ^= 1 << (bit % 8)
            #expect(signer.verify(forged) == nil)
        }
        for length in 0..<token.count { #expect(signer.verify(Array(token.prefix(length))) == nil) }
        #expect(signer.verify(token + [0]) == nil)
        #expect(TokenSigner(keyID: 1, key: Array(2...33)).verify(token) == nil)
    }

    @Test("garbage and a forged token are refused by the core")
    func forged() async throws {
        let core = try CoreHarness()
        var token = try await login(core, Person.loginRequest("anna")).decoded(IMLoginReply.self).token
        token[token.count / 2] ^= 1
        #expect(try await login(core, token: token).status == .unauthenticated)
        #expect(try await login(core, token: Data(count: 10_000)).status == .unauthenticated)
    }

    @Test("a logout revokes the device's tokens and tells its other sessions; other devices stay")
    func logout() async throws {
        let core = try CoreHarness()
        let token = try await login(core, Person.loginRequest("anna")).decoded(IMLoginReply.self).token
        let phone = try await Person("anna", on: core)
        let phoneAgain = try await Person("anna", on: core)
        let tablet = try await Person("anna", device: "tablet", on: core)
        let reply = try await core.call(phone.session, phone.principal, .logout, IMLogoutRequest())
        #expect(reply.status == .ok)
        #expect(try await login(core, token: token).status == .unauthenticated)
        #expect(core.loggedOut.isSuperset(of: [phone.session, phoneAgain.session]))
        #expect(!core.loggedOut.contains(tablet.session))
        #expect(try await login(core, Person.loginRequest("anna")).status == .ok)
        #expect(try await login(core, token: token).status == .unauthenticated)
    }

    @Test("beyond the limit of devices the one unseen longest is forgotten, with its token")
    func devices() async throws {
        let clock = SettableClock(1_800_000_000_000)
        let core = try CoreHarness {
            $0.devicesPerUserMax = 2
            $0.clock = { clock.now }
        }
        var tokens: [Data] = []
        for number in 1...3 {
            clock.advance(seconds: 1)
            tokens.append(
                try await login(core, Person.loginRequest("anna", device: "d\(number)")).decoded(IMLoginReply.self)
                    .token)
        }
        #expect(try await login(core, token: tokens[0]).status == .unauthenticated)
        #expect(try await login(core, token: tokens[1]).status == .ok)
        #expect(try await login(core, token: tokens[2]).status == .ok)
    }

    @Test(
        "names and passwords outside the rules are refused with the rule",
        arguments: [
            Person.loginRequest(""), Person.loginRequest("-anna"), Person.loginRequest("an na"),
            Person.loginRequest("anna\n"), Person.loginRequest("e\u{301}va"), Person.loginRequest("😀"),
            Person.loginRequest(String(repeating: "a", count: 65)), Person.loginRequest("anna", device: ""),
            Person.loginRequest("anna", device: "my phone"), Person.loginRequest("anna", password: ""),
            Person.loginRequest("anna", password: String(repeating: "x", count: 1_025)),
        ])
    func rules(request: IMLoginRequest) async throws {
        let core = try CoreHarness(shardCount: 1)
        let reply = try await login(core, request)
        #expect(reply.status == .badRequest && !reply.body.isEmpty)
    }

    @Test("names in any script are welcome", arguments: ["éva", "李雷", "नेहा", "u1", "a.b_c-d", "7up"])
    func scripts(name: String) {
        #expect(Names.isUser(name))
    }

    @Test("when the hashing threads have too much to do, logins are refused and each is answered")
    func overloaded() async throws {
        let core = try CoreHarness {
            $0.passwordCost = PasswordCost(log2N: 10, blockSize: 8, parallelism: 1)
            $0.passwordThreads = 1
            $0.passwordQueueMax = 1
        }
        let tasks = try (0..<40).map { number in
            core.begin(Person.newSession(), nil, 16, try Person.loginRequest("user\(number)").serializedBytes())
        }
        var statuses: [IMStatus: Int] = [:]
        for task in tasks { statuses[await task.value.status, default: 0] += 1 }
        #expect(Set(statuses.keys).isSubset(of: [.ok, .overloaded]))
        #expect(statuses[.ok, default: 0] >= 1)
    }

    @Test("a cost out of range does not start")
    func cost() {
        #expect(throws: IMServiceError.self) {
            _ = try CoreHarness { $0.passwordCost = PasswordCost(log2N: 40, blockSize: 8, parallelism: 1) }
        }
    }
}

/// Wall time that a test moves.
final class SettableClock: Sendable {
    private let milliseconds: Mutex<UInt64>

    init(_ milliseconds: UInt64) {
        self.milliseconds = Mutex(milliseconds)
    }

    var now: UInt64 { milliseconds.withLock { $0 } }

    func advance(seconds: UInt64) {
        milliseconds.withLock { $0 += seconds * 1_000 }
    }
}
