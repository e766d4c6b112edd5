"""What the views of this app share: the plan in the address, logged looks, one row as its reader sees it."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db.models import Model
from rest_framework.response import Response

from backend.careplans import policies, queries, rendering
from backend.careplans.models import CarePlan, Proposal, TeamMember
from backend.lib.problems import NotFound
from backend.lib.querysets import id_or_404
from backend.lib.rest.views import View

CLOSED = 0
"""The version in the ETag of a plan that is closed to its reader, who learns nothing of its versions."""


class PlanView(View):
    scope_resource = "care-plans"
    named: ClassVar[Mapping[str, type[Model]]] = {
        "plan_id": CarePlan,
        "proposal_id": Proposal,
        "membership_id": TeamMember,
    }

    def read(self, plan_id: str, *, clinical: bool = False) -> dict[str, Any]:
        """The plan in the address: 404 when not visible, then 403 by role."""
        row = queries.one_row(plan_id, self.actor)
        check = policies.check_reads_clinical if clinical else policies.check_reads
        check(self.actor)
        return row

    def looked_at(self, plan_id: str, *, clinical: bool = False) -> dict[str, Any]:
        """As ``read``, and the look is logged when it goes across organizations."""
        row = self.read(plan_id, clinical=clinical)
        queries.log_looks_at(self.actor, [row])
        return row

    def whole(self, plan_id: Any, *, status: int = 200) -> Response:
        """One plan with everything in it."""
        body = rendering.detail(self.looked_at(plan_id), self.actor)
        return self.answer(body, version=body.get("version", CLOSED), status=status, subject=CarePlan(id=body["id"]))

    def in_error(self, plan_id: str) -> Response:
        """That the plan was entered in error: the answer to whoever said so."""
        row = queries.one_row(plan_id, self.actor)
        return self.answer(rendering.in_error(row, self.actor), version=row["version"], subject=CarePlan(id=row["id"]))

    def found(self, kind: str, plan: Mapping[str, Any], row_id: Any) -> dict[str, Any]:
        """One row of a plan as JSON; 404 when there is none for this reader."""
        rows = queries.page_rows(self.actor, plan["id"], kind).filter(pk=id_or_404(row_id))
        for row in rows:
            return rendering.shown(kind, row["data"])
        raise NotFound
