"""Maps an IP address to the network by which attempts are counted: the /64 of an IPv6 address."""

from __future__ import annotations

from ipaddress import IPv6Address, IPv6Network, ip_address

IPV6_CUSTOMER_BITS = 64  # no customer gets less, and one machine may use any address within


def network_of(address: str) -> str:
    """An IPv6 `address` as its /64, everything else as it is."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((int(parsed), IPV6_CUSTOMER_BITS), strict=False))
