"""The forms that ask for the second factor: a wrong code counts in every process."""

from collections.abc import Callable
from uuid import UUID

from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm

from backend.directory.sign_in import SECOND_FACTOR


class SignInCode(AuthenticateForm):  # type: ignore[misc]  # the library ships no types
    def clean_code(self) -> str:
        return right_code(self.user.pk, super().clean_code)


class CodeAgain(ReauthenticateForm):  # type: ignore[misc]  # the library ships no types
    def clean_code(self) -> str:
        return right_code(self.user.pk, super().clean_code)


def right_code(user_id: UUID, look: Callable[[], str]) -> str:
    """Counts a code as wrong before it is looked at. 429 when that is too early."""
    SECOND_FACTOR.count_or_refuse(str(user_id))
    code = look()
    SECOND_FACTOR.forget(str(user_id))
    return code
