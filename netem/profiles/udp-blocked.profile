# A company's firewall: TCP passes, no UDP does. 4.4 % of clients could not use QUIC at all, because of blocked UDP or a small MTU (Langley et al.,
# "The QUIC Transport Protocol", SIGCOMM 2017, section 7).
up="delay 20ms 4ms distribution normal loss 0.3% rate 10mbit limit 300"
down="delay 20ms 4ms distribution normal loss 0.3% rate 20mbit limit 500"
udp="blocked"
