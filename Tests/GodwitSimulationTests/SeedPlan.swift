import Glibc

/// Which seeds this run lives through, from the environment: `GODWIT_SIM_SEEDS` (how many, 1,000 unless said otherwise),
/// `GODWIT_SIM_SEED` (just this one, and tell about it).
struct SeedPlan: Sendable {
    /// Seeds are spread over so many test cases, which run at the same time.
    static let shareCount: UInt64 = 4

    let seeds: Range<UInt64>
    let isReplay: Bool

    static let current: SeedPlan = {
        if let seed = number("GODWIT_SIM_SEED"), seed < .max {
            return SeedPlan(seeds: seed..<(seed + 1), isReplay: true)
        }
        return SeedPlan(seeds: 0..<(number("GODWIT_SIM_SEEDS") ?? 1_000), isReplay: false)
    }()

    /// Every fourth seed, beginning with `share`.
    func seeds(of share: UInt64) -> [UInt64] {
        seeds.filter { $0 % Self.shareCount == share }
    }

    private static func number(_ name: String) -> UInt64? {
        guard let text = getenv(name) else { return nil }
        return UInt64(String(cString: text))
    }
}
