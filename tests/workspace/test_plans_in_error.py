"""Plan pages: a plan or a row of it that should not have been written."""

from tests import make
from tests.workspace.plan_pages import *  # placeholder
