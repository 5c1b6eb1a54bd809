# A café's or campus's 2.4 GHz cell: the median fine, the tail long. Half of the packets meet more than 20 ms on the Wi-Fi hop, a tenth more than
# 100 ms (Pei et al., "WiFi Can Be the Weakest Link of Round Trip Network Latency in the Wild", INFOCOM 2016), the 99th percentile is 250 ms (Sui et
# al., MobiSys 2016). A Pareto tail over 20 ms each way, plus 10 ms of fixed network; link-layer retries leave a few percent of loss, in runs.
up="delay 30ms 25ms distribution paretonormal loss gemodel 2% 30% 50% 0.5% rate 3mbit limit 200"
down="delay 30ms 25ms distribution paretonormal loss gemodel 2% 30% 50% 0.5% rate 8mbit limit 300"
