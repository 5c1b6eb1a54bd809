# A moving phone: Gilbert-Elliott loss. 4 % of packets begin a burst that loses 90 %; it ends with 20 % a packet.
up="delay 60ms 15ms distribution normal loss gemodel 4% 20% 90% 1% rate 2mbit"
down="delay 60ms 15ms distribution normal loss gemodel 4% 20% 90% 1% rate 2mbit"
