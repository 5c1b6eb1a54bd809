/// RFC 3339 text of a wall-clock time, always in UTC.
package enum UTCTime {
    /// The civil date from a day number, after Howard Hinnant's `civil_from_days`.
    package static func format(secondsSince1970: Int64) -> String {
        // Year 1 to year 9999: outside of it the text would not be RFC 3339.
        let seconds = min(max(secondsSince1970, -62_135_596_800), 253_402_300_799)
        let secondsPerDay: Int64 = 86_400
        let secondOfDay = ((seconds % secondsPerDay) + secondsPerDay) % secondsPerDay
        let shifted = (seconds - secondOfDay) / secondsPerDay + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return pad(year, 4) + "-" + pad(month, 2) + "-" + pad(day, 2) + "T" + pad(secondOfDay / 3_600, 2) + ":"
            + pad(secondOfDay / 60 % 60, 2) + ":" + pad(secondOfDay % 60, 2) + "Z"
    }

    private static func pad(_ value: Int64, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
