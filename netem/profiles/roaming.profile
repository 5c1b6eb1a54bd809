# LTE abroad, routed home: a continent away adds more than the 60 ms that roaming costs inside Europe (Mandalari et al., "Experience: Implications
# of Roaming in Europe", MobiCom 2018); here 120 ms each way, throttled as a cheap bundle is, with loss of a busy foreign cell.
up="delay 120ms 25ms distribution normal loss 2% rate 512kbit limit 150"
down="delay 120ms 25ms distribution normal loss 2% rate 1mbit limit 200"
