"""Sentences of complaints about banks, land, tenders, hospitals, insurance and attendance; slots as in `phrases`."""

from __future__ import annotations

from typing import Final, NamedTuple


class Matter(NamedTuple):
    """What a complaint is about: its field, and ways to say it."""

    field: str
    says: tuple[str, ...]


WIDER_ALLEGATIONS: Final = {
    "off_book_outflow": Matter("collective_funds", (
        "村集体账户上的钱转出去{yuan}左右，账本上根本没有这一笔，{actor}管的账",
        "银行流水和村里的账对不上，{actor}把钱转给了自己{kin}",
        "集体的钱被{actor}偷偷转走，公开栏里一个字都没写",
    )),
    "rent_pocketed": Matter("assets_resources", (
        "我租集体的店面，租金都是{actor}收的现金，收据给了，村里账上却没有",
        "鱼塘的承包款{actor}让我们转到他微信上，集体账上查不到",
        "租金年年交，{actor}收了不入账，还说我们欠着",
    )),
    "long_lease_to_kin": Matter("assets_resources", (
        "集体的山林一包就是四十年，承包人是{actor}的{kin}，没有竞过价",
        "{actor}把机动地租给自己{kin}三十年，子孙后代都不用想了",
    )),
    "asset_sold_below_appraisal": Matter("assets_resources", (
        "老校舍评估价比卖价高一倍多，买的人是{actor}的{kin}，没有公开拍卖",
        "集体的旧厂房被{actor}贱卖给自己人，少卖了{yuan}左右",
    )),
    "works_raised_after_award": Matter("village_projects", (
        "中标的时候价格很低，合同签完没几天就加钱，{actor}一句话加了两回",
        "修路工程变更来变更去，多花了{yuan}左右，没有开过会，都是{actor}签的字",
    )),
    "works_paid_unbuilt": Matter("village_projects", (
        "水渠只挖了个头就没人管了，工程款却全付清了，{actor}批的",
        "路修了一半停工{months}个月，钱早就付完了，{actor}说已经完工",
    )),
    "official_firm_supplies": Matter("procurement_tender", (
        "{actor}自己开的公司卖东西给村里，左手倒右手",
        "村里买材料全从{actor}名下的门市部拿货，他自己批自己的条子",
    )),
    "labour_of_absent_workers": Matter("labour", (
        "我儿子在县城厂里上班，村里用工表上却有他的名字，钱是{actor}那边领走的",
        "在外打工的人也出现在村里的用工单上，{actor}造的表",
    )),
    "job_without_work": Matter("labour", (
        "公益岗位给了{actor}的{kin}，人在县城上班，一天地都没扫过",
        "护林员的岗位有人只拿钱不上岗，是{actor}的关系户",
    )),
    "shared_account_of_many": Matter("assistance", (
        "好几户低保的钱都打到一个卡上，那张卡是{actor}{kin}的",
        "我家的低保卡不是我的账号，{months}个月没拿到钱，听说好几家都是这样，{actor}经手",
    )),
    "care_allowance_without_grade": Matter("assistance", (
        "有人好手好脚没有残疾证，也领重度残疾护理补贴，{actor}办的",
        "护理补贴发给了没有残疾证的人，真正瘫痪的申请不到，{actor}说名额满了",
    )),
    "subsidy_on_common_land": Matter("agri_subsidy", (
        "集体机动地的种粮补贴打到了{actor}{kin}的卡上，每年都领",
        "村里那块公田没有分到户，补贴却有人领，就是{actor}家",
    )),
    "machinery_without_machine": Matter("agri_subsidy", (
        "有人领了农机补贴，家里连拖拉机的影子都没有，{actor}盖的章",
        "农机购置补贴套钱，机子从来没买过，{actor}知道",
    )),
    "forged_quorum": Matter("election_governance", (
        "会议记录上写开了村民代表会，其实没几个人到场，{actor}编的记录",
        "我是村民代表，从没参加过那个会，决议上却说通过了，{actor}拿去签了合同",
    )),
    "compensation_for_common_land": Matter("land_requisition", (
        "征的是集体的地，补偿款却给了{actor}的{kin}，有{yuan}左右",
        "村里的机动地被征，钱进了{actor}自家人的账户",
    )),
    "compensation_inflated_area": Matter("land_requisition", (
        "征地丈量的时候{actor}给亲戚多报面积，一亩地写成三亩",
        "{actor}去量的地，跟他好的面积都翻倍，我们的一分不多",
    )),
    "compensation_to_dead": Matter("land_requisition", (
        "人都死了还签了征地协议，补偿款被{actor}领走了",
        "我爷爷过世后有人用他的名字领了青苗补偿，经手的是{actor}",
    )),
    "ghost_stays": Matter("medical", (
        "卫生院把我们的医保卡收上去，没住院也给开了住院单，{actor}组织的",
        "{actor}叫老人把社保卡交上来，说有体检，结果都成了住院记录",
    )),
    "decomposed_stays": Matter("medical", (
        "老人住院每隔几天就被办一次出院再入院，镇卫生院说是规定，{actor}代办的手续",
        "一次住院拆成五六次报，医保的钱就这样被套走，{actor}经手",
    )),
    "salesman_of_the_village": Matter("official_conduct", (
        "全村的房屋保险都是一个业务员做的，不买不行，{actor}拿回扣",
        "{actor}带着保险业务员挨家收钱，听说一单有提成",
    )),
    "crop_area_inflated": Matter("agri_subsidy", (
        "水稻保险报的面积比全家的地多几倍，赔款打给了{actor}",
        "没受灾也报了灾，种植险赔款是{actor}领的",
    )),
    "renovation_of_sound_house": Matter("assistance", (
        "好好的楼房也拿危房改造款，住土坯房的反而没有，{actor}定的名单",
        "{actor}给关系户报危房改造，房子鉴定根本不是危房",
    )),
    "bid_ring": Matter("procurement_tender", (
        "镇上工程投标就那几家公司轮流中，标书都是一个人做的，{actor}打的招呼",
        "几家公司围标，报价只差一点点，这次你中下次我中",
    )),
    "borrowed_qualification": Matter("procurement_tender", (
        "中标公司没有自己的项目经理和安全员，都是借别家的证，{actor}睁只眼闭只眼",
        "施工的根本不是有资质的人，证是挂靠来的，{actor}找的公司",
    )),
    "broker_behind_bids": Matter("procurement_tender", (
        "招标背后有个黄牛，几家公司的标书都是他送的，{actor}跟他称兄道弟",
        "有人专门倒标，几家公司留的是同一个电话",
    )),
    "tender_won_by_kin": Matter("procurement_tender", (
        "{actor}的{kin}刚注册公司就中了村里的标，别家全被废标",
        "招标走过场，其他公司都被挑毛病刷掉，中标的是{actor}的{kin}",
    )),
    "absent_with_false_attendance": Matter("official_conduct", (
        "{actor}半个多月没来上班，考勤表上天天到岗，是自己补签的",
        "村委会找不到{actor}人，考勤却是全勤，问就说下村了",
    )),
    "drunk_driving_unreported": Matter("official_conduct", (
        "{actor}去年在外地酒驾被抓，回来照样当干部，没向组织报告",
        "{actor}欠债被法院执行，瞒着不报，还在管村里的钱",
    )),
    "pension_after_death": Matter("assistance", (
        "老人{year}年就走了，养老金还在一个季度一个季度地领，{actor}不给注销",
        "死了的人养老金没停，卡在{actor}手里",
    )),
    "education_aid_to_well_off": Matter("education", (
        "助学金给了有车有房的人家，贫困学生没有，{actor}报的名单",
        "{actor}{kin}家孩子年年拿雨露计划补助，他家条件全村最好",
    )),
    "kin_rents_at_auction": Matter("assets_resources", ("集体的塘租给了{actor}的{kin}，肯定有内幕",)),
    "disabled_relative_of_official": Matter("assistance", ("{actor}的{kin}领着护理补贴，请查一查是不是真残疾",)),
    "lone_agent_of_remote_village": Matter("official_conduct", ("村里保险都找同一个业务员，是不是给{actor}好处了",)),
    "trip_entered_late": Matter("official_conduct", ("{actor}好几天没看到人，考勤还算出勤",)),
}  # fmt: skip
