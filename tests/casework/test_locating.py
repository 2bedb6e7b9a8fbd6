"""Who writes of the head or a body of the town, without the town's name, must not be read there."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from casework.complaints import proposed_review, review
from casework.intake import receive
from casework.locating import locate
from casework.models import Complaint
from ml.extraction.gazetteer import Gazetteer
from tests.casework_world import COUNTY, NOW, TOWN_A, TOWN_B, VILLAGE_A, VILLAGE_B, KeywordTriage, message

PLACES = {
    TOWN_A: "清溪镇",
    TOWN_B: "白云乡",
    "330102003": "城东街道",
    VILLAGE_A: "石桥村",
    "330102001002": "古镇村",
    VILLAGE_B: "柳林村",
}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("镇纪委书记收了石桥村支书的红包", TOWN_A),
        ("石桥村支书给镇长送礼", TOWN_A),
        ("石桥村低保名单是镇党委书记定的", TOWN_A),
        ("镇政府截留石桥村补贴", TOWN_A),
        ("鎮長收了石橋村的錢", TOWN_A),
        ("本镇书记是石桥村支书的亲戚", TOWN_A),
        ("石桥村的事，镇里的领导压着不办", TOWN_A),
        ("石桥村征地，副镇长任镇长期间入了股", TOWN_A),
        ("街道办主任收了石桥村支书的烟", TOWN_A),
        ("石桥村支书请街道党工委副书记吃饭", TOWN_A),
        ("柳林村支书给乡长送礼", TOWN_B),
        ("清溪镇石桥村和古镇村都给镇长送礼", TOWN_A),
        ("清溪镇长收了石桥村支书的红包", TOWN_A),
        ("清溪镇扶贫办扣了石桥村的钱", TOWN_A),
        ("清溪镇农业服务中心主任张强扣了石桥村的种粮补贴", TOWN_A),
        ("清溪镇包村干部收了石桥村的钱", TOWN_A),
        ("石桥村的事，镇社保所所长收了钱", TOWN_A),
        ("石桥村修路镇城建办李主任吃回扣", TOWN_A),
        ("石桥村支书打人，镇武装部长是他后台", TOWN_A),
        ("石桥村，镇上分管领导李明收了红包", TOWN_A),
        ("向镇纪委举报石桥村支书，结果支书知道是我举报的", TOWN_A),
        ("石桥村和柳林村都给镇长送礼", None),
        ("白云乡政府和镇长都收了石桥村的好处", None),
        ("城东街道办收了石桥村支书的红包", "330102003"),
        ("镇长收了红包", None),
    ],
)
def test_the_town_without_its_name_is_that_of_the_village(text, code):
    assert locate(text, Gazetteer.of(PLACES)) == code


@pytest.mark.parametrize(
    "text",
    [
        "石桥村支书在镇上开了饭店",
        "石桥村的水泥是镇里买的",
        "石桥村集镇建设占了我家的地",
        "石桥村支书给城镇领导小组报了假名单",
        "我从家乡长大，石桥村低保不公开",
        "石桥村支书的店在镇上副食品市场",
        "石桥村支书是镇人大代表，克扣补贴",
        "石桥村村民到街道办理低保被拒",
        "石桥村出去的路到镇长期没人修",
        "石桥村的村镇建设款被支书贪污",
        "清溪镇石桥村支书把美丽乡村建设项目全部包给他弟弟",
        "石桥村的乡村建设款大部分被村主任拿走",
        "石桥村的事全镇农村大部分人都知道",
        "石桥村支书把镇农业补贴全部领走",
        "石桥村会计在镇农业银行取走全部补贴",
        "石桥村的镇土地入股分红没有发",
        "清溪镇的农业补贴石桥村支书没发",
        "清溪镇农贸市场旁边石桥村的地被占",
        "石桥村妇联主任李梅贪污",
        "我到镇社保所咨询过，石桥村会计扣了我的养老金",
    ],
)
def test_a_town_that_is_only_a_place_is_not_meant(text):
    assert locate(text, Gazetteer.of(PLACES)) == VILLAGE_A


def test_a_village_that_is_called_like_a_town_stays_a_village():
    assert locate("古镇书记克扣补贴", Gazetteer.of(PLACES)) == "330102001002"


def test_the_office_is_no_place_below_itself():
    below = {code: name for code, name in PLACES.items() if code.startswith(TOWN_A) and code != TOWN_A}
    assert locate("石桥村支书给镇长送礼", Gazetteer.of(below), office=TOWN_A) == VILLAGE_A


@pytest.mark.parametrize(
    ("text", "about", "code"),
    [
        ("镇长收了支书的红包", VILLAGE_A, TOWN_A),
        ("清溪镇政府截留补贴", VILLAGE_A, TOWN_A),
        ("白云乡政府截留补贴", VILLAGE_A, VILLAGE_A),
        ("柳林村低保不公开", VILLAGE_A, VILLAGE_A),
        ("镇长收了红包", TOWN_A, TOWN_A),
        ("镇长收了红包", "110101001001", "110101001001"),
    ],
)
def test_the_place_of_the_form_gives_way_to_who_stands_above_it_only(text, about, code):
    assert locate(text, Gazetteer.of(PLACES), office=COUNTY, about=about) == code


@pytest.mark.parametrize("about", [None, VILLAGE_A])
@pytest.mark.parametrize("town", ["镇", "清溪镇"])
def test_one_key_does_not_send_it_to_the_town_that_it_names(small_world, town, about):
    text = f"{town}纪委书记贪污，收了石桥村支书的红包"
    with small_world.sessions.begin() as session:
        receive(
            session,
            [message(text, about=about)],
            sealer=small_world.sealer,
            triage=KeywordTriage(),
            triage_version="t",
            at=NOW,
        )
        complaint = session.scalars(select(Complaint)).one()
        clerk = small_world.actor(session, "clerk")
        review(session, clerk, complaint.id, proposed_review(complaint), at=NOW)
        assert (complaint.about, complaint.office) == (TOWN_A, COUNTY)
