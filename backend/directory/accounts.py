"""Accounts of people, applications of clinic systems, and their tokens (kept as SHA-256 only)."""

import logging
from smtplib import SMTPException
from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.http import HttpRequest
from oauth2_provider.models import (
    AbstractAccessToken,
    AbstractApplication,
    AbstractDeviceGrant,
    AbstractGrant,
    AbstractIDToken,
    AbstractRefreshToken,
    ApplicationManager,
)

from backend.directory import sign_in
from backend.lib.ids import uuid7
from backend.lib.problems import Unavailable

log = logging.getLogger(__name__)


class UserManager(BaseUserManager["User"]):
    use_in_migrations = True

    def create_user(self, email: str, password: str | None = None, **extra: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **extra)
        user.set_password(password)
        user.save()
        return user

    def create_superuser(self, email: str, password: str | None = None, **extra: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **extra)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractUser):
    """One account is one person; the e-mail address is how they sign in."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    username = None  # type: ignore[assignment]  # people sign in with their address
    email = models.EmailField(unique=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]  # AbstractUser's manager wants a username

    def __str__(self) -> str:
        return self.get_full_name() or self.email


class Application(AbstractApplication):
    """A clinic's own system, or a person's tool, that calls the API."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    organization = models.ForeignKey(
        "directory.Organization", on_delete=models.PROTECT, null=True, related_name="applications"
    )
    allowed_scopes = models.TextField(blank=True)
    version = models.IntegerField(default=1)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = ApplicationManager()

    class Meta(AbstractApplication.Meta):
        abstract = False

    def natural_key(self) -> tuple[str]:
        return (self.client_id,)

    def is_usable(self, request: Any) -> bool:
        """Asked by the toolkit before any token is made."""
        return self.ended_at is None


class AccessToken(AbstractAccessToken):
    """A bearer token. A person's token acts as one member of one organization."""

    member = models.ForeignKey("directory.Member", on_delete=models.CASCADE, null=True, related_name="tokens")

    class Meta(AbstractAccessToken.Meta):
        abstract = False


class RefreshToken(AbstractRefreshToken):
    class Meta(AbstractRefreshToken.Meta):
        abstract = False


class Grant(AbstractGrant):
    class Meta(AbstractGrant.Meta):
        abstract = False


class IDToken(AbstractIDToken):
    class Meta(AbstractIDToken.Meta):
        abstract = False


class DeviceGrant(AbstractDeviceGrant):
    class Meta(AbstractDeviceGrant.Meta):
        abstract = False


class SignInFailures(models.Model):
    """How often signing in failed lately, for one account or network; ``key`` is a keyed hash of which."""

    key = models.CharField(max_length=64, primary_key=True)
    failures = models.IntegerField()
    not_before = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.failures} failures"


class AccountAdapter(DefaultAccountAdapter):
    """Anybody may sign up; an account sees nothing until a clinic makes it a member or it opens its own."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return True

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Nobody waits for a mail that did not leave: what asked for it fails, and says so."""
        try:
            super().send_mail(template_prefix, email, context)
        except (SMTPException, OSError) as error:
            log.exception("a mail about an account was not sent")
            raise Unavailable(
                "The mail could not be sent. Nothing was saved; please try again in a few minutes.",
                code="mail_not_sent",
            ) from error

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Refuses a password that comes too soon after too many wrong ones."""
        super().pre_authenticate(request, **credentials)
        email, address = str(credentials.get("email", "")), self.get_client_ip(request)
        if not sign_in.count_try(email, address):
            raise self.validation_error("too_many_login_attempts")

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        user: AbstractBaseUser | None = super().authenticate(request, **credentials)
        email, address = str(credentials.get("email", "")), self.get_client_ip(request)
        if user is not None:
            sign_in.take_back_try(email, address)
        else:  # counted already, and once more when this answer rolls that back
            request.after_refusal.append(lambda: sign_in.count_try(email, address))  # type: ignore[attr-defined]  # set by OneTransactionMiddleware
        return user
