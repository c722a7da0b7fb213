from ..manifest.support import parse
def test_a(write_project):
    p = parse(write_project({"models/a.sql": "select 1 as a", "models/b.sql": "select * from {{ ref('a') }}"}))
    assert p.parents("b") == ("model.shop.a",)
