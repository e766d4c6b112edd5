import pytest
from django.test.utils import CaptureQueriesContext
from django.db import connection
from tests import make
pytestmark = pytest.mark.django_db
def test_x(north, south):
    cl = make.client(north); make.consent(north, cl["id"], south)
    b = make.referral_body(south, client_id=cl["id"])
    north.http.raise_request_exception=True
    for i in range(2):
        with CaptureQueriesContext(connection) as c: r=north.http.send("POST","referrals", b)
        print(r.status_code, len(c))
    for q in c.captured_queries: print("   ", q["sql"][:150].replace("\n"," "))
    with CaptureQueriesContext(connection) as c: r=south.http.send("POST",f"referrals/{r.json()['id']}/transitions", {"name":"accept"})
    print(r.status_code, len(c))
    for q in c.captured_queries: print("   ", q["sql"][:150].replace("\n"," "))
