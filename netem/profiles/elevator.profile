# From the lobby into a lift and out again: good, fading, gone, back.
trace="elevator"
