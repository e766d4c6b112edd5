"""The platform operator's view of directory and accounts: reading all of it, changing only who may sign in.

A clinic's rows are changed through the API and the workspace, by the clinic, so that every change leaves an event.
"""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from backend.directory.models import (
    Application,
    Credential,
    Location,
    Member,
    Organization,
    Practitioner,
    PractitionerRole,
    User,
)

operator_site = admin.AdminSite(name="admin")
operator_site.site_header = operator_site.site_title = "Trialogue: directory and accounts"
operator_site.login = secure_admin_login(operator_site.login)  # type: ignore[method-assign]  # the same door for all


class ReadingAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # Django cannot subscript it at runtime
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Organization, site=operator_site)
class OrganizationAdmin(ReadingAdmin):
    list_display = ("name", "time_zone", "created_at")
    search_fields = ("name",)


@admin.register(Location, site=operator_site)
class LocationAdmin(ReadingAdmin):
    list_display = ("name", "organization", "city")
    list_select_related = ("organization",)
    search_fields = ("name", "city")


@admin.register(Practitioner, site=operator_site)
class PractitionerAdmin(ReadingAdmin):
    list_display = ("family_name", "given_name", "created_at")
    search_fields = ("family_name", "given_name")


@admin.register(PractitionerRole, site=operator_site)
class PractitionerRoleAdmin(ReadingAdmin):
    list_display = ("practitioner", "organization", "discipline", "ended_at")
    list_select_related = ("practitioner", "organization")
    list_filter = ("discipline",)


@admin.register(Credential, site=operator_site)
class CredentialAdmin(ReadingAdmin):
    list_display = ("practitioner", "kind", "discipline", "status", "expires_on")
    list_select_related = ("practitioner",)
    list_filter = ("kind", "status")


@admin.register(Member, site=operator_site)
class MemberAdmin(ReadingAdmin):
    list_display = ("user", "organization", "rights", "ended_at")
    list_select_related = ("user", "organization")


@admin.register(Application, site=operator_site)
class ApplicationAdmin(ReadingAdmin):
    list_display = ("name", "organization", "authorization_grant_type", "ended_at")
    list_select_related = ("organization",)
    fields = ("name", "organization", "client_id", "authorization_grant_type", "allowed_scopes", "ended_at")


@admin.register(User, site=operator_site)
class UserAdmin(ReadingAdmin):
    list_display = ("email", "first_name", "last_name", "is_active", "is_staff")
    search_fields = ("email", "last_name")
    fields = ("email", "first_name", "last_name", "is_active", "is_staff", "is_superuser", "last_login")
    readonly_fields = ("email", "first_name", "last_name", "last_login")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return admin.ModelAdmin.has_change_permission(self, request, obj)
