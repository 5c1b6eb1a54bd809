import Foundation
import IMMessages
import IMRouting
import IMSync
import ShardedStore

/// Login with a password. The shard reads, a worker hashes, the shard writes.
extension Core {
    private struct Attempt: Sendable {
        let origin: RequestOrigin
        let principal: Principal
        let password: [UInt8]
        let create: Bool
    }

    private enum Entry: Sendable {
        case entered(StoredDevice, forgotten: [String], created: Bool)
        /// Another login made the account first.
        case exists(StoredAccount)
    }

    func login(_ origin: RequestOrigin, _ request: IMLoginRequest) {
        guard request.token.isEmpty else { return login(origin, token: Array(request.token)) }
        if let refusal = Self.check(request) {
            meters.loginsFailed.add(1)
            return refuse(origin, refusal, nil)
        }
        let attempt = Attempt(
            origin: origin, principal: Principal(user: request.user, device: request.device),
            password: Array(request.password.utf8), create: request.createIfMissing)
        shard(of: request.user).run { transaction, _ in
            try transaction.record(.account(request.user), as: StoredAccount.self)
        } completion: { [self] result, memory in
            switch result {
            case .success(let account?): verify(attempt, against: account, memory)
            case .success(nil): create(attempt, memory)
            case .failure(let error): fail(origin, Refusal(error), memory)
            }
        }
    }

    private static func check(_ request: IMLoginRequest) -> Refusal? {
        guard Names.isUser(request.user) else {
            return Refusal(
                .badRequest,
                "a user name is 1 to 64 bytes of letters, digits, '.', '_', '-' and begins with a letter or a digit")
        }
        guard Names.isDevice(request.device) else {
            return Refusal(.badRequest, "a device name is 1 to 64 printable ASCII characters without spaces")
        }
        guard (1...Names.passwordBytesMax).contains(request.password.utf8.count) else {
            return Refusal(.badRequest, "a password is 1 to \(Names.passwordBytesMax) bytes")
        }
        return nil
    }

    private func verify(_ attempt: Attempt, against account: StoredAccount, _ memory: ShardMemory?) {
        hash(attempt, memory) { [self] in
            switch PasswordHash.verify(attempt.password, against: account) {
            case true?: enter(attempt, creating: nil)
            case false?: fail(attempt.origin, .wrongPassword, nil)
            case nil: fail(attempt.origin, .internal, nil)
            }
        }
    }

    /// Without `create` the work is done all the same, so that time does not tell which names exist.
    private func create(_ attempt: Attempt, _ memory: ShardMemory?) {
        hash(attempt, memory) { [self] in
            guard var account = PasswordHash.make(attempt.password, cost: configuration.passwordCost) else {
                return fail(attempt.origin, .internal, nil)
            }
            guard attempt.create else { return fail(attempt.origin, .wrongPassword, nil) }
            account.createdMs = now
            enter(attempt, creating: account)
        }
    }

    private func hash(_ attempt: Attempt, _ memory: ShardMemory?, _ work: @escaping @Sendable () -> Void) {
        if !workers.submit(work) { fail(attempt.origin, .overloaded, memory) }
    }

    /// The password is right, or the account is new.
    private func enter(_ attempt: Attempt, creating account: StoredAccount?) {
        let user = attempt.principal.user
        guard let generation = SecureRandom.number(), generation != 0 else {
            return fail(attempt.origin, .internal, nil)
        }
        let time = now
        let devicesMax = configuration.devicesPerUserMax
        shard(of: user).run { transaction, _ -> Entry in
            if let account {
                if let other: StoredAccount = try transaction.record(.account(user)) { return .exists(other) }
                try transaction.put(.account(user), record: account)
            }
            var devices = try DeviceList(of: user, in: transaction)
            let (device, forgotten) = try devices.login(
                attempt.principal.device, generation: generation, now: time, devicesMax: devicesMax, in: &transaction)
            try devices.save(in: &transaction)
            return .entered(device, forgotten: forgotten, created: account != nil)
        } completion: { [self] result, memory in
            switch result {
            case .success(.entered(let device, let forgotten, let created)):
                for device in forgotten { expel(Principal(user: user, device: device), memory) }
                if created { meters.accountsCreated.add(1) }
                welcome(
                    attempt.origin, attempt.principal, token: newToken(attempt.principal, device), created: created,
                    memory)
            case .success(.exists(let other)): verify(attempt, against: other, memory)
            case .failure(let error): fail(attempt.origin, Refusal(error), memory)
            }
        }
    }

    func fail(_ origin: RequestOrigin, _ refusal: Refusal, _ memory: ShardMemory?) {
        meters.loginsFailed.add(1)
        refuse(origin, refusal, memory)
    }

    /// - Parameter token: nil when the presented one is good for long yet.
    func welcome(
        _ origin: RequestOrigin, _ principal: Principal, token: StoredToken?, created: Bool, _ memory: ShardMemory?
    ) {
        var reply = IMLoginReply()
        reply.user = principal.user
        reply.device = principal.device
        reply.created = created
        reply.serverTimeMs = now
        if let token {
            guard let signed = signer.sign(token) else { return fail(origin, .internal, memory) }
            reply.token = Data(signed)
            reply.tokenExpiresMs = token.expiresMs
        }
        if let former = origin.principal, former.user != principal.user { detach(origin.session, former) }
        if let memory { attach(origin.session, principal, memory) }
        meters.loginsSucceeded.add(1)
        self.reply(origin, .success(reply), authenticated: principal, memory)
    }
}
