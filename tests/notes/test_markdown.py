"""The small subset of Markdown that notes are shown in; nothing else of what was typed becomes markup."""

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.notes.markdown import rendered

TAG = re.compile(r"</?(?:p|br|ul|li|strong|em)>")


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("", ""),
        ("Headache 5/10.", "<p>Headache 5/10.</p>"),
        ("One.\nTwo.\n\nThree.", "<p>One.<br>Two.</p>\n<p>Three.</p>"),
        ("Home:\n- heat\n- water", "<p>Home:</p>\n<ul><li>heat</li><li>water</li></ul>"),
        ("**No thrust** for *48 h*", "<p><strong>No thrust</strong> for <em>48 h</em></p>"),
        ("3 * 4 * 5 and a*b*c", "<p>3 * 4 * 5 and a*b*c</p>"),
        ("-5 degrees", "<p>-5 degrees</p>"),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>"),
        ('"><img src=x onerror=y>', "<p>&quot;&gt;&lt;img src=x onerror=y&gt;</p>"),
    ],
)
def test_what_is_shown(text: str, html: str) -> None:
    assert rendered(text) == html


@given(st.text(alphabet=st.sampled_from("ab *-•<>&\"'\n\r[]()`#_\\/"), max_size=200))
def test_nothing_typed_becomes_markup(text: str) -> None:
    without_ours = TAG.sub("", rendered(text))

    assert not set("<>") & set(without_ours)
    assert set(unescape(without_ours)) - set("\n") <= set(text)
