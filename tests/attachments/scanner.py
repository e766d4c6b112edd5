"""A scanner that flags the test string all scanners flag."""

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
shown: list[bytes] = []


def is_clean(content: bytes) -> bool:
    shown.append(content)
    return EICAR not in content


def is_away(content: bytes) -> bool:
    raise ConnectionRefusedError
