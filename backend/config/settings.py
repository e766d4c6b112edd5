"""All settings; the environment is read here and nowhere else."""

from pathlib import Path
from typing import Any

import dj_database_url
import pghistory
from csp.constants import NONE, SELF

from backend.lib import env

BASE_DIR = Path(__file__).resolve().parent.parent.parent
VAR_DIR = BASE_DIR / "var"

# "live" holds real people's data; "sandbox" has a clock that can be moved, a mailbox page and demo people.
MODE = env.choice("TRIALOGUE_MODE", ("live", "sandbox"), default="sandbox")
SANDBOX = MODE == "sandbox"
SECRET_KEY = env.secret("SECRET_KEY", fallback="not-for-live-use-" * 4 if SANDBOX else None)
DEBUG = env.boolean("DEBUG", default=False)
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "testserver", "[::1]"])
BASE_URL = env.text("BASE_URL", default="http://127.0.0.1:8000")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "backend.demo",
    "backend.workspace",
    "backend.portal",
    "backend.notifications",
    "backend.portability",
    "backend.record",
    "backend.referrals",
    "backend.notes",
    "backend.visits",
    "backend.careplans",
    "backend.attachments",
    "backend.links",
    "backend.clients",
    "backend.catalog",
    "backend.directory",
    "backend.audit",
    "backend.lib",
    "pgtrigger",
    "pghistory",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.admin",
    "django.contrib.humanize",  # the account pages' templates load it
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "oauth2_provider",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "csp",
]

MIDDLEWARE = [
    "backend.lib.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "backend.lib.middleware.DatabaseDownMiddleware",
    "backend.config.errors.ProblemMiddleware",
    "backend.directory.middleware.OneTransactionMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "backend.directory.middleware.ActorMiddleware",
    "backend.directory.middleware.RateLimitMiddleware",
    "backend.audit.middleware.RefusalsMiddleware",
    "backend.audit.middleware.IdempotencyMiddleware",
]

ROOT_URLCONF = "backend.config.urls"
WSGI_APPLICATION = "backend.config.wsgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "backend.workspace.context.workspace",
            ],
        },
    },
]

