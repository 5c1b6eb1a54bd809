import IMMessages
import IMRouting
import IMSync
import ShardedStore

/// Login with a token, and its end: logout.
extension Core {
    /// A login writes that the device was seen when the last such note is older than this.
    private static let seenMilliseconds: UInt64 = 24 * 3_600 * 1_000

    func newToken(_ principal: Principal, _ device: StoredDevice) -> StoredToken {
        var token = StoredToken()
        token.user = principal.user
        token.device = principal.device
        token.generation = device.generation
        token.issuedMs = now
        token.expiresMs = token.issuedMs &+ UInt64(clamping: configuration.tokenLifeSeconds) &* 1_000
        return token
    }

    func login(_ origin: RequestOrigin, token bytes: [UInt8]) {
        let time = now
        guard let token = signer.verify(bytes), time < token.expiresMs else {
            return fail(origin, .loginAgain, nil)
        }
        let principal = Principal(user: token.user, device: token.device)
        shard(of: token.user).run { transaction, _ -> StoredDevice in
            var devices = try DeviceList(of: token.user, in: transaction)
            guard let device = devices.find(token.device), device.generation == token.generation, !device.loggedOut
            else { throw Refusal.loginAgain }
            if time > device.seenMs, time - device.seenMs > Self.seenMilliseconds {
                devices.seen(token.device, now: time)
                try devices.save(in: &transaction)
            }
            return device
        } completion: { [self] result, memory in
            guard case .success(let device) = result else { return fail(origin, Refusal(result), memory) }
            let half = token.issuedMs + (token.expiresMs - min(token.issuedMs, token.expiresMs)) / 2
            welcome(
                origin, principal, token: time < half ? nil : newToken(principal, device), created: false, memory)
        }
    }

    func logout(_ origin: RequestOrigin, _ principal: Principal) {
        shard(of: principal.user).run { transaction, _ in
            var devices = try DeviceList(of: principal.user, in: transaction)
            devices.logout(principal.device)
            try devices.save(in: &transaction)
        } completion: { [self] result, memory in
            guard case .success = result else { return refuse(origin, Refusal(result), memory) }
            reply(origin, .success(IMLogoutReply()), memory)
            expel(principal, memory)
        }
    }
}
