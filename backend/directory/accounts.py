"""Accounts of people, applications of clinic systems, and their tokens (kept as SHA-256 only)."""

from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.base_user import BaseUserManager
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

from backend.lib.ids import uuid7


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


class AccountAdapter(DefaultAccountAdapter):
    """Anybody may sign up; an account sees nothing until a clinic makes it a member or it opens its own."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return True
