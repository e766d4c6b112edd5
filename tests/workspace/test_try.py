import pytest
from tests import make
@pytest.mark.django_db
def test_x(north, south, east):
    r = make.sent(north, south)
    for who, clinic in ((north.practitioner,north),(north.coordinator,north),(north.admin,north),(north.auditor,north),(south.practitioner,south),(south.coordinator,south)):
        http = make.signed_in(who.member.user)
        http.raise_request_exception=True
        cid=r["client"]["id"]
        for path in ("/","/inbox","/inbox?box=theirs","/inbox?box=drafts&filter=me",f"/referrals/{r['id']}",f"/clients/{cid}","/clients","/clients/new",f"/referrals/new?client={cid}","/referrals/new",f"/clients/{cid}/edit","/settings","/settings/clinic","/settings/opening","/settings/people","/settings/applications","/settings/notifications","/settings/practitioners/new",f"/settings/practitioners/{clinic.practitioner.role.practitioner_id}"):
            a = http.get(path)
            print(list(who.member.rights), clinic.organization.name, path, a.status_code, len(a.content))
    c=make.Api(); c.raise_request_exception=True
    for path in ("/","/accounts/login/","/accounts/signup/","/inbox"): print(path, c.get(path).status_code)
