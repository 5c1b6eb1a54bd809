# A metro line with cells in the stations only: bursts while the train leaves, nothing in the tunnel, by timetable.
trace="subway"
