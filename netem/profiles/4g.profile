# A good LTE cell: 70 ms round trip, little loss, the down link faster than the up link.
up="delay 35ms 8ms distribution normal loss 1% rate 10mbit"
down="delay 35ms 8ms distribution normal loss 1% rate 20mbit"
