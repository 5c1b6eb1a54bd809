# A carrier that polices UDP: 0.3 % of QUIC's clients met rate limits on UDP (Langley et al., SIGCOMM 2017, section 7); loss grows with the rate.
# 32 kbit/s with a burst of four packets carries a chat but no picture; TCP has the whole link.
up="delay 35ms 8ms distribution normal loss 1% rate 10mbit limit 300"
down="delay 35ms 8ms distribution normal loss 1% rate 20mbit limit 500"
udp="throttled 32kbit burst 6000"
