"""Slows down guessing passwords, second factors and secrets of applications."""

from django.http import HttpRequest

from backend.directory.failures import Limit, address_of, network_of

MOST_OF_ACCOUNT, MOST_OF_NETWORK, MOST_OF_CODE, MOST_OF_SECRETS = 5, 20, 5, 20
ACCOUNT, NETWORK = Limit("account", MOST_OF_ACCOUNT), Limit("network", MOST_OF_NETWORK)
# A second factor is asked of who gave the password, so that nobody locks out a stranger.
SECOND_FACTOR = Limit("second factor", MOST_OF_CODE)
# By address and not by application, whose name is no secret: nobody locks out a clinic's system from elsewhere.
SECRETS = Limit("secrets", MOST_OF_SECRETS)


def count_try(email: str, address: str) -> bool:
    """Counts a try as a failure, before the password is looked at. False: it is too early for another one."""
    return ACCOUNT.count(_account(email)) and NETWORK.count(network_of(address))


def take_back_try(email: str, address: str) -> None:
    """The password was right: the account's failures are forgotten, its network has one less."""
    ACCOUNT.forget(_account(email))
    NETWORK.take_back(network_of(address))


def check_secrets(request: HttpRequest) -> None:
    """429 while too many secrets of applications were wrong from this address."""
    SECRETS.check(address_of(request))


def count_secret(request: HttpRequest) -> None:
    """An application's secret was wrong; for the transaction after the refusal."""
    SECRETS.count(address_of(request))


def _account(email: str) -> str:
    return email.strip().lower()
