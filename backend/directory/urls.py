"""Addresses under /api/v1/."""

from django.urls import path

from backend.directory.api import applications, me, members, organizations, practitioner_roles, practitioners

urlpatterns = [
    path("me", me.Me.as_view()),
    path("organizations", organizations.Organizations.as_view()),
    path("organizations/<uuid:pk>", organizations.OneOrganization.as_view()),
    path("locations", organizations.Locations.as_view()),
    path("locations/<uuid:pk>", organizations.OneLocation.as_view()),
    path("practitioners", practitioners.Practitioners.as_view()),
    path("practitioners/<uuid:pk>", practitioners.OnePractitioner.as_view()),
    path("practitioners/<uuid:pk>/credentials", practitioners.Credentials.as_view()),
    path("credentials/<uuid:pk>", practitioners.OneCredential.as_view()),
    path("credentials/<uuid:pk>/verdict", practitioners.CredentialVerdict.as_view()),
    path("practitioner-roles", practitioner_roles.PractitionerRoles.as_view()),
    path("practitioner-roles/match", practitioner_roles.RoleMatch.as_view()),
    path("practitioner-roles/<uuid:pk>", practitioner_roles.OneRole.as_view()),
    path("practitioner-roles/<uuid:pk>/end", practitioner_roles.RoleEnd.as_view()),
    path("practitioner-roles/<uuid:pk>/transmission-agreement", practitioner_roles.TransmissionAgreement.as_view()),
    path("members", members.Members.as_view()),
    path("members/<uuid:pk>", members.OneMember.as_view()),
    path("members/<uuid:pk>/end", members.MemberEnd.as_view()),
    path("applications", applications.Applications.as_view()),
    path("applications/<uuid:pk>", applications.OneApplication.as_view()),
    path("applications/<uuid:pk>/rotate-secret", applications.ApplicationSecret.as_view()),
    path("applications/<uuid:pk>/end", applications.ApplicationEnd.as_view()),
]
