import Glibc

extension NetemLink {
    /// Sine and cosine of a share of a turn.
    static func turn(_ share: Double) -> (Double, Double) {
        let angle = 2 * Double.pi * share
        return (sin(angle), cos(angle))
    }

    /// The radius of a pair of normal numbers, from a uniform one in 0..<1.
    static func radius(_ uniform: Double) -> Double { (-2 * log(1 - uniform)).squareRoot() }
}
