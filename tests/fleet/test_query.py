"""The address: what it says of the view is read back, and what it says wrongly does no harm."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vas_dash.fleet.query import PAGE_SIZES, GridQuery, StateFilter, format_query, parse_query

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
WORD = TEXT.filter(bool)


@st.composite
def queries(draw: st.DrawFn) -> GridQuery:
    state = draw(st.sampled_from(StateFilter))
    return GridQuery(
        text=draw(TEXT).strip(),
        locations=tuple(draw(st.lists(WORD, unique=True, max_size=4))),
        models=tuple(draw(st.lists(WORD, unique=True, max_size=4))),
        state=state,
        state_of=draw(TEXT) if state is not StateFilter.ANY else "",
        sort=draw(st.sampled_from(["camera", "location", "summary"]) | WORD.map("m:".__add__)),
        descending=draw(st.booleans()),
        page=draw(st.integers(1, 9_999_999)),
        page_size=draw(st.sampled_from(PAGE_SIZES)),
    )


@given(queries(), st.sampled_from(PAGE_SIZES))
def test_a_view_stands_in_its_address(query: GridQuery, default_page_size: int) -> None:
    search = format_query(query, default_page_size)
    assert parse_query(search, default_page_size) == query
    assert search.isascii()


def test_the_default_view_has_a_bare_address() -> None:
    assert format_query(GridQuery()) == ""
    assert format_query(GridQuery(page_size=25), 25) == ""
    assert parse_query("") == parse_query("?") == GridQuery()


def test_the_address_is_readable() -> None:
    query = GridQuery(
        "gate 1", ("North Hall",), ("ppe", "fire"), StateFilter.OFF, "ppe", "m:ppe", True, 3, 100
    )
    assert format_query(query) == (
        "?q=gate+1&loc=North+Hall&model=ppe&model=fire&state=off&of=ppe&sort=-m%3Appe&page=3"
        "&size=100"
    )


HOSTILE: list[tuple[object, GridQuery]] = [
    (None, GridQuery()),
    (7, GridQuery()),
    (["?q=x"], GridQuery()),
    ({"q": "x"}, GridQuery()),
    ("no pairs at all", GridQuery()),
    ("?&&==&=x&%", GridQuery()),
    ("?state=running&page=-1&size=1e9&sort=", GridQuery()),
    ("?page=\u0663&size=\u0665\u0660", GridQuery()),
    ("?page=99999999999999999999", GridQuery()),
    ("?page=2.5&size=51", GridQuery()),
    ("?page=0&size=0", GridQuery()),
    ("?" + "&".join(["q=x"] * 1001), GridQuery()),
    ("?loc=a&loc=a&loc=b", GridQuery(locations=("a", "b"))),
    ("??q=x", GridQuery(text="x")),
    ("?q=" + "x" * 5000, GridQuery(text="x" * 200)),
    ("?q=one&q=two", GridQuery(text="one")),
    ("?q=%ff%fe", GridQuery(text="\ufffd\ufffd")),
    ("?q=a\ud800b", GridQuery(text="a?b")),
    ("?q=%00%0a", GridQuery(text="\0")),
    ("?q=<script>alert(1)</script>", GridQuery(text="<script>alert(1)</script>")),
]


@pytest.mark.parametrize(("search", "expected"), HOSTILE)
def test_what_is_said_wrongly_counts_as_not_said(search: object, expected: GridQuery) -> None:
    assert parse_query(search) == expected


@given(
    st.text(st.characters(), max_size=300)
    | st.binary(max_size=60).map(lambda raw: f"?q={quote(raw)}")
)
def test_any_address_gives_a_view_that_has_an_address(search: str) -> None:
    query = parse_query(search)
    assert parse_query(format_query(query)).page_size in PAGE_SIZES
    assert 1 <= query.page < 10_000_000


def test_a_long_address_gives_no_longer_lists_than_can_be_meant() -> None:
    query = parse_query("?" + "&".join(f"loc={number}" for number in range(900)))
    assert len(query.locations) == 500
