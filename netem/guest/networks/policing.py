"""Networks that treat UDP worse than TCP: all of it dropped, or all beyond a rate. By tc at the router's two entrances."""

from .commands import run


async def police_udp(router, policy):
    """`policy` is ("blocked",) or ("throttled", rate, burst bytes), each direction its own."""
    if policy[0] == "blocked":
        action = "action drop"
    else:
        _, rate, burst = policy
        action = f"action police rate {rate} burst {burst} conform-exceed drop"
    lines = []
    for device in ("in", "out"):
        lines.append(f"qdisc replace dev {device} ingress")
        lines.append(f"filter replace dev {device} parent ffff: protocol ip prio 1 u32 match ip protocol 17 0xff {action}")
    await run("tc", "-n", router, "-batch", "-", lines=lines)