# DATABASE_URL is the app role's; migrations run with the owner's (see backend/README.md).
DATABASES: dict[str, Any] = {
    "default": {
        **dj_database_url.parse(
            env.text("DATABASE_URL", default="postgres://trialogue_app@127.0.0.1:5432/trialogue"),
            # Kept for ever; a request's first statement notices a connection that died (directory/middleware.py).
            conn_max_age=None,
        ),
        "DISABLE_SERVER_SIDE_CURSORS": True,
    }
}
DATABASES["default"].setdefault("OPTIONS", {})["options"] = (
    "-c synchronous_commit=on -c lock_timeout=5s -c statement_timeout=30s -c idle_in_transaction_session_timeout=30s"
    # Prepared statements (lib/prepared.py) are planned once, not for each set of values.
    " -c plan_cache_mode=force_generic_plan"
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Histories (lib/history.py): the moment of the change, not of its transaction; an index only where one is read.
PGHISTORY_CREATED_AT_FUNCTION = "clock_timestamp()"
PGHISTORY_FOREIGN_KEY_FIELD = pghistory.ForeignKey(db_index=False)

AUTH_USER_MODEL = "directory.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/inbox"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none" if SANDBOX else "mandatory"
ACCOUNT_ADAPTER = "backend.directory.accounts.AccountAdapter"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_RATE_LIMITS: dict[str, str] | bool = {"login_failed": "5/m/ip,5/5m/key"}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_FORMS = {
    "authenticate": "backend.directory.second_factor.SignInCode",
    "reauthenticate": "backend.directory.second_factor.CodeAgain",
}
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = SANDBOX

SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_IDLE_SECONDS = env.integer("SESSION_IDLE_SECONDS", default=15 * 60 if not SANDBOX else 12 * 60 * 60)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not SANDBOX
CSRF_FAILURE_VIEW = "backend.config.errors.old_form"
# Live answers by TLS only, which the proxy in front ends (BEHIND_PROXY); probes of the machine itself may come without.
SECURE_SSL_REDIRECT = env.boolean("SSL_REDIRECT", default=not SANDBOX)
SECURE_REDIRECT_EXEMPT = [r"^health/"]
SECURE_HSTS_SECONDS = 0 if SANDBOX else 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not SANDBOX
BEHIND_PROXY = env.boolean("BEHIND_PROXY", default=False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
# How many proxies add to X-Forwarded-For, so that limits count a caller's address and not a proxy's.
ALLAUTH_TRUSTED_PROXY_COUNT = env.integer("PROXIES", default=int(BEHIND_PROXY))
# Nothing to any other site. Not "no-referrer": browsers then send "Origin: null" with our own forms, and CSRF refuses them.
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

OAUTH2_PROVIDER_APPLICATION_MODEL = "directory.Application"
OAUTH2_PROVIDER_ACCESS_TOKEN_MODEL = "directory.AccessToken"  # noqa: S105 - the name of a model
OAUTH2_PROVIDER_REFRESH_TOKEN_MODEL = "directory.RefreshToken"  # noqa: S105 - the name of a model
OAUTH2_PROVIDER_GRANT_MODEL = "directory.Grant"
OAUTH2_PROVIDER_ID_TOKEN_MODEL = "directory.IDToken"  # noqa: S105 - the name of a model
OAUTH2_PROVIDER_DEVICE_GRANT_MODEL = "directory.DeviceGrant"
SCOPED_RESOURCES = (
    "clients",
    "referrals",
    "care-plans",
    "notes",
    "visits",
    "outcomes",
    "directory",
    "events",
    "webhooks",
)
SCOPES = {
    **{f"{name}:{right}": f"{right} {name}" for name in SCOPED_RESOURCES for right in ("read", "write")},
    "notes:transmit": "deliver what a practitioner signed in their own software",
}
OAUTH2_PROVIDER = {
    "SCOPES": SCOPES,
    "ACCESS_TOKEN_EXPIRE_SECONDS": 600,
    "REFRESH_TOKEN_EXPIRE_SECONDS": 30 * 24 * 3600,
    "ROTATE_REFRESH_TOKEN": True,
    "PKCE_REQUIRED": True,
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https"] if not SANDBOX else ["https", "http"],
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
    "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
    "COMPLIANT_BCP_RFC9700_REFRESH_TOKEN": True,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "OAUTH2_VALIDATOR_CLASS": "backend.directory.oauth.Validator",
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["backend.lib.rest.authentication.RequestActorAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["backend.lib.rest.permissions.CallerIsKnown"],
    "DEFAULT_PARSER_CLASSES": ["backend.lib.parsing.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["backend.lib.rest.renderers.Json"],
    "DEFAULT_SCHEMA_CLASS": "backend.lib.rest.schema.OperationSchema",
    "EXCEPTION_HANDLER": "backend.lib.rest.problems.as_problem_response",
    "UNAUTHENTICATED_USER": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Trialogue",
    "DESCRIPTION": "Referrals between clinics, from the question to the report that was read.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": [],
    "SERVE_AUTHENTICATION": [],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "ScanStateEnum": "backend.attachments.models.Attachment.ScanState",
        "AgreementAnswerEnum": "backend.careplans.models.Agreement.Answer",
        "ApplicationKindEnum": ["system", "tool"],
        "CarePlanStateEnum": "backend.careplans.models.CarePlan.State",
        "ClientStatusEnum": "backend.clients.models.Client.Status",
        "ConsentCategoryEnum": "backend.clients.models.Consent.Category",
        "ConsentMethodEnum": "backend.clients.models.Consent.Method",
        "RecordedConsentMethodEnum": ["in_person", "paper", "verbal"],
        "ByEnum": ["client", "recipient"],
        "VisitCancelledByEnum": ["client", "clinic"],
        "CredentialKindEnum": "backend.directory.models.Credential.Kind",
        "CredentialStatusEnum": "backend.directory.models.Credential.Status",
        "DecisionAnswerEnum": "backend.careplans.models.Decision.Answer",
        "GoalStateEnum": "backend.careplans.models.Goal.State",
        "InForceStateEnum": ["in_force", "waiting_for_agreement"],
        "InterventionEndedReasonEnum": "backend.careplans.models.Intervention.EndedReason",
        "InterventionStateEnum": "backend.careplans.models.Intervention.State",
        "PlanErrorReasonEnum": "backend.careplans.models.ErrorReason",
        "ProblemStateEnum": "backend.careplans.models.Problem.State",
        "ProposalAboutEnum": "backend.careplans.models.Proposal.About",
        "ProposalKindEnum": "backend.careplans.models.Proposal.Kind",
        "ProposalStateEnum": "backend.careplans.models.Proposal.State",
        "ReasonToEndEnum": "backend.careplans.inputs.REASONS_TO_END",
        "NoteKindEnum": "backend.notes.models.Note.Kind",
        "NoteStateEnum": "backend.notes.models.Note.State",
        "NoteVisibilityEnum": "backend.notes.models.Note.Visibility",
        "NoteSectionEnum": "backend.notes.models.SectionName",
        "NotePartEnum": "backend.notes.inputs.COPIED_PARTS",
        "FindingKindEnum": "backend.notes.models.Finding.Kind",
        "AskKindEnum": "backend.notes.models.Ask.Kind",
        "AddendumReasonEnum": "backend.notes.models.Addendum.Reason",
        "InErrorInputReasonEnum": "backend.notes.inputs.ERROR_REASONS",
        "NoteSignatureKindEnum": "backend.notes.models.Signature.Kind",
        "RegionSideEnum": ["left", "right", "midline", "bilateral"],
        "RelationshipEnum": "backend.clients.models.Representative.Relationship",
        "InErrorReasonEnum": "backend.referrals.models.content.CanBeInError.Reason",
        "ReferralKindEnum": "backend.referrals.models.Referral.Kind",
        "ReportOutcomeEnum": "backend.referrals.models.Report.Outcome",
        "RightEnum": "backend.directory.models.Member.Right",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "PREPROCESSING_HOOKS": ["backend.lib.rest.schema.only_the_api"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "backend.lib.rest.schema.name_transitions",
        "backend.config.schema.add_examples",
        "backend.lib.rest.schema.describe_problems",
    ],
}
# Requests per minute and caller.
RATE_LIMIT_PER_MINUTE = env.integer("RATE_LIMIT_PER_MINUTE", default=12_000 if SANDBOX else 600)
MAX_JSON_BYTES = 1_000_000
DATA_UPLOAD_MAX_MEMORY_SIZE = 12_000_000
ATTACHMENT_MAX_BYTES = 10_000_000
# The dotted path of a function that says whether bytes are clean, such as backend.attachments.clamd.is_clean; empty: none.
ATTACHMENT_SCANNER = env.text("ATTACHMENT_SCANNER", default="")
CLAMD_ADDRESS = env.text("CLAMD_ADDRESS", default="127.0.0.1:3310")

EMAIL_BACKEND = env.text(
    "EMAIL_BACKEND",
    default="backend.notifications.sandbox.MailboxBackend"
    if SANDBOX
    else "django.core.mail.backends.smtp.EmailBackend",
)
EMAIL_HOST = env.text("EMAIL_HOST", default="localhost")
EMAIL_PORT = env.integer("EMAIL_PORT", default=25)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD", default="")
EMAIL_USE_TLS = env.boolean("EMAIL_USE_TLS", default=False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", default="Trialogue <no-reply@trialogue.invalid>")
# Mails wait so long before they leave, so that what is taken back within it sends nothing.
MAIL_HOLD_SECONDS = env.integer("MAIL_HOLD_SECONDS", default=60)

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
APPEND_SLASH = False
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = SANDBOX
WHITENOISE_AUTOREFRESH = False
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
CATALOG_DIRS = [BASE_DIR / "backend" / "catalog" / "data"]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request": {"()": "backend.lib.logs.RequestFilter"}},
    "formatters": {"line": {"()": "backend.lib.logs.SafeFormatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["request"]}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "backend": {"level": "INFO"},
        "django": {"handlers": [], "level": "WARNING", "propagate": True},
        "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
    },
}
