"""What is said of a file where it hangs."""

from django.db.models.functions import JSONObject

# As answers give them.
FACTS = ("id", "name", "media_type", "size", "sha256", "scan_state")
THROUGH_TIE = {name: f"attachment__{name}" for name in FACTS}
OF_TIE = JSONObject(**THROUGH_TIE)
