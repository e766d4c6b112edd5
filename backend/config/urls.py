"""Every address of the service."""

from django.urls import include, path
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView, SpectacularYAMLAPIView

from backend.catalog.api import OneProblem
from backend.config import health
from backend.directory.admin import operator_site
from backend.directory.oauth_views import server_metadata, smart_configuration

urlpatterns = [
    path("api/v1/", include("backend.clients.urls")),
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("health/work", health.working),
    path("api/v1/openapi.yaml", SpectacularYAMLAPIView.as_view()),
    path("api/v1/openapi.json", SpectacularJSONAPIView.as_view()),
    path("api/docs", SpectacularSwaggerSplitView.as_view(url="/api/v1/openapi.json")),
    path("api/v1/catalog/", include("backend.catalog.urls")),
    path("api/v1/problems/<str:code>", OneProblem.as_view()),
    path("api/v1/", include("backend.attachments.urls")),
    path("api/v1/", include("backend.referrals.urls")),
    path("api/v1/", include("backend.careplans.urls")),
    path("api/v1/", include("backend.notes.urls")),
    path("api/v1/", include("backend.record.urls")),
    path("api/v1/", include("backend.portability.urls")),
    path("api/v1/", include("backend.notifications.urls")),
    path("api/v1/", include("backend.directory.urls")),
    path("oauth/", include("backend.directory.oauth_urls")),
    path(".well-known/oauth-authorization-server", server_metadata),
    path("fhir/R4/.well-known/smart-configuration", smart_configuration),
    path("", include("backend.portal.urls")),
    path("", include("backend.workspace.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", operator_site.urls),
]

handler400 = "backend.config.errors.bad_request"
handler403 = "backend.config.errors.forbidden"
handler404 = "backend.config.errors.not_found"
handler500 = "backend.config.errors.server_error"
